# An endless loop in minimise: it waits for a gradient of exactly 0.  The rest is right.
#: rest = "ada"

# %% minimise
def minimise(step, grad_fn, w0, steps):
    w = w0
    path = [w0]
    k = 0
    while k < steps:
        new = step(w, grad_fn(w))
        if np.all(new == w):
            k += 1
            path.append(new)
    return path
