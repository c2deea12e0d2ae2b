# Everything right, close to the notes; handed in with outputs.
#: executed = true

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        n_prev, n = layer_dims[i - 1], layer_dims[i]
        var = {"zeros": 0, "fan_in": 1 / n_prev, "he": 2 / n_prev, "glorot": 2 / (n_prev + n)}
        params["W" + str(i)] = rng.standard_normal((n, n_prev)) * np.sqrt(var[scheme])
        params["b" + str(i)] = np.zeros((n, 1))
    return params

# %% activation_stds
def activation_stds(layer_dims, scheme, g, X, rng):
    params = init_params(layer_dims, scheme, rng)
    g_of = {"tanh": np.tanh, "relu": lambda z: np.maximum(0, z), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}
    a, stds = X, []
    for i in range(1, len(layer_dims)):
        a = g_of[g](np.dot(params[f"W{i}"], a) + params[f"b{i}"])
        stds.append(a.std())
    return stds

# %% symmetry_report
def symmetry_report(params, X, Y, g):
    dW1 = gradients(params, X, Y, g)["dW1"]
    return {
        "rows_equal": np.allclose(dW1, dW1[:1], rtol=0, atol=1e-12),
        "dW1_zero": np.allclose(dW1, 0, rtol=0, atol=1e-12),
    }

# %% keras_initializer
def keras_initializer(scheme):
    if scheme == "glorot":
        return keras.initializers.VarianceScaling(scale=1.0, mode="fan_avg")
    return keras.initializers.VarianceScaling(scale=2.0 if scheme == "he" else 1.0)
