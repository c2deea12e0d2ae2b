# Two slips: the state is overwritten, and backwards takes the variance for a constant.
#: rest = "ada"

# %% batchnorm_forward
def batchnorm_forward(Z, gamma, beta, state, momentum, eps, training):
    if training:
        mu, var = Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)
        state["running_mean"] = momentum * state["running_mean"] + (1 - momentum) * mu
        state["running_var"] = momentum * state["running_var"] + (1 - momentum) * var
    else:
        mu, var = state["running_mean"], state["running_var"]
    sigma = np.sqrt(var + eps)
    return gamma * (Z - mu) / sigma + beta, {"Z": Z, "mu": mu, "sigma": sigma, "gamma": gamma}, state

# %% batchnorm_backward
def batchnorm_backward(dZt, cache):
    Z, mu, sigma, gamma = cache["Z"], cache["mu"], cache["sigma"], cache["gamma"]
    dbeta = dZt.sum(axis=1, keepdims=True)
    dgamma = (dZt * (Z - mu) / sigma).sum(axis=1, keepdims=True)
    dx = gamma * dZt / sigma
    return dx - dx.mean(axis=1, keepdims=True), dgamma, dbeta
