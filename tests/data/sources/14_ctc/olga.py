# Everything right but the training; the cells are out of order, and cells of her own fail.
#: rest = "chen"
#: executed = true
#: move = [["ctc_extend", "setup"], ["ctc_grad", "setup"], ["check_ctc_nll", "setup"]]

# %% after ctc_collapse
ctc_nll(np.zeros((3, 3)), [1], 0)  # ran this after the cell below

# %% after check_ctc_greedy_decode
sounds["cookbook"]

# %% note after check_ctc_nll
# **Why** is the loss of an impossible word infinite and not an error?
