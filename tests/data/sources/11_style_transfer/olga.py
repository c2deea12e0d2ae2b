# One slip, in style_layer_cost: activations are compared, not Gram matrices (NS5).
#: rest = "ada"

# %% style_layer_cost
def style_layer_cost(aS, aG):
    H, W, C = aS.shape
    return ops.sum(ops.square(aS - aG)) / (4 * C**2 * (H * W) ** 2)
