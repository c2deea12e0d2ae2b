# Half done: init_params and keras_initializer are there, the other two are stubs.

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    L = len(layer_dims) - 1
    for l in range(1, L + 1):
        n_in, n_out = layer_dims[l - 1], layer_dims[l]
        if scheme == "zeros":
            W = np.zeros((n_out, n_in))
        elif scheme == "glorot":
            W = rng.normal(0, (2 / (n_in + n_out)) ** 0.5, (n_out, n_in))
        else:
            factor = 2 if scheme == "he" else 1
            W = rng.normal(0, (factor / n_in) ** 0.5, (n_out, n_in))
        params[f"W{l}"], params[f"b{l}"] = W, np.zeros((n_out, 1))
    return params

# %% keras_initializer
def keras_initializer(scheme):
    kwargs = dict(fan_in=dict(scale=1.0), he=dict(scale=2.0), glorot=dict(scale=1.0, mode="fan_avg"))
    return keras.initializers.VarianceScaling(**kwargs[scheme], distribution="untruncated_normal")
