# Elements in the code that the report quotes and colours.
#! class = "readers"
#! seen = ["raised", "stub"]

# %% momentum_step whole
def momentum_step(w, dw, v, lr, beta1):
    """</code></pre></details><script>document.title='CANARY-SCRIPT'</script>"""
    x = "</style><script>document.title='CANARY-SCRIPT'</script>"  # <img src=x onerror=alert(1)>
    raise ValueError(x)
