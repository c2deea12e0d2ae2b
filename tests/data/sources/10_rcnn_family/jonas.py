# A syntax error in the cell of smooth_l1: a bracket is missing.  rpn_loss, which calls it, is right.
#: rest = "ada"

# %% smooth_l1
def smooth_l1(x, beta=1.0):
    return np.where(np.abs(x) < beta, x ** 2 / (2 * beta), np.abs(x) - beta / 2
