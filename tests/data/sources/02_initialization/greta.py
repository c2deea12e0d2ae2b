# One slip, in init_params: a generator with a fixed seed in every layer.
#: rest = "ada"

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        gen = np.random.default_rng(42)
        a, b = layer_dims[i - 1], layer_dims[i]
        if scheme == "zeros":
            v = 0
        elif scheme == "fan_in":
            v = 1 / a
        elif scheme == "he":
            v = 2 / a
        else:
            v = 2 / (a + b)
        params[f"W{i}"] = gen.normal(0, np.sqrt(v), (b, a))
        params[f"b{i}"] = np.zeros((b, 1))
    return params
