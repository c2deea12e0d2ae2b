# One slip: "same" padding in LeNet-5 (LN1); did not get to AlexNet.
#: rest = "dilara"

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
