# Half done: forwards is right; of the layer she has the weights; backwards is still a stub.

# %% batchnorm_forward
def batchnorm_forward(Z, gamma, beta, state, momentum, eps, training):
    mean, var = state["running_mean"], state["running_var"]
    if training:
        mean = np.mean(Z, axis=1, keepdims=True)
        var = np.mean(np.square(Z - mean), axis=1, keepdims=True)
        state = {
            "running_mean": state["running_mean"] * momentum + mean * (1 - momentum),
            "running_var": state["running_var"] * momentum + var * (1 - momentum),
        }
    hat = (Z - mean) / np.sqrt(var + eps)
    return hat * gamma + beta, (Z, mean, var, hat), state

# %% MyBatchNorm whole
class MyBatchNorm(keras.layers.Layer):
    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        c = input_shape[-1]
        self.gamma = self.add_weight(shape=(c,), initializer="ones")
        self.beta = self.add_weight(shape=(c,), initializer="zeros")
        self.moving_mean = self.add_weight(shape=(c,), initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(shape=(c,), initializer="ones", trainable=False)

    def call(self, inputs, training=None):
        pass  # TODO tomorrow
