import keras


def pool2d(X, f, stride, mode):
    kind = keras.layers.MaxPooling3D if mode == "max" else keras.layers.AveragePooling3D
    return np.asarray(kind((1, f, f), (1, stride, stride), dtype="float64")(X[:, None]))[:, 0]
