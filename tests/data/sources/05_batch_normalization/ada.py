# Everything right, close to the notes.
#: executed = true

# %% batchnorm_forward
def batchnorm_forward(Z, gamma, beta, state, momentum, eps, training):
    if training:
        m = Z.shape[1]
        mu = np.sum(Z, axis=1, keepdims=True) / m
        sigma2 = np.sum((Z - mu) ** 2, axis=1, keepdims=True) / m
        new_state = {
            "running_mean": momentum * state["running_mean"] + (1 - momentum) * mu,
            "running_var": momentum * state["running_var"] + (1 - momentum) * sigma2,
        }
    else:
        mu, sigma2 = state["running_mean"], state["running_var"]
        new_state = state
    z_norm = (Z - mu) / np.sqrt(sigma2 + eps)
    cache = {"Z": Z, "mu": mu, "var": sigma2, "z_norm": z_norm, "gamma": gamma, "eps": eps}
    return gamma * z_norm + beta, cache, new_state

# %% batchnorm_backward
def batchnorm_backward(dZt, cache):
    Z, mu, var, eps = cache["Z"], cache["mu"], cache["var"], cache["eps"]
    m = Z.shape[1]
    dz_norm = cache["gamma"] * dZt
    dvar = -0.5 * (var + eps) ** (-1.5) * np.sum(dz_norm * (Z - mu), axis=1, keepdims=True)
    dmu = -np.sum(dz_norm, axis=1, keepdims=True) / np.sqrt(var + eps)
    dZ = dz_norm / np.sqrt(var + eps) + dvar * 2 * (Z - mu) / m + dmu / m
    dgamma = np.sum(dZt * cache["z_norm"], axis=1, keepdims=True)
    dbeta = np.sum(dZt, axis=1, keepdims=True)
    return dZ, dgamma, dbeta

# %% MyBatchNorm whole
class MyBatchNorm(keras.layers.Layer):
    """Batch normalisation over every axis but the last."""

    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        C = input_shape[-1]
        self.gamma = self.add_weight(shape=(C,), initializer="ones")
        self.beta = self.add_weight(shape=(C,), initializer="zeros")
        self.moving_mean = self.add_weight(shape=(C,), initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(shape=(C,), initializer="ones", trainable=False)

    def call(self, inputs, training=None):
        if training:
            axes = [0] if len(inputs.shape) == 2 else [0, 1, 2]
            mean, var = ops.moments(inputs, axes=axes)
            new_mean = self.momentum * self.moving_mean + (1 - self.momentum) * mean
            new_var = self.momentum * self.moving_variance + (1 - self.momentum) * var
            self.moving_mean.assign(new_mean)
            self.moving_variance.assign(new_var)
        else:
            mean, var = self.moving_mean, self.moving_variance
        return self.gamma * (inputs - mean) / ops.sqrt(var + self.epsilon) + self.beta
