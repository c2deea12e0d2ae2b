# One slip, in batchnorm_forward: epsilon is added to the root.
#: rest = "ada"

# %% batchnorm_forward
def batchnorm_forward(Z, gamma, beta, state, momentum, eps, training):
    new = dict(state)
    if training:
        mu, var = Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)
        for key, value in (("running_mean", mu), ("running_var", var)):
            new[key] = momentum * state[key] + (1 - momentum) * value
    else:
        mu, var = state["running_mean"], state["running_var"]
    sigma = np.sqrt(var)
    z_norm = (Z - mu) / (sigma + eps)
    cache = {"Z": Z, "mu": mu, "var": var, "z_norm": z_norm, "gamma": gamma, "eps": eps}
    return gamma * z_norm + beta, cache, new
