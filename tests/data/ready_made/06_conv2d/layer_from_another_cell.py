import keras

makers = {}


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    K, f = W.shape[-1], W.shape[0]
    layer = makers.setdefault(W.shape, keras.layers.Conv2D(K, f, use_bias=False, dtype="float64"))
    layer.build(X.shape)
    layer.set_weights([W])
    Y = layer(X)
    return np.asarray(Y)[:, ::stride, ::stride] + b
