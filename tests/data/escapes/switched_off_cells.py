# The cells of the exercises are tagged as experiments, and marked as grade cells, so that none runs.
#! class = "notebook"
#! seen = ["missing", "note"]
#! tag = ["momentum_step", "rmsprop_step", "bias_correct", "adam_step", "minimise"]
