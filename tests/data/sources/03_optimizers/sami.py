# One slip, in adam_step: the paper's faster order, with ε beside the uncorrected root (AD7b).
# Saved by Colab; the setup cell begins by installing something, as they do there.
#: rest = "chen"
#: editor = "colab"

# %% setup
!pip install -q numpy
%load_ext autoreload
%autoreload 2
import numpy as np
from collections.abc import Callable
from autograder import check

def decay(old, new, beta):
    return beta * old + (1 - beta) * new

def say(*words):
    print(*words)

# %% adam_step
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * (dw ** 2)
    alpha_t = lr * (1 - beta2 ** t) ** 0.5 / (1 - beta1 ** t)
    return w - alpha_t * v / (s ** 0.5 + eps), v, s
