# One slip, in smooth_l1: ½ is taken off whatever beta is (SM2); rpn_loss, which calls it, is right.
#: rest = "bao"

# %% smooth_l1
def smooth_l1(x, beta=1.0):
    size = ops.absolute(x)
    return ops.where(size < beta, x ** 2 / 2 / beta, size - 0.5)
