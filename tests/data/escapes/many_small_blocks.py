# Memory, a little at a time, for ever.
#! class = "limits"
#! seen = ["memory", "stub"]

# %% momentum_step whole
def momentum_step(w, dw, v, lr, beta1):
    blocks = []
    while True:
        blocks.append(bytearray(2**16))
