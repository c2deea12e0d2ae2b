# A syntax error in the cell of init_params; the functions that use it are right.
#: rest = "ada"

# %% init_params whole
def init_params(layer_dims, scheme, rng):
    params = {}
    for i in range(1, len(layer_dims))
        params[f"W{i}"] = rng.normal(size=(layer_dims[i], layer_dims[i - 1]))
    return params
