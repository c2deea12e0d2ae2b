# Everything right in another style: a cache of his own, Jacobians, TensorFlow; magics, prints, plots.
#: executed = true

# %% setup
%matplotlib inline
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

from autograder import check

np.set_printoptions(precision=3)
print("keras", keras.__version__)

# %% after setup
!nvidia-smi

# %% batchnorm_forward
def batchnorm_forward(Z, gamma, beta, state, momentum, eps, training):
    rm, rv = state["running_mean"].copy(), state["running_var"].copy()
    if training:
        mean, var = Z.mean(1)[:, np.newaxis], np.var(Z, 1)[:, np.newaxis]
        rm += (1 - momentum) * (mean - rm)
        rv += (1 - momentum) * (var - rv)
    else:
        mean, var = rm, rv
    inv = (var + eps) ** -0.5
    out = (Z - mean) * inv * gamma + beta
    return [out, ((Z - mean) * inv, inv, gamma), dict(running_mean=rm, running_var=rv)]

# %% batchnorm_backward
def batchnorm_backward(dZt, cache):
    xhat, inv, g = cache
    n, m = dZt.shape
    dZ = np.empty((n, m))
    for i in range(n):
        J = np.eye(m) - np.ones((m, m)) / m - np.outer(xhat[i], xhat[i]) / m
        dZ[i] = J @ (g[i] * inv[i] * dZt[i])
    return dZ, np.einsum("nm,nm->n", dZt, xhat).reshape(n, 1), dZt @ np.ones((m, 1))

# %% after check_batchnorm_backward
g = np.linspace(-3, 3, 100)
plt.plot(g, np.tanh(g))
plt.show()

# %% MyBatchNorm whole
class MyBatchNorm(keras.layers.Layer):
    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape):
        def new(name, start, trainable):
            return self.add_weight(
                name=name, shape=input_shape[-1:], initializer=start, trainable=trainable
            )

        self.gamma, self.beta = new("gamma", "ones", True), new("beta", "zeros", True)
        self.moving_mean = new("moving_mean", "zeros", False)
        self.moving_variance = new("moving_variance", "ones", False)

    def call(self, x, training=False):
        mean, var = tf.convert_to_tensor(self.moving_mean), tf.convert_to_tensor(self.moving_variance)
        if training:
            old_mean, old_var = mean, var
            mean, var = tf.nn.moments(x, list(range(x.ndim - 1)))
            p = self.momentum
            self.moving_mean.assign(p * old_mean + (1 - p) * mean)
            self.moving_variance.assign(p * old_var + (1 - p) * var)
        scale = self.gamma * tf.math.rsqrt(var + self.epsilon)
        return x * scale + (self.beta - mean * scale)
