# Everything right, as a beginner writes it: copies changed in place, helpers, and a lot printed.

# %% setup
from collections.abc import Callable

import numpy as np

from autograder import check

# my helpers
def decay(old, new, beta):
    "weighted average, used three times below"
    return beta * old + (1 - beta) * new


VERBOSE = True


def say(*words):
    if VERBOSE:
        print(*words)

# %% momentum_step
def momentum_step(w, dw, v, lr, beta1):
    say("momentum step: w =", w, "dw =", dw, "v =", v)
    v = decay(v, dw, beta1)
    w = w - lr * v
    say("  -> w =", w, "v =", v)
    return w, v

# %% rmsprop_step
def rmsprop_step(w, dw, s, lr, beta2, eps):
    new_w = np.array(w, dtype=float)  # a copy
    new_s = np.array(s, dtype=float)
    new_s *= beta2
    new_s += (1 - beta2) * np.asarray(dw) ** 2
    root = np.sqrt(new_s)
    say("root", root)
    new_w -= lr * np.asarray(dw) / (root + eps)
    return new_w, new_s

# %% bias_correct
def bias_correct(v, beta, t):
    # the sum of the weights, written out
    weights = 0
    for i in range(1, t + 1):
        weights += (1 - beta) * beta ** (t - i)
    say("weights add up to", weights)
    return v / weights

# %% adam_step
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = decay(v, dw, beta1)
    s = decay(s, dw * dw, beta2)
    v_corrected = v / (1 - beta1 ** t)
    s_corrected = s / (1 - beta2 ** t)
    for number in range(20):
        say("adam", t, number, v_corrected, s_corrected)
    w = w - lr * v_corrected / (s_corrected ** (1 / 2) + eps)
    return w, v, s

# %% minimise
def minimise(step, grad_fn, w0, steps):
    path = []
    path.append(w0)
    w = w0
    for i in range(1, steps + 1):
        dw = grad_fn(w)
        say("step", i, "gradient", dw)
        w = step(w, dw)
        path.append(w)
    return path

# %% after check_minimise
for i in range(4000):
    print(i, "=" * 60)
