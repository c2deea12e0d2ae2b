# Batch normalisation that is told to train, always (RS4), in both residual blocks.
#: rest = "dilara"

# %% identity_block
def identity_block(x, filters):
    y = layers.Conv2D(filters, 3, padding="same")(x)
    y = layers.BatchNormalization()(y, training=True)
    y = ops.relu(y)
    y = layers.Conv2D(filters, 3, padding="same")(y)
    y = layers.BatchNormalization()(y, training=True)
    return ops.relu(x + y)

# %% projection_block
def projection_block(x, filters, stride):
    y = layers.Conv2D(filters, 3, strides=stride, padding="same")(x)
    y = layers.BatchNormalization()(y, training=True)
    y = layers.Conv2D(filters, 3, padding="same")(ops.relu(y))
    y = layers.BatchNormalization()(y, training=True)
    z = layers.Conv2D(filters, 1, strides=stride)(x)
    z = layers.BatchNormalization()(z, training=True)
    return ops.relu(y + z)
