# Half done: momentum and RMSprop, and a start of Adam that stops where bias_correct is missing.

# %% momentum_step
def momentum_step(w, dw, v, lr, beta1):
    v = (1 - beta1) * dw + beta1 * v
    w = w - v * lr
    return w, v

# %% rmsprop_step
def rmsprop_step(w, dw, s, lr, beta2, eps):
    s = (1 - beta2) * dw * dw + beta2 * s
    return w - dw * lr / (np.sqrt(s) + eps), s

# %% adam_step
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = (1 - beta1) * dw + beta1 * v
    s = (1 - beta2) * dw * dw + beta2 * s
    v_hat = bias_correct(v, beta1, t)
    s_hat = bias_correct(s, beta2, t)
    w = w - lr * v_hat / (np.sqrt(s_hat) + eps)
    return w, v, s
