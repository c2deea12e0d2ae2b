# Half done, with names of her own: `VGG_block`; the small VGG laid out by hand, without blocks.

# %% vgg_block whole
def VGG_block(x, n_conv, filters):
    for _ in range(n_conv):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.MaxPooling2D()(x)

# %% build_vgg_mini
def build_vgg_mini(input_shape, classes):
    inp = keras.Input(input_shape)
    x = VGG_block(VGG_block(inp, 2, 16), 2, 32)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return keras.Model(inp, layers.Dense(classes, activation="softmax")(x))

# %% inception_block
def inception_block(x, f1, f3r, f3, f5r, f5, fpool):
    conv = lambda x, n, k: layers.Conv2D(n, k, padding="same", activation="relu")(x)
    pooled = layers.AveragePooling2D(3, 1, "same")(x)
    branches = [conv(x, f1, 1), conv(conv(x, f3r, 1), f3, 3)]
    branches += [conv(conv(x, f5r, 1), f5, 5), conv(pooled, fpool, 1)]
    return layers.Concatenate()(branches)
