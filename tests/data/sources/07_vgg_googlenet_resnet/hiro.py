# Slips in the networks only: filters not doubled (VG2), losses all alike (GN4b), maps flattened (RM5).
#: rest = "ada"

# %% build_vgg_mini
def build_vgg_mini(input_shape, classes):
    inp = keras.Input(input_shape)
    x = vgg_block(vgg_block(inp, 2, 16), 2, 16)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return keras.Model(inp, layers.Dense(classes, activation="softmax")(x))

# %% build_googlenet_mini
def build_googlenet_mini(input_shape, classes, aux=True):
    def head(x):
        x = layers.GlobalAveragePooling2D()(x)
        return layers.Dense(classes, activation="softmax")(x)

    inp = keras.Input(input_shape)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(inp)
    x = inception_block(x, 8, 8, 12, 4, 6, 6)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = inception_block(x, 12, 8, 16, 4, 8, 8)
    aux1 = head(x)
    x = inception_block(x, 14, 10, 20, 4, 10, 10)
    aux2 = head(x)
    main = head(inception_block(x, 16, 12, 24, 6, 12, 12))
    model = keras.Model(inp, [main, aux1, aux2] if aux else main)
    model.compile("adam", ["sparse_categorical_crossentropy"] * (3 if aux else 1))
    return model

# %% build_resnet_mini
def build_resnet_mini(input_shape, classes):
    inp = keras.Input(input_shape)
    x = layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same")(inp))
    x = layers.Activation("relu")(x)
    x = identity_block(x, 16)
    x = projection_block(x, 32, 2)
    x = identity_block(x, 32)
    return keras.Model(inp, layers.Dense(classes, activation="softmax")(layers.Flatten()(x)))
