# Two slips: rounds up in conv_out_size (CV3b); turns the filters over, in his own words (CV1).
#: rest = "dilara"

# %% conv_out_size
def conv_out_size(n, f, pad, stride):
    if f > n + pad + pad:
        raise ValueError("f")
    return int(np.ceil((n + 2 * pad - f) / stride)) + 1

# %% conv2d
def conv2d(X, W, b, stride, pad):
    N, H, width, C = X.shape
    f, K = W.shape[0], W.shape[3]
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    Y = np.zeros((N, conv_out_size(H, f, pad, stride), conv_out_size(width, f, pad, stride), K))
    for i in range(Y.shape[1]):
        for j in range(Y.shape[2]):
            for u in range(f):
                for v in range(f):
                    pixels = padded[:, i * stride + f - 1 - u, j * stride + f - 1 - v]
                    Y[:, i, j] += pixels @ W[u, v]
    return Y + b
