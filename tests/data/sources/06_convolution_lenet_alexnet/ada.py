# Everything right, close to the notes; handed in with outputs.
#: executed = true

# %% conv_out_size
def conv_out_size(n, f, pad, stride):
    if n + 2 * pad < f:
        raise ValueError("the filter does not fit")
    return (n - f + 2 * pad) // stride + 1

# %% conv2d
def conv2d(X, W, b, stride, pad):
    N, H, width, C = X.shape
    f, _, _, K = W.shape
    H_out = conv_out_size(H, f, pad, stride)
    W_out = conv_out_size(width, f, pad, stride)
    X_pad = np.pad(X, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    Y = np.zeros((N, H_out, W_out, K))
    for i in range(H_out):
        for j in range(W_out):
            window = X_pad[:, i * stride : i * stride + f, j * stride : j * stride + f, :]
            for k in range(K):
                Y[:, i, j, k] = np.sum(window * W[:, :, :, k], axis=(1, 2, 3)) + b[k]
    return Y

# %% pool2d
def pool2d(X, f, stride, mode):
    N, H, W, C = X.shape
    H_out = conv_out_size(H, f, 0, stride)
    W_out = conv_out_size(W, f, 0, stride)
    Y = np.zeros((N, H_out, W_out, C))
    for i in range(H_out):
        for j in range(W_out):
            window = X[:, i * stride : i * stride + f, j * stride : j * stride + f, :]
            if mode == "max":
                Y[:, i, j, :] = window.max(axis=(1, 2))
            else:
                Y[:, i, j, :] = window.mean(axis=(1, 2))
    return Y

# %% build_lenet5
def build_lenet5(input_shape=(32, 32, 1), classes=10):
    model = keras.Sequential()
    model.add(keras.Input(shape=input_shape))
    model.add(keras.layers.Conv2D(6, (5, 5), activation="relu"))
    model.add(keras.layers.MaxPooling2D((2, 2)))
    model.add(keras.layers.Conv2D(16, (5, 5), activation="relu"))
    model.add(keras.layers.MaxPooling2D((2, 2)))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(120, activation="relu"))
    model.add(keras.layers.Dense(84, activation="relu"))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    return model

# %% build_alexnet_mini
def build_alexnet_mini(input_shape, classes):
    he = {"padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    model = keras.Sequential([keras.Input(shape=input_shape)])
    model.add(keras.layers.Conv2D(32, 5, **he))
    model.add(keras.layers.MaxPooling2D(3, 2))
    model.add(keras.layers.Conv2D(48, 5, **he))
    model.add(keras.layers.MaxPooling2D(3, 2))
    for _ in range(3):
        model.add(keras.layers.Conv2D(48, 3, **he))
    model.add(keras.layers.MaxPooling2D(3, 2))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal"))
    model.add(keras.layers.Dropout(0.5))
    model.add(keras.layers.Dense(classes, activation="softmax"))
    return model
