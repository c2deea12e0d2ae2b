# Wrong names: `initParams`, `symmetryReport`; activation_stds uses hers.  Cells out of order.
#: rest = "ada"
#: move = [["keras_initializer", "setup"]]

# %% init_params whole
def initParams(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        a, b = layer_dims[i - 1], layer_dims[i]
        v = {"zeros": 0, "fan_in": 1 / a, "he": 2 / a, "glorot": 2 / (a + b)}[scheme]
        params[f"W{i}"], params[f"b{i}"] = rng.normal(size=(b, a)) * v**0.5, np.zeros((b, 1))
    return params

# %% symmetry_report whole
def symmetryReport(params, X, Y, g):
    dW1 = gradients(params, X, Y, g)["dW1"]
    equal = all(np.abs(row - dW1[0]).max() <= 1e-12 for row in dW1)
    return {"rows_equal": equal, "dW1_zero": np.abs(dW1).max() <= 1e-12}

# %% activation_stds
def activation_stds(layer_dims, scheme, g, X, rng):
    params = initParams(layer_dims, scheme, rng)
    A, stds = X, []
    for i in range(1, len(layer_dims)):
        Z = params[f"W{i}"] @ A + params[f"b{i}"]
        A = np.tanh(Z) if g == "tanh" else np.maximum(Z, 0) if g == "relu" else 1 / (1 + np.exp(-Z))
        stds.append(float(A.std()))
    return stds
