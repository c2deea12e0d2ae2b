import keras


def pool2d(X, f, stride, mode):
    kind = keras.layers.MaxPooling3D if mode == "max" else keras.layers.AveragePooling3D
    cube = X[:, None].astype("float32")
    return np.asarray(kind((1, f, f), (1, stride, stride))(cube))[:, 0]
