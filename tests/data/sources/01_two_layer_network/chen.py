# Everything right, as a beginner writes it: loops, helpers in a cell of their own, and a lot printed.

# %% setup
from collections.abc import Callable

import numpy as np

from autograder import check

# my helpers
def column(v):
    return np.array(v).reshape(len(v), 1)


def one_sigmoid(z):
    if z >= 0:
        return 1.0 / (1.0 + np.exp(-z))
    else:
        return np.exp(z) / (1.0 + np.exp(z))


DEBUG = True

# %% sigmoid
def sigmoid(Z):
    print("sigmoid of something of shape", Z.shape)
    out = np.zeros(Z.shape)
    positive = Z >= 0
    out[positive] = 1.0 / (1.0 + np.exp(-Z[positive]))
    ez = np.exp(Z[~positive])
    out[~positive] = ez / (1.0 + ez)
    return out

# %% after check_sigmoid
for z in [-1000, -3, -1, 0, 1, 3, 1000]:
    print(z, sigmoid(np.array([float(z)])), one_sigmoid(float(z)))

# %% forward
def forward(X, params, g):
    if DEBUG:
        print("forward with", g)
        print("  X ", X.shape, "W1", params["W1"].shape, "b1", params["b1"].shape)
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    Z1 = np.zeros((W1.shape[0], X.shape[1]))
    for unit in range(W1.shape[0]):
        Z1[unit] = W1[unit] @ X + b1[unit]
    A1 = Z1.copy()
    if g == "tanh":
        A1 = np.tanh(A1)
    elif g == "relu":
        A1[A1 < 0] = 0
    else:
        A1 = sigmoid(A1)
    Z2 = np.zeros((W2.shape[0], X.shape[1]))
    for unit in range(W2.shape[0]):
        Z2[unit] = W2[unit] @ A1 + b2[unit]
    A2 = sigmoid(Z2)
    if DEBUG:
        print("  A2", A2.shape, "from", A2.min(), "to", A2.max())
    cache = {}
    cache["Z1"] = Z1
    cache["A1"] = A1
    cache["Z2"] = Z2
    cache["A2"] = A2
    cache["g"] = g
    return A2, cache

# %% cross_entropy
def cross_entropy(A2, Y):
    total = 0
    for k in range(Y.shape[0]):
        a = np.clip(A2[k], 1e-12, 1 - 1e-12)
        y = Y[k]
        total += np.sum(-y * np.log(a) - (1 - y) * np.log(1 - a))
    return total / Y.shape[1]

# %% backward
def backward(X, Y, params, cache):
    m = X.shape[1]
    n1 = params["W1"].shape[0]
    n2 = params["W2"].shape[0]
    A1 = cache["A1"]
    dZ2 = cache["A2"] - Y
    # output layer
    dW2 = np.zeros((n2, n1))
    db2 = np.zeros((n2, 1))
    for k in range(n2):
        for j in range(n1):
            dW2[k, j] = np.mean(dZ2[k] * A1[j])
        db2[k, 0] = np.mean(dZ2[k])
    # hidden layer
    dW1 = np.zeros_like(params["W1"])
    db1 = []
    for j in range(n1):
        dA = 0
        for k in range(n2):
            dA = dA + params["W2"][k, j] * dZ2[k]
        if cache["g"] == "tanh":
            dZ = dA * (1 - A1[j] * A1[j])
        elif cache["g"] == "relu":
            dZ = dA * (cache["Z1"][j] > 0)
        else:
            dZ = dA * A1[j] * (1 - A1[j])
        dW1[j] = X @ dZ / m
        db1.append(sum(dZ) / m)
    grads = {"dW1": dW1, "db1": column(db1), "dW2": dW2, "db2": db2}
    if DEBUG:
        for name in grads:
            print("  ", name, grads[name].shape, np.abs(grads[name]).max())
    return grads

# %% gd_step
def gd_step(params, grads, lr):
    import copy
    new_params = copy.deepcopy(params)
    new_params["W1"] -= lr * grads["dW1"]
    new_params["b1"] -= lr * grads["db1"]
    new_params["W2"] -= lr * grads["dW2"]
    new_params["b2"] -= lr * grads["db2"]
    return new_params

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    g = np.zeros(x.shape)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        i = it.multi_index
        old = x[i]
        x[i] = old + h
        plus = f(x)
        x[i] = old - h
        minus = f(x)
        x[i] = old  # put it back!!
        g[i] = (plus - minus) / (2 * h)
        it.iternext()
    return g

# %% train_two_layer
def train_two_layer(X, Y, n1, lr, steps, rng):
    global DEBUG
    W1 = rng.normal(size=(n1, X.shape[0]))
    W2 = rng.normal(size=(Y.shape[0], n1))
    params = {"W1": W1, "b1": column([0.0] * n1), "W2": W2, "b2": column([0.0] * Y.shape[0])}
    losses = []
    for step in range(steps):
        A2, cache = forward(X, params, "tanh")
        loss = cross_entropy(A2, Y)
        losses.append(loss)
        print("step", step, "of", steps, "loss", loss)
        grads = backward(X, Y, params, cache)
        params = gd_step(params, grads, lr)
    return params, losses

# %% after check_train_two_layer
for i in range(3000):
    print("line", i, "of my debug output", "." * 40)
