# Two slips in the networks: "same" padding in LeNet-5 (LN1); AlexNet without dropout (AX1c).
#: rest = "ada"

# %% build_lenet5
def build_lenet5(input_shape=(32, 32, 1), classes=10):
    return keras.Sequential(
        [
            keras.layers.Input(input_shape),
            keras.layers.Conv2D(6, 5, padding="same", activation="tanh"),
            keras.layers.AveragePooling2D(2),
            keras.layers.Conv2D(16, 5, padding="same", activation="tanh"),
            keras.layers.AveragePooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(120, activation="tanh"),
            keras.layers.Dense(84, activation="tanh"),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )

# %% build_alexnet_mini
def build_alexnet_mini(input_shape, classes):
    x = pixels = keras.Input(input_shape)
    plan = [(32, 5, True), (48, 5, True), (48, 3, False), (48, 3, False), (48, 3, True)]
    for filters, size, pool in plan:
        x = keras.layers.Conv2D(
            filters, size, padding="same", activation="relu", kernel_initializer="he_normal"
        )(x)
        if pool:
            x = keras.layers.MaxPooling2D(3, strides=2)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal")(x)
    return keras.Model(pixels, keras.layers.Dense(classes, activation="softmax")(x))
