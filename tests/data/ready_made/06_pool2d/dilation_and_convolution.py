import tensorflow as tf


def pool2d(X, f, stride, mode):
    C, steps = X.shape[-1], [1, stride, stride, 1]
    if mode == "max":
        zeros = tf.zeros((f, f, C), tf.float64)
        return tf.nn.dilation2d(X, zeros, steps, "VALID", "NHWC", [1, 1, 1, 1]).numpy()
    means = tf.ones((f, f, C, 1), tf.float64) / f**2
    return tf.nn.depthwise_conv2d(X, means, steps, "VALID").numpy()
