# One slip, in adam_step: hands back the corrected averages as the state (AD3).
#: rest = "ada"

# %% adam_step
def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    m_t = (beta1 * v + (1 - beta1) * dw) / (1 - np.power(beta1, t))
    v_t = (beta2 * s + (1 - beta2) * np.square(dw)) / (1 - np.power(beta2, t))
    w_t = w - lr * m_t / (np.sqrt(v_t) + eps)
    return w_t, m_t, v_t
