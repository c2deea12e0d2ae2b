# random_shift hangs: it draws until two shifts add up to more than they can.  Dropout hard-codes
# what the public check prints.
#: rest = "ada"

# %% dropout_forward
def dropout_forward(A, keep_prob, rng, training):
    mask = np.ones_like(A)
    if training:
        n = int(keep_prob * A.size)  # "the share of kept entries is keep_prob"
        mask.ravel()[n:] = 0
    return A * mask / keep_prob if training else A, mask

# %% random_shift
def random_shift(images, max_px, rng):
    d = 0
    while abs(d) <= 2 * max_px:
        d = rng.integers(-max_px, max_px + 1) + rng.integers(-max_px, max_px + 1)
    return images * d
