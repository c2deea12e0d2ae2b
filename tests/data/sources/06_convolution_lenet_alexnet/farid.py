# Two slips: windows that ignore the stride (CV2); averages that count zeros put around (CV8b).
#: rest = "dilara"

# %% conv2d
def conv2d(X, W, b, stride, pad):
    N, H, width, C = X.shape
    f, K = W.shape[0], W.shape[3]
    H2, W2 = conv_out_size(H, f, pad, stride), conv_out_size(width, f, pad, stride)
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    Y = np.zeros((N, H2, W2, K))
    for n in range(N):
        for h in range(H2):
            for w in range(W2):
                for k in range(K):
                    window = padded[n, h : h + f, w : w + f, :]
                    Y[n, h, w, k] = np.sum(window * W[..., k]) + float(b[k])
    return Y

# %% pool2d
def pool2d(X, f, stride, mode):
    N, H, W, C = X.shape
    H2 = int(np.ceil((H - f) / stride)) + 1
    W2 = int(np.ceil((W - f) / stride)) + 1
    framed = np.zeros((N, (H2 - 1) * stride + f, (W2 - 1) * stride + f, C))
    framed[:, :H, :W] = X
    Y = np.zeros((N, H2, W2, C))
    for h in range(H2):
        for w in range(W2):
            part = framed[:, h * stride : h * stride + f, w * stride : w * stride + f]
            Y[:, h, w] = part.max(axis=(1, 2)) if mode == "max" else part.sum(axis=(1, 2)) / f**2
    return Y
