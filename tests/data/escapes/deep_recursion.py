# Recursion until the stack is used up.
#! class = "limits"
#! seen = ["died|memory|raised|timeout", "stub"]

# %% after check_minimise
import sys

sys.setrecursionlimit(2**31 - 1)


def momentum_step(w, dw, v, lr, beta1):
    return [momentum_step(w, dw, v, lr, beta1)]


def rmsprop_step(w, dw, s, lr, beta2, eps):
    nested = []
    for _ in range(10**6):
        nested = [nested]
    return repr(nested), s
