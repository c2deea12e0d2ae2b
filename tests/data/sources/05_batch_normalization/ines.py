# Two slips: pictures get a mean for every place; dgamma is multiplied by Z.
#: rest = "ada"

# %% batchnorm_backward
def batchnorm_backward(dZt, cache):
    x_hat, gamma = cache["z_norm"], cache["gamma"]
    m = dZt.shape[1]
    dbeta = np.sum(dZt, axis=1, keepdims=True)
    dgamma = np.sum(dZt * cache["Z"], axis=1, keepdims=True)
    dx_hat = gamma * dZt
    total = dx_hat.sum(axis=1, keepdims=True) + x_hat * (dx_hat * x_hat).sum(axis=1, keepdims=True)
    return (m * dx_hat - total) / (m * np.sqrt(cache["var"] + cache["eps"])), dgamma, dbeta

# %% MyBatchNorm whole
class MyBatchNorm(keras.layers.Layer):
    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(shape=shape, initializer="ones")
        self.beta = self.add_weight(shape=shape, initializer="zeros")
        self.moving_mean = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(shape=shape, initializer="ones", trainable=False)

    def call(self, inputs, training=None):
        mean, var = self.moving_mean, self.moving_variance
        if training:
            mean = ops.mean(inputs, axis=0)
            var = ops.var(inputs, axis=0)
            self.moving_mean.assign(self.momentum * self.moving_mean + (1 - self.momentum) * mean)
            self.moving_variance.assign(
                self.momentum * self.moving_variance + (1 - self.momentum) * var
            )
        return self.gamma * (inputs - mean) / ops.sqrt(var + self.epsilon) + self.beta
