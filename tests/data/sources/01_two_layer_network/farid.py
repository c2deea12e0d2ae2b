# One slip, in backward: no 1/m at the biases (FB1).  Training is right all the same.
#: rest = "ada"

# %% backward
def backward(X, Y, params, cache):
    m = Y.shape[1]
    W2 = params["W2"]
    dZ2 = cache["A2"] - Y
    dW2 = 1 / m * np.dot(dZ2, cache["A1"].T)
    db2 = np.sum(dZ2, 1)[:, None]
    dA1 = np.dot(W2.T, dZ2)
    if cache["g"] == "tanh":
        dZ1 = dA1 * (1 - np.power(cache["A1"], 2))
    elif cache["g"] == "relu":
        dZ1 = dA1.copy()
        dZ1[cache["Z1"] <= 0] = 0
    else:
        dZ1 = dA1 * cache["A1"] * (1 - cache["A1"])
    dW1 = 1 / m * np.dot(dZ1, X.T)
    db1 = np.sum(dZ1, 1)[:, None]
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
