import tensorflow as tf


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    (N, H, V, _), f, K = X.shape, len(W), W.shape[-1]
    with tf.GradientTape() as tape:
        zero = tf.zeros((N, H - f + 1, V - f + 1, K), tf.float64)
        tape.watch(zero)
        back = tf.nn.conv2d_transpose(zero, W, X.shape, [1, 1, 1, 1], "VALID")
    Y = tape.gradient(back, zero, output_gradients=tf.constant(X)).numpy()
    return np.asarray(Y)[:, ::stride, ::stride] + b
