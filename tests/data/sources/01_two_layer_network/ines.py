# Two slips: tanh's slope is taken at Z instead of A (FB5), and the difference quotient lacks the 2
# below the line (NG3).
#: rest = "bao"

# %% backward
def backward(X, Y, params, cache):
    m = X.shape[1]
    gprime = {
        "tanh": lambda z: 1 - z * z,
        "relu": lambda z: np.heaviside(z, 0.0),
        "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
    }
    err = cache["A2"] - Y
    grads = {"dW2": err @ cache["A1"].T / m, "db2": err.sum(1, keepdims=True) / m}
    err = params["W2"].T @ err * gprime[cache["g"]](cache["Z1"])
    grads["dW1"] = err @ X.T / m
    grads["db1"] = err.sum(1, keepdims=True) / m
    return grads

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    out = np.zeros_like(x)
    for idx, val in np.ndenumerate(x):
        xp = x.copy()
        xm = x.copy()
        xp[idx] = val + h
        xm[idx] = val - h
        out[idx] = (f(xp) - f(xm)) / h
    return out
