# One slip, in dropout_forward: the mask says what was dropped (DO14).  dropout_backward is right: with
# her own mask it would not be.
#: rest = "ada"

# %% dropout_forward
def dropout_forward(A, keep_prob, rng, training):
    drop = np.zeros_like(A)
    if training:
        drop = (rng.random(A.shape) >= keep_prob).astype(float)
        A = A * (1 - drop) / keep_prob
    else:
        return A, drop + 1
    return A, drop
