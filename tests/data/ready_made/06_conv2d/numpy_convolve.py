def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    (N, H, V, C), f, K = X.shape, len(W), W.shape[-1]
    Y = np.zeros((N, H - f + 1, V - f + 1, K))
    for n, row, k, i, c in np.ndindex(N, H - f + 1, K, f, C):
        Y[n, row, :, k] += np.convolve(X[n, row + i, :, c], W[i, ::-1, c, k], "valid")
    return np.asarray(Y)[:, ::stride, ::stride] + b
