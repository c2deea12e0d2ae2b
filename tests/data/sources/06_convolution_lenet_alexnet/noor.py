# Half done, with names of her own: `convOutSize`, `Conv2d`; pool2d knows one mode only (CV8d).

# %% conv_out_size whole
def convOutSize(n, f, pad, stride):
    if f > n + 2 * pad:
        raise ValueError
    return (n + 2 * pad - f) // stride + 1

# %% conv2d whole
def Conv2d(X, W, b, stride, pad):
    return X

# %% pool2d
def pool2d(X, f, stride, mode):
    out = []
    for i in range(0, X.shape[1] - f + 1, stride):
        row = [X[:, i : i + f, j : j + f].max((1, 2)) for j in range(0, X.shape[2] - f + 1, stride)]
        out.append(np.stack(row, 1))
    return np.stack(out, 1)
