# Everything right, close to the text.
#: executed = true

# %% dropout_forward
def dropout_forward(A, keep_prob, rng, training):
    if training:
        D = rng.random(A.shape) < keep_prob
        return D * A / keep_prob, D
    return A, np.ones(A.shape)

# %% dropout_backward
def dropout_backward(dA, mask, keep_prob):
    return mask * dA / keep_prob

# %% l2_penalty
def l2_penalty(params, lam, m):
    total = 0
    for name in params:
        if name.startswith("W"):
            total += np.sum(params[name] ** 2)
    return lam / (2 * m) * total

# %% l2_grad
def l2_grad(W, lam, m):
    return lam / m * W

# %% l1_penalty
def l1_penalty(params, lam, m):
    total = 0
    for name in params:
        if name.startswith("W"):
            total += np.sum(np.abs(params[name]))
    return lam / m * total

# %% l1_grad
def l1_grad(W, lam, m):
    return lam / m * np.sign(W)

# %% EarlyStopper whole
class EarlyStopper:
    def __init__(self, patience, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best_value = float("inf")
        self.best_epoch = None
        self.best_weights = None
        self.epoch = 0
        self.wait = 0

    def update(self, value, weights):
        if value < self.best_value - self.min_delta:
            self.best_value = value
            self.best_epoch = self.epoch
            if isinstance(weights, dict):
                self.best_weights = {k: v.copy() for k, v in weights.items()}
            else:
                self.best_weights = [w.copy() for w in weights]
            self.wait = 0
        else:
            self.wait += 1
        self.epoch += 1
        return self.wait >= self.patience

# %% random_shift
def random_shift(images, max_px, rng):
    N, H, W, C = images.shape
    out = np.zeros_like(images)
    for n in range(N):
        dy = rng.integers(-max_px, max_px + 1)
        dx = rng.integers(-max_px, max_px + 1)
        for y in range(H):
            for x in range(W):
                if 0 <= y - dy < H and 0 <= x - dx < W:
                    out[n, y, x] = images[n, y - dy, x - dx]
    return out

# %% random_flip
def random_flip(images, labels, rng, flippable):
    out = images.copy()
    for n in range(len(images)):
        if labels[n] in flippable and rng.random() < 0.5:
            out[n] = images[n, :, ::-1]
    return out, labels
