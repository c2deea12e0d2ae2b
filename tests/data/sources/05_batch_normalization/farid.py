# One slip, in batchnorm_forward: predictions use the statistics of the batch as well.
#: rest = "ada"

# %% batchnorm_forward
def batchnorm_forward(Z, gamma, beta, state, momentum, eps, training):
    mu = np.mean(Z, axis=1, keepdims=True)
    var = np.var(Z, axis=1, keepdims=True)
    z_norm = (Z - mu) / np.sqrt(var + eps)
    if training:
        state = {
            "running_mean": momentum * state["running_mean"] + (1 - momentum) * mu,
            "running_var": momentum * state["running_var"] + (1 - momentum) * var,
        }
    cache = {"Z": Z, "mu": mu, "var": var, "z_norm": z_norm, "gamma": gamma, "eps": eps}
    return gamma * z_norm + beta, cache, state
