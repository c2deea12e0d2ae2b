# One slip, in the layer: the moving averages are replaced instead of assigned.
#: rest = "ada"

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
        self.moving_mean = self.add_weight(shape=shape, initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(shape=shape, initializer="ones", trainable=False)

    def call(self, inputs, training=None):
        if training:
            axes = tuple(range(len(inputs.shape) - 1))
            mu, var = ops.mean(inputs, axis=axes), ops.var(inputs, axis=axes)
            self.moving_mean = self.momentum * self.moving_mean + (1 - self.momentum) * mu
            self.moving_variance = self.momentum * self.moving_variance + (1 - self.momentum) * var
        else:
            mu, var = self.moving_mean, self.moving_variance
        return self.gamma * (inputs - mu) / ops.sqrt(var + self.epsilon) + self.beta
