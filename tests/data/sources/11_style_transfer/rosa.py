# A syntax error in the cell of style_step.  The rest is right.
#: rest = "ada"

# %% style_step
def style_step(image, features, targets, optimizer):
    with tf.GradientTape() as tape:
        maps = [m[0] for m in features(image)
    return 0.0
