# Odd cells: out of order, one that fails, one that redefines a function further down; all is right.
#: rest = "ada"
#: format = 3
#: move = [["random_flip", "setup"], ["l2_penalty", "check_random_shift"]]

# %% after setup
dropout_forward(np.ones((2, 2)), 0.5, np.random.default_rng(0), True)  # not defined yet

# %% after check_l1_grad
def l1_grad(W, lam, m):
    "a second version, because I liked it better"
    return (lam / m) * ((W > 0) * 1.0 - (W < 0))

# %% note after check_EarlyStopper
# **Question:** is `best_weights` a reference?
