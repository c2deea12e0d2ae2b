# Slips of augmentation: np.roll (AU2), and flips whatever the label (AU1).
#: rest = "ada"
#: editor = "colab"

# %% random_shift
def random_shift(images, max_px, rng):
    out = images.copy()
    for n in range(len(out)):
        out[n] = np.roll(out[n], rng.integers(-max_px, max_px + 1), axis=0)
        out[n] = np.roll(out[n], rng.integers(-max_px, max_px + 1), axis=1)
    return out

# %% random_flip
def random_flip(images, labels, rng, flippable):
    flip = rng.random(len(images)) < 0.5
    out = images.copy()
    out[flip] = out[flip][:, :, ::-1]
    return out, labels
