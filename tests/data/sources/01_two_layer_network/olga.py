# Everything right, but the cells are out of order, and cells of her own fail on the way.
#: rest = "bao"
#: executed = true
#: move = [["train_two_layer", "setup"], ["backward", "setup"], ["sigmoid", "check_gd_step"], ["check_forward", "check_train_two_layer"]]

# %% setup
from collections.abc import Callable

import numpy as np

from autograder import check

# %% after forward
# works when I run it after the sigmoid cell
forward(np.ones((2, 3)), {"W1": np.ones((4, 2)), "b1": np.zeros((4, 1)), "W2": np.ones((1, 4)), "b2": np.zeros((1, 1))}, "sigmoid")

# %% after check_cross_entropy
1 / 0

# %% after check_train_two_layer
old_losses
