# A bracket is missing in the cell of vgg_block; build_vgg_mini, which calls it, is right.
#: rest = "dilara"

# %% vgg_block
def vgg_block(x, n_conv, filters):
    for i in range(n_conv:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.MaxPooling2D(2)(x)
