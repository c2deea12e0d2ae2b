# Follows the notes: an output after every module (GN4a); relu before the addition (RS1a).
#: rest = "dilara"

# %% build_googlenet_mini
def build_googlenet_mini(input_shape, classes, aux=True):
    picture = keras.Input(input_shape)
    x = layers.Conv2D(16, 3, padding="same")(picture)
    x = layers.ReLU()(x)
    outputs = []
    for number, sizes in enumerate(
        [
            (8, 8, 12, 4, 6, 6),
            (12, 8, 16, 4, 8, 8),
            (14, 10, 20, 4, 10, 10),
            (16, 12, 24, 6, 12, 12),
        ]
    ):
        if number == 1:
            x = layers.MaxPooling2D(3, 2, "same")(x)
        x = inception_block(x, *sizes)
        average = layers.GlobalAveragePooling2D()(x)
        outputs.append(layers.Dense(classes, activation="softmax")(average))
    if not aux:
        return keras.Model(picture, outputs[-1])
    model = keras.Model(picture, [outputs[-1], *outputs[:-1]])
    model.compile(
        "adam", ["sparse_categorical_crossentropy"] * 4, loss_weights=[1.0, 0.3, 0.3, 0.3]
    )
    return model

# %% identity_block
def identity_block(x, filters):
    main = keras.Sequential(
        [
            layers.Conv2D(filters, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(filters, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
        ]
    )
    return main(x) + x
