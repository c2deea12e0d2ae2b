# One slip, in init_params: the notes' rand.  The rest is right.
#: rest = "ada"

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        n_prev, n = layer_dims[i - 1], layer_dims[i]
        factor = {"zeros": 0, "fan_in": 1 / n_prev, "he": 2 / n_prev, "glorot": 2 / (n_prev + n)}
        params[f"W{i}"] = rng.uniform(size=(n, n_prev)) * np.sqrt(factor[scheme])
        params[f"b{i}"] = np.zeros((n, 1))
    return params
