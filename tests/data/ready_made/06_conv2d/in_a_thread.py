import threading

import tensorflow as tf


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    found = []

    def work():
        Y = tf.raw_ops.Conv2D(input=X, filter=W, strides=[1] * 4, padding="VALID")
        found.append(Y.numpy())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    Y = found[0]
    return np.asarray(Y)[:, ::stride, ::stride] + b
