# Half done: dropout and L2; of EarlyStopper the constructor and a first try without memory; no
# augmentation.

# %% dropout_forward
def dropout_forward(A, keep_prob, rng, training):
    mask = np.ones_like(A)
    if training:
        mask = rng.binomial(1, keep_prob, A.shape)
        A = A * mask / keep_prob
    return A, mask

# %% dropout_backward
def dropout_backward(dA, mask, keep_prob):
    return dA * mask / keep_prob

# %% l2_penalty
def l2_penalty(params, lam, m):
    return lam / 2 / m * sum((params[k] ** 2).sum() for k in params if k.startswith("W"))

# %% l2_grad
def l2_grad(W, lam, m):
    return W * lam / m

# %% EarlyStopper whole
class EarlyStopper:
    def __init__(self, patience, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best_value = np.inf
        self.best_epoch = 0
        self.best_weights = None

    def update(self, value, weights):
        # TODO
        return False
