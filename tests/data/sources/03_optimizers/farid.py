# One slip, in momentum_step: the classic form, without 1 - β₁ (MO1).  Momentum's descent in
# minimise is not minimise's fault.
#: rest = "ada"

# %% momentum_step
def momentum_step(w, dw, v, lr, beta1):
    v = v * beta1
    v = v + dw
    return w - lr * v, v
