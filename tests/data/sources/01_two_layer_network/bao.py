# Everything right, in another style: einsum and np.dot, prints, plots, magics, an `await`.
#: executed = true

# %% setup
%matplotlib inline
from collections.abc import Callable

import numpy as np
import matplotlib.pyplot as plt

from autograder import check

np.set_printoptions(precision=4, suppress=True)
print("numpy", np.__version__)

# %% after setup
!ls

# %% after setup
# does await work here too? (from the asyncio lecture)
import asyncio

await asyncio.sleep(0)
print("yes")

# %% sigmoid
def sigmoid(Z):
    return 0.5 * np.tanh(0.5 * Z) + 0.5

# %% after check_sigmoid
zz = np.linspace(-8, 8, 200)
plt.plot(zz, sigmoid(zz))
plt.title("sigmoid")
plt.grid()
plt.show()

# %% forward
def forward(X, params, g):
    W1, b1, W2, b2 = [params[k] for k in ("W1", "b1", "W2", "b2")]
    Z1 = np.einsum("hf,fm->hm", W1, X) + b1
    if g == "tanh":
        A1 = np.tanh(Z1)
    if g == "relu":
        A1 = Z1 * (Z1 > 0)
    if g == "sigmoid":
        A1 = sigmoid(Z1)
    Z2 = np.einsum("oh,hm->om", W2, A1) + b2
    A2 = sigmoid(Z2)
    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "g": g}
    return A2, cache

# %% cross_entropy
def cross_entropy(A2, Y):
    m = Y.shape[1]
    eps = 1e-12
    P = np.minimum(np.maximum(A2, eps), 1 - eps)
    J = -(np.sum(np.multiply(Y, np.log(P))) + np.sum(np.multiply(1 - Y, np.log1p(-P)))) / m
    return float(J)

# %% backward
def backward(X, Y, params, cache):
    m = Y.shape[1]
    Z1, A1, A2 = cache["Z1"], cache["A1"], cache["A2"]
    # 1/m goes in once, here
    dZ2 = (A2 - Y) / m
    dW2 = np.einsum("om,hm->oh", dZ2, A1)
    db2 = np.einsum("om->o", dZ2).reshape(-1, 1)
    dA1 = np.einsum("oh,om->hm", params["W2"], dZ2)
    if cache["g"] == "tanh":
        dZ1 = dA1 * (1 - np.tanh(Z1) ** 2)
    elif cache["g"] == "relu":
        dZ1 = np.where(Z1 > 0, dA1, 0)
    else:
        s = sigmoid(Z1)
        dZ1 = dA1 * s * (1 - s)
    dW1 = np.einsum("hm,fm->hf", dZ1, X)
    db1 = np.einsum("hm->h", dZ1).reshape(-1, 1)
    assert dW1.shape == params["W1"].shape and db1.shape == params["b1"].shape
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}

# %% after check_backward
# debugging: do the shapes fit?
test_rng = np.random.default_rng(0)
p = {"W1": test_rng.normal(size=(4, 3)), "b1": np.zeros((4, 1)),
     "W2": test_rng.normal(size=(2, 4)), "b2": np.zeros((2, 1))}
xx = test_rng.normal(size=(3, 5))
_, c = forward(xx, p, "relu")
for k, v in backward(xx, np.ones((2, 5)), p, c).items():
    print(k, v.shape)

# %% gd_step
def gd_step(params, grads, lr):
    new = {}
    for layer in ("1", "2"):
        for kind in ("W", "b"):
            new[kind + layer] = params[kind + layer] - lr * grads["d" + kind + layer]
    return new

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    flat = x.astype(float).ravel()
    result = np.empty(flat.size)
    for k in range(flat.size):
        e = np.zeros(flat.size)
        e[k] = h
        result[k] = (f((flat + e).reshape(x.shape)) - f((flat - e).reshape(x.shape))) / 2 / h
    return result.reshape(x.shape)

# %% train_two_layer
def train_two_layer(X, Y, n1, lr, steps, rng):
    n0, m = X.shape
    n2 = Y.shape[0]
    params = {"W1": rng.normal(0, 1, (n1, n0)), "b1": rng.normal(0, 0.1, (n1, 1)),
              "W2": rng.normal(0, 1, (n2, n1)), "b2": np.zeros((n2, 1))}
    losses = np.zeros(steps)
    for i in range(steps):
        A2, cache = forward(X, params, "tanh")
        losses[i] = cross_entropy(A2, Y)
        params = gd_step(params, backward(X, Y, params, cache), lr)
    return params, list(losses)

# %% after train_two_layer
fig, ax = plt.subplots()
ax.plot(train_two_layer(np.eye(2), np.array([[0.0, 1.0]]), 3, 0.5, 50, np.random.default_rng(0))[1])
fig
