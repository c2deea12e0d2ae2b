# Three slips about penalties: Keras' L2, without the ½ (L2b, L2b.twice), and a sign that is 1 at 0 (L1b).
#: rest = "bao"

# %% l2_penalty
def l2_penalty(params, lam, m):
    return float(sum(lam * np.square(W).sum() for k, W in params.items() if k.startswith("W")) / m)

# %% l2_grad
def l2_grad(W, lam, m):
    return lam * 2 * W / m

# %% l1_grad
def l1_grad(W, lam, m):
    grad = np.ones(W.shape) * lam / m
    grad[W < 0] *= -1
    return grad
