# init_params waits until its numbers have exactly the right spread, which never happens.
#: rest = "ada"

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        n_prev, n = layer_dims[i - 1], layer_dims[i]
        sigma = {"zeros": 0, "fan_in": 1 / n_prev, "he": 2 / n_prev, "glorot": 2 / (n_prev + n)}[scheme] ** 0.5
        W = rng.normal(size=(n, n_prev)) * sigma
        while W.std() != sigma:
            W = rng.normal(size=(n, n_prev)) * sigma
        params[f"W{i}"] = W
        params[f"b{i}"] = np.zeros((n, 1))
    return params
