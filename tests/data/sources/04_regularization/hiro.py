# Slips of a training loop: the weights are kept without a copy (ES2b, ES2c: the same), l2_grad
# decays the weights itself (L2d), random_shift works in the caller's images (AU7).
#: rest = "ada"

# %% l2_grad
def l2_grad(W, lam, m):
    decay = lam * W / m
    W[...] = W - decay
    return decay

# %% EarlyStopper whole
class EarlyStopper:
    def __init__(self, patience, min_delta=0.0):
        self.p, self.d = patience, min_delta
        self.best_value, self.best_epoch, self.best_weights = 1e99, 0, None
        self.t, self.bad = 0, 0

    def update(self, value, weights):
        self.bad += 1
        if value < self.best_value - self.d:
            self.best_value, self.best_epoch, self.bad = value, self.t, 0
            self.best_weights = list(weights) if isinstance(weights, list) else dict(weights)
        self.t += 1
        return self.bad >= self.p

# %% random_shift
def random_shift(images, max_px, rng):
    N, H, W, C = images.shape
    for n in range(N):
        dy, dx = rng.integers(-max_px, max_px + 1, 2)
        big = np.zeros((H + 2 * max_px, W + 2 * max_px, C), images.dtype)
        big[max_px + dy : max_px + dy + H, max_px + dx : max_px + dx + W] = images[n]
        images[n] = big[max_px : max_px + H, max_px : max_px + W]
    return images
