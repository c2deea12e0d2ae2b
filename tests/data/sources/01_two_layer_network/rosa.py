# Two slips in one function: relu's slope is the activation itself, and the labels are subtracted
# inside the cache (FB15, FB19).
#: rest = "ada"

# %% backward
def backward(X, Y, params, cache):
    m = X.shape[1]
    Z1, A1, A2 = cache["Z1"], cache["A1"], cache["A2"]
    if cache["g"] == "tanh":
        slope = (1 + A1) * (1 - A1)
    elif cache["g"] == "relu":
        slope = A1.clip(0)
    elif cache["g"] == "sigmoid":
        slope = A1 - A1**2
    A2 -= Y
    dZ1 = slope * (A2.T @ params["W2"]).T
    return {
        "dW1": np.matmul(dZ1, X.transpose()) / m,
        "db1": np.average(dZ1, axis=1)[:, np.newaxis],
        "dW2": np.matmul(A2, A1.transpose()) / m,
        "db2": np.average(A2, axis=1)[:, np.newaxis],
    }
