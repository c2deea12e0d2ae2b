import tensorflow as tf


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    one = lambda w: tf.nn.depthwise_conv2d(X, w[..., None], [1, 1, 1, 1], "VALID").numpy().sum(-1)
    Y = np.stack([one(w) for w in np.moveaxis(W, -1, 0)], axis=-1)
    return np.asarray(Y)[:, ::stride, ::stride] + b
