# A syntax error in the cell of numerical_gradient: a bracket is missing.  The rest is right.
#: rest = "ada"

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = h
        grad[i] = (f(x + e) - f(x - e) / (2 * h)
    return grad
