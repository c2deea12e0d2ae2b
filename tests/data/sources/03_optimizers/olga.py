# Everything right, but the cells are out of order, and cells of her own fail on the way.
#: rest = "chen"
#: executed = true
#: move = [["adam_step", "setup"], ["momentum_step", "check_minimise"], ["check_rmsprop_step", "setup"]]

# %% after bias_correct
momentum_step(1.0, 2.0, 0.0, 0.1, 0.9)  # defined further down, I ran that first

# %% after check_bias_correct
%timeit -n 10 bias_correct(1.0, 0.9, 3)

# %% note after check_minimise
# **Question:** why is the list one longer than `steps`?
