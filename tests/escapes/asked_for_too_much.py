# The lent function is asked for what takes it for ever, and much memory.
#! class = "wire"

# %% after check_minimise
lent = bias_correct
bias_correct = lambda v, beta, t: v


def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    right = globals()["bias_correct"]
    huge = np.ones(2**22)
    while True:
        huge = right(huge, beta1, 10**9)
