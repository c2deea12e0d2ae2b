# Two slips: init_params counts the layer's own units; glorot in Keras has scale 2.
#: rest = "ada"

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i, n in enumerate(layer_dims[1:], 1):
        n_before = layer_dims[i - 1]
        sd = {"zeros": 0.0, "fan_in": n**-0.5, "he": (2 / n) ** 0.5, "glorot": (2 / (n + n_before)) ** 0.5}
        params[f"W{i}"] = sd[scheme] * rng.standard_normal((n, n_before))
        params[f"b{i}"] = np.zeros((n, 1))
    return params

# %% keras_initializer
def keras_initializer(scheme):
    scale = 1.0 if scheme == "fan_in" else 2.0
    mode = "fan_avg" if scheme == "glorot" else "fan_in"
    return keras.initializers.VarianceScaling(scale, mode)
