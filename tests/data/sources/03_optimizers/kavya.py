# A syntax error in the cell of adam_step: a bracket is missing.  The rest is right.
#: rest = "bao"

# %% adam_step
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    w = w - lr * bias_correct(v, beta1, t) / (np.sqrt(bias_correct(s, beta2, t) + eps)
    return w, v, s
