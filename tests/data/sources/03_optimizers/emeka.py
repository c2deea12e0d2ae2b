# One slip, in rmsprop_step: ε under the root (RM3).
#: rest = "bao"

# %% setup
import numpy as np
from collections.abc import Callable
import matplotlib.pyplot as plt
from autograder import check

# %% rmsprop_step
def rmsprop_step(w, dw, s, lr, beta2, eps):
    s = beta2 * s + (1 - beta2) * np.power(dw, 2)
    return w - lr * dw * (s + eps) ** -0.5, s
