# A computation inside C, which no signal interrupts.
#! class = "limits"
#! seen = ["stub", "timeout"]

# %% after check_minimise
def momentum_step(w, dw, v, lr, beta1):
    return 7 ** (10**9), v


def rmsprop_step(w, dw, s, lr, beta2, eps):
    import re

    return re.match("(a|a)*$", "a" * 40 + "b"), s


def bias_correct(v, beta, t):
    return sum(range(10**12))
