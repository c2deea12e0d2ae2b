# Characters that turn the direction of writing, have no width, or look like others.
#! class = "readers"
#! seen = ["failed", "raised", "stub"]

# %% after check_minimise
def momentum_step(w, dw, v, lr, beta1):
    raise ValueError("\u202egnorw\u202c \u2066lla\u2069 \u200b\u200d\ufeff stniop 02\u2028\u2029 раss")


def rmsprop_step(w, dw, s, lr, beta2, eps):
    return "\ud800\udfff lone \udc80", s


print("\u202e02/02 :etoN\u202c \ud800 \x00")
