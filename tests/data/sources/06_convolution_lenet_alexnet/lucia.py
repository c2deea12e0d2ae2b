# Everything right that she has, conv2d in float32; cells out of order, one of her own fails.
#: rest = "dilara"
#: executed = true
#: move = [["pool2d", "setup"], ["conv_out_size", "check_pool2d"]]

# %% conv2d
def conv2d(X, W, b, stride, pad):
    f = W.shape[0]
    rows, columns = (conv_out_size(n, f, pad, stride) for n in X.shape[1:3])
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0))).astype("float32")
    W, b = W.astype("float32"), b.astype("float32")
    Y = np.zeros((len(X), rows, columns, W.shape[3]), dtype="float32")
    for i in range(rows):
        for j in range(columns):
            window = padded[:, i * stride : i * stride + f, j * stride : j * stride + f]
            Y[:, i, j] = np.tensordot(window, W, axes=([1, 2, 3], [0, 1, 2])) + b
    return Y

# %% after check_conv2d
conv_out_size(32, 5, 0, 1)  # defined further down, I ran that first

# %% note after check_pool2d
# **Question:** why is it called convolution if nothing is turned over?
