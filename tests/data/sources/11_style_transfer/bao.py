# Everything right in another style: einsum, no call from one function to another; magics, plots.

# %% setup
%matplotlib inline
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

from autograder import check

print("Keras", keras.__version__)

# %% content_cost
def content_cost(aC, aG):
    return tf.reduce_mean((aG - tf.stop_gradient(aC)) ** 2) / 4

# %% gram_matrix
def gram_matrix(a):
    return ops.einsum("xyi,xyj->ij", a, a)

# %% after check_gram_matrix
%timeit -n 3 -r 1 gram_matrix(np.ones((4, 4, 3)))

# %% style_layer_cost
def style_layer_cost(aS, aG):
    S, G = (ops.einsum("xyi,xyj->ij", a, a) / (a.shape[0] * a.shape[1]) for a in (aS, aG))
    return ops.mean(ops.square(S - G)) / 4

# %% style_cost
def style_cost(maps_S, maps_G, lambdas):
    return sum(l * style_layer_cost(s, g) for s, g, l in zip(maps_S, maps_G, lambdas))

# %% total_cost
def total_cost(J_content, J_style, alpha, beta):
    return ops.add(alpha * J_content, beta * J_style)

# %% style_step
def style_step(image, features, targets, optimizer):
    content, styles, lambdas, alpha, beta = targets
    x = tf.convert_to_tensor(image)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outs = features(x)
        J = alpha * content_cost(content, outs[-1][0])
        for out, style, l in zip(outs, styles, lambdas):
            J = J + beta * l * style_layer_cost(style, out[0])
    optimizer.apply_gradients([(tape.gradient(J, x), image)])
    image.assign(ops.minimum(ops.maximum(image, 0.0), 1.0))
    return J.numpy().item()

# %% after check_style_step
plt.imshow(np.random.rand(4, 4, 3)); plt.show()
