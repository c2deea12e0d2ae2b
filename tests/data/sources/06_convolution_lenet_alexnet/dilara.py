# Everything right in NumPy; did not get to the networks.

# %% conv_out_size
def conv_out_size(n, f, pad, stride):
    room = n + 2 * pad - f
    if room < 0:
        raise ValueError("too small")
    return int(np.floor(room / stride)) + 1

# %% conv2d
def conv2d(X, W, b, stride, pad):
    N, H, width, C = X.shape
    f, f, C, K = W.shape
    H2, W2 = conv_out_size(H, f, pad, stride), conv_out_size(width, f, pad, stride)
    padded = np.zeros((N, H + 2 * pad, width + 2 * pad, C))
    padded[:, pad : pad + H, pad : pad + width] = X
    Y = np.zeros((N, H2, W2, K)) + b
    for u in range(f):
        for v in range(f):
            rows = slice(u, u + stride * (H2 - 1) + 1, stride)
            columns = slice(v, v + stride * (W2 - 1) + 1, stride)
            Y += padded[:, rows, columns] @ W[u, v]
    return Y

# %% pool2d
def pool2d(X, f, stride, mode):
    N, H, W, C = X.shape
    Y = np.zeros((N, conv_out_size(H, f, 0, stride), conv_out_size(W, f, 0, stride), C))
    for i in range(Y.shape[1]):
        for j in range(Y.shape[2]):
            part = X[:, i * stride :, j * stride :][:, :f, :f]
            Y[:, i, j] = np.amax(part, axis=(1, 2)) if mode == "max" else np.average(part, axis=(1, 2))
    return Y
