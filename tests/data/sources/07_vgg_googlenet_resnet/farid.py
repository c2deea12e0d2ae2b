# Two slips: 5 by 5 filters in vgg_block (VG1b), which build_vgg_mini calls; reductions after (GN3).
#: rest = "dilara"

# %% vgg_block
def vgg_block(x, n_conv, filters):
    while n_conv > 0:
        x = ops.relu(layers.Conv2D(filters, kernel_size=(5, 5), padding="same")(x))
        n_conv -= 1
    return ops.max_pool(x, 2)

# %% inception_block
def inception_block(x, f1, f3r, f3, f5r, f5, fpool):
    def c(x, n, k):
        return layers.Conv2D(n, k, padding="same", activation="relu")(x)

    three = c(c(x, f3r, 3), f3, 1)
    five = c(c(x, f5r, 5), f5, 1)
    pool = c(layers.MaxPooling2D(3, 1, "same")(x), fpool, 1)
    return layers.concatenate([c(x, f1, 1), three, five, pool])
