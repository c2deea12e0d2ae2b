# The metadata says that each exercise is worth a hundred points, and that they were given.
#: points = { check_momentum_step = 100, check_rmsprop_step = 100, check_bias_correct = -50 }
#: executed = true
#! class = "notebook"
#! seen = ["note", "stub"]
