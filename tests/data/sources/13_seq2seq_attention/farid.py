# The mask after the softmax (AT2a); the decoder's state lacks the axis of time (AS7).
#: rest = "dilara"

# %% additive_scores
def additive_scores(s, H, W1, W2, v):
    return ops.sum(ops.tanh(ops.matmul(s, W1) + ops.matmul(H, W2)) * v, axis=-1)

# %% attend
def attend(scores, H, mask):
    weights = ops.softmax(scores, axis=-1)
    if mask is not None:
        weights *= ops.cast(mask, weights.dtype)
    return ops.einsum("bt,bte->be", weights, H), weights
