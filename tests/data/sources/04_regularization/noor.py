# Accuracy is monitored (ES3): higher counts as better; and the flip turns images upside down (AU10).
#: rest = "bao"

# %% EarlyStopper whole
class EarlyStopper:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best_value, self.best_epoch, self.best_weights = -np.inf, -1, None
        self.n = 0

    def update(self, value, weights):
        if value > self.best_value + self.min_delta:
            self.best_value, self.best_epoch = value, self.n
            self.best_weights = copy.deepcopy(weights)
        self.n += 1
        return self.n - 1 - self.best_epoch >= self.patience

# %% random_flip
def random_flip(images, labels, rng, flippable):
    shown = [
        np.flipud(image) if label in flippable and rng.random() < 0.5 else image
        for image, label in zip(images, labels)
    ]
    return np.stack(shown), labels
