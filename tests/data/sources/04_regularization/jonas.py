# Stops after `patience` epochs in all (ES1), and the backward pass of dropout forgets the mask (DO4).
#: rest = "bao"

# %% dropout_backward
def dropout_backward(dA, mask, keep_prob):
    return dA / keep_prob

# %% EarlyStopper whole
class EarlyStopper:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best_value, self.best_epoch, self.best_weights = np.inf, None, None
        self.epoch = -1

    def update(self, value, weights):
        self.epoch += 1
        if value + self.min_delta < self.best_value:
            self.best_value, self.best_epoch = value, self.epoch
            self.best_weights = copy.deepcopy(weights)
        return self.epoch >= self.patience
