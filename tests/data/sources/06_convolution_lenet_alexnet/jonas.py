# A bracket is missing in the cell of conv_out_size; conv2d and pool2d, which call it, are right.
#: rest = "dilara"

# %% conv_out_size
def conv_out_size(n, f, pad, stride):
    if f > n + 2 * pad:
        raise ValueError("too large"
    return (n + 2 * pad - f) // stride + 1
