# One slip, in dense_to_conv: reads the weights of a unit along a row (SW2).  convolutionalise,
# which calls it, is right.
#: rest = "bao"

# %% dense_to_conv
def dense_to_conv(W, b, in_shape):
    kernels = np.reshape(W, (len(b), *in_shape))
    return np.moveaxis(kernels, 0, -1), b
