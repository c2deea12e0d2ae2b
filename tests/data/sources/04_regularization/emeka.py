# One slip, in dropout_forward: keep_prob is taken for Keras' rate (DO2).  dropout_backward is right,
# and judged with a right forward pass.
#: rest = "ada"

# %% dropout_forward
def dropout_forward(A, keep_prob, rng, training):
    # like keras.layers.Dropout(rate)
    if not training:
        return A, np.ones_like(A)
    dropped = rng.random(A.shape) < keep_prob
    mask = 1.0 - dropped
    return A * mask / max(1 - keep_prob, 1e-12), mask
