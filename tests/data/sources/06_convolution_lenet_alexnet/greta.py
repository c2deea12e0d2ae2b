# Two slips: a map for every channel (CV6b); pooling over the channels as well (CV8a).
#: rest = "dilara"

# %% conv2d
def conv2d(X, W, b, stride, pad):
    N, H, width, C = X.shape
    f, K = W.shape[0], W.shape[3]
    H2, W2 = conv_out_size(H, f, pad, stride), conv_out_size(width, f, pad, stride)
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    maps = []
    for c in range(C):
        for k in range(K):
            sums = np.zeros((N, H2, W2))
            for i in range(H2):
                for j in range(W2):
                    part = padded[:, i * stride : i * stride + f, j * stride : j * stride + f, c]
                    sums[:, i, j] = (part * W[:, :, c, k]).sum(axis=(1, 2)) + b[k]
            maps.append(sums)
    return np.stack(maps, axis=-1)

# %% pool2d
def pool2d(X, f, stride, mode):
    N, H, W, C = X.shape
    Y = np.zeros((N, conv_out_size(H, f, 0, stride), conv_out_size(W, f, 0, stride), C))
    for n in range(N):
        for i in range(Y.shape[1]):
            for j in range(Y.shape[2]):
                window = X[n, i * stride : i * stride + f, j * stride : j * stride + f]
                Y[n, i, j] = np.max(window) if mode == "max" else np.mean(window)
    return Y
