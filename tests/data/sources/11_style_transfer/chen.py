# Everything right but the step, which is a stub.
#: rest = "ada"

# %% style_step
def style_step(image, features, targets, optimizer):
    raise NotImplementedError()
