# One slip, in gram_matrix: a reshape to (C, H*W) without a transpose (NS1).
#: rest = "ada"

# %% gram_matrix
def gram_matrix(a):
    H, W, C = a.shape
    F = ops.reshape(a, (C, H * W))
    return ops.matmul(F, ops.transpose(F))
