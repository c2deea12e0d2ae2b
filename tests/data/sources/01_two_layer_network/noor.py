# Wrong names: `cross_entropy_loss` and `gradient_step`; both are used under these names later.
#: rest = "ada"

# %% cross_entropy whole
def cross_entropy_loss(A2, Y):
    A2 = np.clip(A2, 1e-12, 1 - 1e-12)
    return np.sum(-Y * np.log(A2) - (1 - Y) * np.log(1 - A2)) / Y.shape[1]

# %% gd_step whole
def gradient_step(params, grads, lr):
    return {name: params[name] - lr * grads["d" + name] for name in params}

# %% train_two_layer
def train_two_layer(X, Y, n1, lr, steps, rng):
    n0 = X.shape[0]
    params = {
        "W1": rng.uniform(-1, 1, size=(n1, n0)),
        "b1": np.zeros([n1, 1]),
        "W2": rng.uniform(-1, 1, size=(Y.shape[0], n1)),
        "b2": np.zeros([Y.shape[0], 1]),
    }
    losses = []
    for _ in range(steps):
        A2, cache = forward(X, params, "tanh")
        losses.append(cross_entropy_loss(A2, Y))
        params = gradient_step(params, backward(X, Y, params, cache), lr)
    return params, losses
