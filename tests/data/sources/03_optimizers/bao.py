# Everything right, in another style: NumPy functions, prints, plots, magics, an `await`, a listing.
#: executed = true

# %% setup
%matplotlib inline
from collections.abc import Callable

import numpy as np
import matplotlib.pyplot as plt
import asyncio

from autograder import check

# %% after setup
!ls -la

# %% after setup
async def ready():
    await asyncio.sleep(0)
    return "ready"

print(await ready())

# %% momentum_step
def momentum_step(w, dw, v, lr, beta1):
    average = np.multiply(beta1, v) + np.multiply(1 - beta1, dw)
    moved = np.subtract(w, np.multiply(lr, average))
    return moved, average

# %% after check_momentum_step
vs = [0.0]
for k in range(30):
    vs.append(momentum_step(0.0, 1.0, vs[-1], 0.1, 0.9)[1])
plt.plot(vs)
plt.xlabel("update")
plt.show()

# %% rmsprop_step
def rmsprop_step(w, dw, s, lr, beta2, eps):
    s = s + (1 - beta2) * (np.square(dw) - s)
    print("largest s:", np.max(s))
    return w - np.divide(lr, s**0.5 + eps) * dw, s

# %% bias_correct
def bias_correct(v, beta, t):
    missing = beta ** t
    return np.divide(v, 1.0 - missing)

# %% adam_step
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    v1 = beta1 * v + dw - beta1 * dw
    s1 = beta2 * s + (1 - beta2) * dw * dw
    v_hat, s_hat = bias_correct(v1, beta1, t), bias_correct(s1, beta2, t)
    w1 = w - lr * v_hat / (np.sqrt(s_hat) + eps)
    return w1, v1, s1

# %% minimise
def minimise(step, grad_fn, w0, steps):
    here = np.array(w0, dtype=float)
    path = [here.copy()]
    n = 0
    while n < steps:
        here = step(here, grad_fn(here))
        path.append(np.array(here))
        n += 1
    return path
