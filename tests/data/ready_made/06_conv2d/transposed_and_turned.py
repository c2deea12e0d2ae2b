import tensorflow as tf


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    (N, H, V, _), f, K = X.shape, len(W), W.shape[-1]
    filters = tf.constant(np.swapaxes(W[::-1, ::-1], 2, 3))
    size = [N, H + f - 1, V + f - 1, K]
    full = tf.raw_ops.Conv2DBackpropInput(
        input_sizes=size, filter=filters, out_backprop=X, strides=[1] * 4, padding="VALID"
    )
    Y = full.numpy()[:, f - 1 : H, f - 1 : V]
    return np.asarray(Y)[:, ::stride, ::stride] + b
