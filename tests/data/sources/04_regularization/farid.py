# Two slips: dropout without the division (DO1), and a backward pass without it to match (DO5).
#: rest = "ada"

# %% dropout_forward
def dropout_forward(A, keep_prob, rng, training):
    D = np.ones_like(A)
    if training:
        D = (rng.random(A.shape) < keep_prob).astype(float)
    return A * D, D

# %% dropout_backward
def dropout_backward(dA, mask, keep_prob):
    out = dA.copy()
    out[mask == 0] = 0
    return out
