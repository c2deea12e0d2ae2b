# Wrong names: `rmsProp_step` and `biasCorrect`; Adam uses her own name and is right.
#: rest = "ada"

# %% rmsprop_step whole
def rmsProp_step(w, dw, s, lr, beta2, eps):
    s = beta2 * s + (1 - beta2) * dw**2
    w = w - lr * dw / (np.sqrt(s) + eps)
    return w, s

# %% bias_correct whole
def biasCorrect(v, beta, t):
    return v / (1 - beta**t)

# %% adam_step
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    vc = biasCorrect(v, beta1, t)
    sc = biasCorrect(s, beta2, t)
    return w - lr * vc / (np.sqrt(sc) + eps), v, s
