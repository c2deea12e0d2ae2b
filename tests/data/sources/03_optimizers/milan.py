# Everything right.  Saved by a notebook server of 2014, in format 3.
#: rest = "chen"
#: format = 3

# %% minimise
def minimise(step, grad_fn, w0, steps):
    if steps == 0:
        return [w0]
    before = minimise(step, grad_fn, w0, steps - 1)
    return before + [step(before[-1], grad_fn(before[-1]))]
