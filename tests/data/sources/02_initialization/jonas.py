# Right formulas, but the weights are float32: that is allowed.  Saved by Colab.
#: rest = "ada"
#: editor = "colab"

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        n_prev, n = layer_dims[i - 1], layer_dims[i]
        var = {"zeros": 0, "fan_in": 1 / n_prev, "he": 2 / n_prev, "glorot": 2 / (n_prev + n)}
        W = rng.standard_normal((n, n_prev), dtype=np.float32) * np.float32(np.sqrt(var[scheme]))
        params[f"W{i}"], params[f"b{i}"] = W, np.zeros((n, 1), dtype=np.float32)
    return params
