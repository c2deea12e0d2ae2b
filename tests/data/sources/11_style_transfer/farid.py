# Half done: the first three functions; the rest are stubs.

# %% content_cost
def content_cost(aC, aG):
    H, W, C = aG.shape
    return ops.sum(ops.square(ops.stop_gradient(aC) - aG) / (4 * H * W * C))

# %% gram_matrix
def gram_matrix(a):
    flat = ops.reshape(a, [-1, a.shape[2]])
    return ops.transpose(flat) @ flat

# %% style_layer_cost
def style_layer_cost(aS, aG):
    H, W, C = aS.shape
    return ops.sum((gram_matrix(aS) - gram_matrix(aG)) ** 2) / (2 * H * W * C) ** 2
