# One idea wrong in two places: momentum the way PyTorch means it.
#: rest = "ada"

# %% batchnorm_forward
def batchnorm_forward(Z, gamma, beta, state, momentum, eps, training):
    running_mean, running_var = state["running_mean"], state["running_var"]
    if training:
        mu = Z.mean(axis=1, keepdims=True)
        var = ((Z - mu) ** 2).mean(axis=1, keepdims=True)
        running_mean = running_mean + momentum * (mu - running_mean)
        running_var = running_var + momentum * (var - running_var)
    else:
        mu, var = running_mean, running_var
    z_norm = (Z - mu) / np.sqrt(var + eps)
    cache = {"Z": Z, "mu": mu, "var": var, "z_norm": z_norm, "gamma": gamma, "eps": eps}
    state = {"running_mean": running_mean, "running_var": running_var}
    return gamma * z_norm + beta, cache, state

# %% MyBatchNorm whole
class MyBatchNorm(keras.layers.Layer):
    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        shape = input_shape[-1:]
        self.gamma = self.add_weight(shape=shape, initializer="ones")
        self.beta = self.add_weight(shape=shape, initializer="zeros")
        self.moving_mean = self.add_weight(shape=shape, initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(shape=shape, initializer="ones", trainable=False)

    def call(self, inputs, training=None):
        if training:
            axes = list(range(len(inputs.shape)))[:-1]
            mean = ops.mean(inputs, axis=axes)
            var = ops.var(inputs, axis=axes)
            self.moving_mean.assign_add(self.momentum * (mean - self.moving_mean))
            self.moving_variance.assign_add(self.momentum * (var - self.moving_variance))
        else:
            mean, var = self.moving_mean, self.moving_variance
        return (inputs - mean) / ops.sqrt(var + self.epsilon) * self.gamma + self.beta
