# Two slips: activation_stds measures before the activation; allclose with its own tolerances.
#: rest = "bao"

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for k in range(1, len(layer_dims)):
        a, b = layer_dims[k - 1], layer_dims[k]
        variance = {"zeros": 0, "fan_in": 1 / a, "he": 2 / a, "glorot": 2 / (a + b)}[scheme]
        params[f"W{k}"] = variance**0.5 * rng.normal(size=(a, b)).T
        params[f"b{k}"] = np.zeros((b, 1))
    return params

# %% activation_stds
def activation_stds(layer_dims, scheme, g, X, rng):
    params = init_params(layer_dims, scheme, rng)
    act = {"tanh": np.tanh, "relu": lambda z: z * (z > 0), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[g]
    stds, A = [], X
    for k in range(1, len(layer_dims)):
        Z = params[f"W{k}"] @ A + params[f"b{k}"]
        stds.append(Z.std())
        A = act(Z)
    return stds

# %% symmetry_report
def symmetry_report(params, X, Y, g):
    dW1 = gradients(params, X, Y, g)["dW1"]
    return {"rows_equal": np.allclose(dW1, dW1[0]), "dW1_zero": np.allclose(dW1, np.zeros_like(dW1))}
