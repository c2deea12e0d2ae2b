import tensorflow as tf


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    whole = tf.data.Dataset.from_tensors((X, W))
    Y = next(iter(whole.map(lambda x, w: tf.nn.conv2d(x, w, 1, "VALID")))).numpy()
    return np.asarray(Y)[:, ::stride, ::stride] + b
