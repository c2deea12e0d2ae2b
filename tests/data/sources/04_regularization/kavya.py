# Raises: the class lacks its second method (it is called `step`), and l1_penalty knows no `math`.
#: rest = "ada"

# %% l1_penalty
def l1_penalty(params, lam, m):
    return lam / m * math.fsum(abs(w) for k in params if k[0] == "W" for w in params[k].ravel())

# %% EarlyStopper whole
class EarlyStopper:
    def __init__(self, patience, min_delta=0.0):
        self.patience = patience
        self.best_value, self.best_epoch, self.best_weights = np.inf, -1, None

    def step(self, value, weights):
        return False
