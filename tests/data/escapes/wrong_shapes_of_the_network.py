# Constants in every shape that the first unit asks for, and training that trains nothing.
#! class = "lookup"
#! seen = ["failed", "stub"]
#! unit = "01_two_layer_network"

# %% after check_train_two_layer
def forward(X, params, g="tanh"):
    m = X.shape[1]
    Z1, Z2 = np.zeros((len(params["W1"]), m)), np.zeros((len(params["W2"]), m))
    return Z2 + 0.5, {"Z1": Z1, "A1": np.tanh(Z1), "Z2": Z2, "A2": Z2 + 0.5, "g": g}


def backward(X, Y, params, cache):
    return {"d" + name: np.zeros_like(value) for name, value in params.items()}


def train_two_layer(X, Y, n1, lr, steps, rng):
    params = {"W1": rng.normal(size=(n1, len(X))), "b1": np.zeros((n1, 1))}
    params |= {"W2": np.zeros((len(Y), n1)), "b2": np.zeros((len(Y), 1))}
    return params, [0.0] * steps
