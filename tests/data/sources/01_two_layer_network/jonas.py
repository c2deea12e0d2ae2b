# Right formulas, but forward computes in float32, "because networks use float32".
#: rest = "ada"

# %% forward
def forward(X, params, g):
    X = X.astype(np.float32)
    W1, b1, W2, b2 = (params[n].astype("float32") for n in ("W1", "b1", "W2", "b2"))
    Z1 = W1 @ X + b1
    if g == "tanh":
        A1 = np.tanh(Z1)
    elif g == "relu":
        A1 = np.maximum(Z1, np.float32(0))
    else:
        A1 = sigmoid(Z1)
    Z2 = W2 @ A1 + b2
    A2 = sigmoid(Z2)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "g": g}
