# One slip, in forward: the output layer's bias is forgotten (FW2).  Backward and training are right.
#: rest = "bao"
#: executed = true

# %% setup
from collections.abc import Callable
import numpy as np
from autograder import check
import matplotlib.pyplot as plt

# %% forward
def forward(X, params, g):
    def activation(name, values):
        match name:
            case "tanh":
                return np.tanh(values)
            case "relu":
                return values.clip(min=0)
            case _:
                return sigmoid(values)

    cache = {"g": g}
    cache["Z1"] = np.add(np.matmul(params["W1"], X), params["b1"])
    cache["A1"] = activation(g, cache["Z1"])
    cache["Z2"] = np.matmul(params["W2"], cache["A1"])
    cache["A2"] = activation("sigmoid", cache["Z2"])
    return cache["A2"], cache
