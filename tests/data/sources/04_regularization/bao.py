# Everything right, in another style: masks that hold 1 / keep_prob, u > 1 - keep, deepcopy, stacked
# images; magics and prints.
#: executed = true

# %% setup
%matplotlib inline
import copy

import numpy as np
import matplotlib.pyplot as plt

from autograder import check

# %% dropout_forward
def dropout_forward(A, keep_prob, rng, training):
    scale = np.ones_like(A)
    if training and keep_prob < 1:
        scale = np.where(rng.uniform(0, 1, A.shape) > 1 - keep_prob, 1 / keep_prob, 0)
    return np.multiply(A, scale), scale

# %% dropout_backward
def dropout_backward(dA, mask, keep_prob):
    return np.multiply(dA, mask)  # my mask has the factor in it

# %% after check_dropout_backward
shown, _ = dropout_forward(np.ones((8, 20)), 0.7, np.random.default_rng(5), True)
plt.imshow(shown)
plt.colorbar()
plt.show()

# %% l2_penalty
def l2_penalty(params, lam, m):
    weights = [p.ravel() for key, p in sorted(params.items()) if key[0] == "W"]
    w = np.concatenate(weights)
    return lam * w.dot(w) / 2 / m

# %% l2_grad
def l2_grad(W, lam, m):
    return np.multiply(W, np.divide(lam, m))

# %% l1_penalty
def l1_penalty(params, lam, m):
    return lam * np.sum([np.linalg.norm(params[k].ravel(), 1) for k in params if "W" in k]) / m

# %% l1_grad
def l1_grad(W, lam, m):
    return np.where(W == 0, 0.0, np.copysign(lam / m, W))

# %% EarlyStopper whole
class EarlyStopper:
    """Keeps everything that it has seen."""

    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.seen = []
        self.best_value, self.best_epoch, self.best_weights = np.inf, -1, None

    def is_better(self, value):
        return not np.isnan(value) and self.best_value - value > self.min_delta

    def update(self, value, weights):
        self.seen.append(value)
        if self.is_better(value):
            self.best_value, self.best_weights = value, copy.deepcopy(weights)
            self.best_epoch = len(self.seen) - 1
        print("epoch", len(self.seen) - 1, "value", value, "best", self.best_value)
        return len(self.seen) > self.best_epoch + self.patience

# %% random_shift
def random_shift(images, max_px, rng):
    moved = []
    for image, (dy, dx) in zip(images, rng.integers(-max_px, max_px, (len(images), 2), endpoint=True)):
        rolled = np.roll(image, (dy, dx), axis=(0, 1))
        rows, cols = np.arange(image.shape[0]) - dy, np.arange(image.shape[1]) - dx
        rolled[(rows < 0) | (rows >= image.shape[0])] = 0
        rolled[:, (cols < 0) | (cols >= image.shape[1])] = 0
        moved.append(rolled)
    return np.stack(moved)

# %% random_flip
def random_flip(images, labels, rng, flippable):
    coins = rng.integers(2, size=len(labels)).astype(bool)
    may = np.array([int(label) in flippable for label in labels])
    return np.where((coins & may).reshape(-1, 1, 1, 1), np.flip(images, 2), images), labels.copy()
