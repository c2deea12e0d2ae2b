import tensorflow as tf


def pool2d(X, f, stride, mode):
    how = {"ksize": [1, f, f, 1], "strides": [1, stride, stride, 1], "padding": "VALID"}
    if mode == "max":
        return tf.raw_ops.MaxPool(input=X, **how).numpy()
    return tf.raw_ops.AvgPool(value=X, **how).numpy()
