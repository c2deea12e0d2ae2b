# Corrects both averages again wherever they are needed.
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    assert np.all(np.isfinite(bias_correct(v, beta1, t)))
    assert np.all(bias_correct(s, beta2, t) >= 0)
    step = lr * bias_correct(v, beta1, t) / (np.sqrt(bias_correct(s, beta2, t)) + eps)
    return w - step, v, s
