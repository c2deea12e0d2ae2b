import keras


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    f, C, K = W.shape[1:]
    layer = keras.layers.DepthwiseConv2D(f, depth_multiplier=K, use_bias=False, dtype="float64")
    layer.build(X.shape)
    layer.set_weights([W])
    Y = np.asarray(layer(X))
    Y = Y.reshape(*Y.shape[:3], C, K).sum(-2)
    return np.asarray(Y)[:, ::stride, ::stride] + b
