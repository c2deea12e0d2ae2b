# Two slips: no 2 in glorot; the spread of each unit, averaged.  A cell of its own fails.
#: rest = "ada"

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        a, b = layer_dims[i - 1], layer_dims[i]
        sd = np.sqrt(1 / (a + b)) if scheme == "glorot" else np.sqrt((1 + (scheme == "he")) / a)
        W = rng.standard_normal((b, a)) * sd
        params[f"W{i}"] = W if scheme != "zeros" else 0 * W
        params[f"b{i}"] = np.zeros((b, 1))
    return params

# %% after check_init_params
print(params["W1"].std())

# %% activation_stds
def activation_stds(layer_dims, scheme, g, X, rng):
    params = init_params(layer_dims, scheme, rng)
    A, stds = X, []
    for i in range(1, len(layer_dims)):
        Z = params[f"W{i}"] @ A + params[f"b{i}"]
        if g == "tanh":
            A = np.tanh(Z)
        if g == "relu":
            A = np.maximum(Z, 0)
        if g == "sigmoid":
            A = 1 / (1 + np.exp(-Z))
        stds.append(np.mean([unit.std() for unit in A]))
    return stds
