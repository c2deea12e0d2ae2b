# One slip, in style_layer_cost: divided by H·W, not by its square (NS3b).
#: rest = "ada"

# %% style_layer_cost
def style_layer_cost(aS, aG):
    H, W, C = aG.shape
    gap = gram_matrix(aG) - gram_matrix(aS)
    return ops.sum(gap * gap) / (4 * C * C * H * W)
