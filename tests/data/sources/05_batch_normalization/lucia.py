# An endless loop in batchnorm_backward.  The rest is right.
#: rest = "ada"

# %% batchnorm_backward
def batchnorm_backward(dZt, cache):
    dZ = cache["gamma"] * dZt / np.sqrt(cache["var"] + cache["eps"])
    # take the mean out until it is gone
    while np.any(dZ.sum(axis=1) != 0) or True:
        dZ = dZ - dZ.mean(axis=1, keepdims=True)
    return dZ, np.sum(dZt * cache["z_norm"], axis=1, keepdims=True), dZt.sum(axis=1, keepdims=True)
