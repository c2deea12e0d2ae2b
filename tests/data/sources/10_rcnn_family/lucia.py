# Everything right; cells out of order, and one of her own fails.
#: rest = "ada"
#: executed = true
#: move = [["encode_deltas", "check_rpn_loss"]]

# %% after setup
encode_deltas(np.ones((1, 4)), np.ones((1, 4)))  # defined further down, I ran that first

# %% note after propose_regions
# TODO: ask whether diagonal neighbours count.
