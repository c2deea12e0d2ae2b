# An endless loop in numerical_gradient: the counter never counts.  The rest is right.
#: rest = "bao"

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    grad = np.zeros(x.size)
    k = 0
    while k < x.size:
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        grad[k] = (f(x + e) - f(x - e)) / (2 * h)
    return grad.reshape(x.shape)
