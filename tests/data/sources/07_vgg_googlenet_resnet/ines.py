# Pooling in strides raises in inception_block (GN2a); no projection where the shape changes (RS3a).
#: rest = "dilara"

# %% inception_block
def inception_block(x, f1, f3r, f3, f5r, f5, fpool):
    a = layers.Conv2D(f1, 1, activation="relu")(x)
    b = layers.Conv2D(f3r, 1, activation="relu")(x)
    b = layers.Conv2D(f3, 3, padding="same", activation="relu")(b)
    c = layers.Conv2D(f5r, 1, activation="relu")(x)
    c = layers.Conv2D(f5, 5, padding="same", activation="relu")(c)
    d = layers.MaxPooling2D((3, 3), padding="same")(x)
    d = layers.Conv2D(fpool, 1, activation="relu")(d)
    return layers.Concatenate()([a, b, c, d])

# %% projection_block
def projection_block(x, filters, stride):
    y = layers.Conv2D(filters, 3, strides=stride, padding="same")(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters, 3, padding="same")(y)
    y = layers.BatchNormalization()(y)
    return layers.ReLU()(layers.Add()([x, y]))
