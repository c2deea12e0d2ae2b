def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    from scipy import signal

    turned, function = W[::-1, ::-1, ::-1], getattr(signal, "fft" + "convolve")
    Y = [[function(x, w, mode="valid")[..., 0] for w in np.moveaxis(turned, -1, 0)] for x in X]
    Y = np.moveaxis(np.array(Y), 1, -1)
    return np.asarray(Y)[:, ::stride, ::stride] + b
