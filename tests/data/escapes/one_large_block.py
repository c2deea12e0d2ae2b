# Memory, all at once.
#! class = "limits"
#! seen = ["memory", "stub"]

# %% momentum_step whole
def momentum_step(w, dw, v, lr, beta1):
    return np.ones(2**34), v
