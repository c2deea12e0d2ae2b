# Right formulas, but momentum_step computes in float32, "because networks use float32".
#: rest = "ada"

# %% momentum_step
def momentum_step(w, dw, v, lr, beta1):
    w, dw, v = (np.asarray(x, dtype=np.float32) for x in (w, dw, v))
    v = np.float32(beta1) * v + np.float32(1 - beta1) * dw
    w = w - np.float32(lr) * v
    return w, v
