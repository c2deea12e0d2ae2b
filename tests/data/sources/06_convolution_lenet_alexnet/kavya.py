# An endless loop in conv2d: the window never moves on.
#: rest = "dilara"

# %% conv2d
def conv2d(X, W, b, stride, pad):
    N, H, width, C = X.shape
    f, K = W.shape[0], W.shape[3]
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    Y = np.zeros((N, conv_out_size(H, f, pad, stride), conv_out_size(width, f, pad, stride), K))
    i = 0
    while i < Y.shape[1]:
        for j in range(Y.shape[2]):
            window = padded[:, i * stride : i * stride + f, j * stride : j * stride + f]
            Y[:, i, j] = np.tensordot(window, W, 3) + b
    return Y
