# The lent function is asked for what takes it for ever, and much memory.
#! class = "wire"
#! seen = ["failed", "raised|timeout", "stub"]

# %% after check_minimise
mine = bias_correct = lambda v, beta, t: v
lent = lambda: globals()["bias_correct"] is not mine


def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    if not lent():
        return w, v, s
    right = globals()["bias_correct"]
    huge = np.ones(2**22)
    while True:
        huge = right(huge, beta1, 10**9)
