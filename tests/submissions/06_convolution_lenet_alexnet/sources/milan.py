# Two slips in the networks: no activations after LeNet's convolutions (LN2a); AlexNet's poolings
# side by side (AX1a).
#: rest = "ada"

# %% build_lenet5
def build_lenet5(input_shape=(32, 32, 1), classes=10):
    L = keras.layers
    return keras.Sequential(
        [
            L.Input(input_shape),
            L.Conv2D(filters=6, kernel_size=5),
            L.MaxPool2D(pool_size=2),
            L.Conv2D(filters=16, kernel_size=5),
            L.MaxPool2D(pool_size=2),
            L.Flatten(),
            L.Dense(120, "relu"),
            L.Dense(84, "relu"),
            L.Dense(classes, "softmax"),
        ]
    )

# %% build_alexnet_mini
def build_alexnet_mini(input_shape, classes):
    he = keras.initializers.HeNormal
    conv = lambda k, f: keras.layers.Conv2D(
        k, f, padding="same", activation="relu", kernel_initializer=he()
    )
    pool = lambda: keras.layers.MaxPooling2D(2, 2)
    return keras.Sequential(
        [
            keras.Input(input_shape),
            conv(32, 5), pool(),
            conv(48, 5), pool(),
            conv(48, 3), conv(48, 3), conv(48, 3), pool(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu", kernel_initializer=he()),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
