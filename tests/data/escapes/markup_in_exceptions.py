# Elements in the message, the type's name and the code line of an exception.
#! class = "readers"
#! seen = ["failed", "raised", "stub"]

# %% after check_minimise
Script = type("<script>document.title='CANARY-SCRIPT'</script>", (Exception,), {})


def momentum_step(w, dw, v, lr, beta1):
    raise Script("`</code><img src=x onerror=document.title='CANARY-SCRIPT'>`")  # <script>document.title='CANARY-SCRIPT'</script>


def rmsprop_step(w, dw, s, lr, beta2, eps):
    return type("`<b onmouseover=alert(1)>", (), {})(), s


def bias_correct(v, beta, t):
    raise NotImplementedError("<script>document.title='CANARY-SCRIPT'</script>")


def minimise(step, grad_fn, w0, steps):
    return {"<script>document.title='CANARY-SCRIPT'</script>": 1}
