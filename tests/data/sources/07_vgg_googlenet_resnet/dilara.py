# Everything right but the residual network at the end, which she did not get to.

# %% vgg_block
def vgg_block(x, n_conv, filters):
    for i in range(n_conv):
        x = layers.Conv2D(filters, (3, 3), padding="same", activation="relu")(x)
    x = layers.MaxPooling2D((2, 2), strides=2)(x)
    return x

# %% build_vgg_mini
def build_vgg_mini(input_shape, classes):
    inp = keras.Input(input_shape)
    x = vgg_block(inp, 2, 16)
    x = vgg_block(x, 2, 32)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    out = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(inp, out)

# %% inception_block
def inception_block(x, f1, f3r, f3, f5r, f5, fpool):
    b1 = layers.Conv2D(f1, 1, padding="same", activation="relu")(x)
    b3 = layers.Conv2D(f3r, 1, padding="same", activation="relu")(x)
    b3 = layers.Conv2D(f3, 3, padding="same", activation="relu")(b3)
    b5 = layers.Conv2D(f5r, 1, padding="same", activation="relu")(x)
    b5 = layers.Conv2D(f5, 5, padding="same", activation="relu")(b5)
    bp = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    bp = layers.Conv2D(fpool, 1, padding="same", activation="relu")(bp)
    return layers.Concatenate(axis=-1)([b1, b3, b5, bp])

# %% build_googlenet_mini
def build_googlenet_mini(input_shape, classes, aux=True):
    inp = keras.Input(input_shape)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(inp)
    x = inception_block(x, 8, 8, 12, 4, 6, 6)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = inception_block(x, 12, 8, 16, 4, 8, 8)
    aux1 = layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    x = inception_block(x, 14, 10, 20, 4, 10, 10)
    aux2 = layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    x = inception_block(x, 16, 12, 24, 6, 12, 12)
    main = layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    if aux:
        model = keras.Model(inp, [main, aux1, aux2])
        model.compile(
            optimizer="adam",
            loss=["sparse_categorical_crossentropy"] * 3,
            loss_weights=[1, 0.3, 0.3],
        )
    else:
        model = keras.Model(inp, main)
    return model

# %% identity_block
def identity_block(x, filters):
    shortcut = x
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([x, shortcut])
    return layers.Activation("relu")(x)

# %% projection_block
def projection_block(x, filters, stride):
    shortcut = layers.Conv2D(filters, 1, strides=stride)(x)
    shortcut = layers.BatchNormalization()(shortcut)
    x = layers.Conv2D(filters, 3, strides=stride, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([x, shortcut])
    return layers.Activation("relu")(x)
