# Everything right in another style: helpers, keras.ops, Sequentials, tables; magics, cells of his own.

# %% setup
%matplotlib inline
import keras
import numpy as np
import matplotlib.pyplot as plt
from keras import layers, ops
from typing import Any
from autograder import check

Tensor = Any
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% vgg_block
def vgg_block(x, n_conv, filters):
    stack = [layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(n_conv)]
    return keras.Sequential([*stack, layers.MaxPool2D(2)])(x)

# %% build_vgg_mini
def build_vgg_mini(input_shape, classes):
    x = picture = keras.Input(input_shape)
    for filters in 16, 32:
        x = vgg_block(x, n_conv=2, filters=filters)
    head = [layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(classes), layers.Softmax()]
    for layer in head:
        x = layer(x)
    return keras.Model(picture, x)

# %% after check_build_vgg_mini
!ls
%timeit -n 1 -r 1 build_vgg_mini((8, 8, 1), 10)

# %% inception_block whole
def conv_relu(x, filters, size):
    """A padded convolution and a relu."""
    x = layers.ZeroPadding2D(size // 2)(x)
    return ops.relu(layers.Conv2D(filters, size)(x))


def inception_block(x, f1, f3r, f3, f5r, f5, fpool):
    pooled = ops.max_pool(x, 3, strides=1, padding="same")
    return ops.concatenate(
        [
            conv_relu(pooled, fpool, 1),
            conv_relu(conv_relu(x, f5r, 1), f5, 5),
            conv_relu(conv_relu(x, f3r, 1), f3, 3),
            conv_relu(x, f1, 1),
        ],
        axis=-1,
    )

# %% build_googlenet_mini
def build_googlenet_mini(input_shape, classes, aux=True):
    def head(x, name):
        return layers.Dense(classes, "softmax", name=name)(ops.mean(x, axis=[1, 2]))

    picture = keras.Input(input_shape)
    x = conv_relu(picture, 16, 3)
    x = inception_block(x, 8, 8, 12, 4, 6, 6)
    x = layers.MaxPool2D((3, 3), (2, 2), padding="same")(x)
    a = inception_block(x, 12, 8, 16, 4, 8, 8)
    d = inception_block(a, 14, 10, 20, 4, 10, 10)
    main = head(inception_block(d, 16, 12, 24, 6, 12, 12), "main")
    if not aux:
        return keras.Model(picture, main)
    model = keras.Model(picture, [main, head(a, "aux1"), head(d, "aux2")])
    loss = [keras.losses.SparseCategoricalCrossentropy() for _ in range(3)]
    model.compile(keras.optimizers.Adam(1e-3), loss, loss_weights=[1.0, 0.3, 0.3])
    return model

# %% identity_block whole
def conv_bn(x, filters, size, stride=1):
    """A padded convolution without bias, and its batch normalisation."""
    x = layers.ZeroPadding2D(size // 2)(x)
    x = layers.Conv2D(filters, size, strides=stride, use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def identity_block(x, filters):
    return ops.relu(x + conv_bn(ops.relu(conv_bn(x, filters, 3)), filters, 3))

# %% projection_block
def projection_block(x, filters, stride):
    main = conv_bn(ops.relu(conv_bn(x, filters, 3, stride)), filters, 3)
    return ops.relu(main + conv_bn(x, filters, 1, stride))

# %% build_resnet_mini
def build_resnet_mini(input_shape, classes):
    picture = keras.Input(input_shape)
    x = ops.relu(conv_bn(picture, 16, 3))
    x = identity_block(x, filters=16)
    x = projection_block(x, filters=32, stride=2)
    x = identity_block(x, filters=32)
    return keras.Model(picture, layers.Dense(classes, "softmax")(ops.mean(x, axis=(1, 2))))
