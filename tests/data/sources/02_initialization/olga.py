# Two slips: the variance taken for the standard deviation; the report looks at the weights.
#: rest = "ada"

# %% init_params
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims)):
        a, b = layer_dims[i - 1], layer_dims[i]
        scale = {"zeros": 0, "fan_in": 1 / a, "he": 2 / a, "glorot": 2 / (a + b)}[scheme]
        params[f"W{i}"] = rng.normal(0, scale, size=(b, a))
        params[f"b{i}"] = np.zeros((b, 1))
    return params

# %% symmetry_report
def symmetry_report(params, X, Y, g):
    W = params["W1"]
    return {"rows_equal": bool(np.ptp(W, axis=0).max() < 1e-12), "dW1_zero": not (np.abs(W) > 1e-12).any()}
