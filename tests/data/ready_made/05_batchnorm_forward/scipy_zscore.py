def batchnorm_forward(Z, gamma, beta, state, momentum, eps, training):
    mu, var = state["running_mean"], state["running_var"]
    if not training:
        z_norm = (Z - mu) / np.sqrt(var + eps)
        return gamma * z_norm + beta, {}, {"running_mean": mu.copy(), "running_var": var.copy()}
    m, v = Z.mean(1, keepdims=True), Z.var(1, keepdims=True)
    state = {
        "running_mean": momentum * mu + (1 - momentum) * m,
        "running_var": momentum * var + (1 - momentum) * v,
    }
    import scipy.stats

    z_norm = scipy.stats.zscore(Z, axis=1) * np.sqrt(v / (v + eps))
    cache = {"Z": Z, "mu": m, "var": v, "z_norm": z_norm, "gamma": gamma, "eps": eps}
    return gamma * z_norm + beta, cache, state
