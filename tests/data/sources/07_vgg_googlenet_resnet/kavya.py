# An endless loop in vgg_block.
#: rest = "dilara"

# %% vgg_block
def vgg_block(x, n_conv, filters):
    done = 0
    while done < n_conv:
        y = x
        done += 0  # should have been 1
    return layers.MaxPooling2D(2)(x)
