# NaN and infinities, which no comparison finds far from anything.
#! class = "wire"
#! seen = ["failed", "stub"]

# %% after check_minimise
def momentum_step(w, dw, v, lr, beta1):
    return w * np.nan, v * np.nan


def rmsprop_step(w, dw, s, lr, beta2, eps):
    return np.full(np.shape(w), np.inf), np.full(np.shape(s), -np.inf)


def bias_correct(v, beta, t):
    return np.asarray(v) * complex(np.nan, np.inf)


def minimise(step, grad_fn, w0, steps):
    return [w0 * np.nan] * (steps + 1)
