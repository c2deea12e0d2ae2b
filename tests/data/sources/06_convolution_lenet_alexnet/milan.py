# Two slips in AlexNet: poolings side by side (AX1a), no dropout (AX1c); LeNet-5 left out.
#: rest = "dilara"

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
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
