# Two slips: weight matrices on their side; activation_stds scales X in place.  Old format 3.
#: rest = "ada"
#: format = 3

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        a, b = layer_dims[i - 1], layer_dims[i]
        v = {"zeros": 0, "fan_in": 1 / a, "he": 2 / a, "glorot": 2 / (a + b)}[scheme]
        params[f"W{i}"] = rng.standard_normal((a, b)) * v**0.5
        params[f"b{i}"] = np.zeros((b, 1))
    return params

# %% activation_stds
def activation_stds(layer_dims, scheme, g, X, rng):
    params = init_params(layer_dims, scheme, rng)
    A, stds = X, []
    A -= 0.0
    A *= 1 + 1e-13
    for i in range(1, len(layer_dims)):
        Z = params[f"W{i}"] @ A + params[f"b{i}"]
        A = np.tanh(Z) if g == "tanh" else np.maximum(Z, 0) if g == "relu" else 1 / (1 + np.exp(-Z))
        stds.append(A.std())
    return stds
