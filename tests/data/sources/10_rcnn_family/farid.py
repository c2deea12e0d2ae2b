# One slip, in smooth_l1: ½ is taken off whatever beta is (SM2); rpn_loss, which calls it, is right.
#: rest = "bao"

# %% smooth_l1
def smooth_l1(x, beta=1.0):
    result = np.abs(x) - 0.5
    small = np.abs(x) < beta
    result[small] = x[small] ** 2 / 2 / beta
    return result
