# Two slips: rmsprop_step writes into the caller's arrays (RM14), and the path lacks the start (MI2).
#: rest = "chen"

# %% rmsprop_step
def rmsprop_step(w, dw, s, lr, beta2, eps):
    s *= beta2
    s += (1 - beta2) * dw * dw
    w -= lr / (np.sqrt(s) + eps) * dw
    return w, s

# %% minimise
def minimise(step, grad_fn, w0, steps):
    w, path = w0, []
    for _ in range(steps):
        w = step(w, grad_fn(w))
        path += [w]
    return path
