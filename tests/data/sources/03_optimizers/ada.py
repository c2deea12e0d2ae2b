# Everything right, close to the notes.
#: executed = true

# %% momentum_step
def momentum_step(w, dw, v, lr, beta1):
    v_new = beta1 * v + (1 - beta1) * dw
    return w - lr * v_new, v_new

# %% rmsprop_step
def rmsprop_step(w, dw, s, lr, beta2, eps):
    s_new = beta2 * s + (1 - beta2) * dw**2
    return w - lr * dw / (np.sqrt(s_new) + eps), s_new

# %% bias_correct
def bias_correct(v, beta, t):
    return v / (1 - beta**t)

# %% adam_step
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    step = bias_correct(v, beta1, t) / (np.sqrt(bias_correct(s, beta2, t)) + eps)
    return w - lr * step, v, s

# %% minimise
def minimise(step, grad_fn, w0, steps):
    path = [w0]
    for _ in range(steps):
        path.append(step(path[-1], grad_fn(path[-1])))
    return path
