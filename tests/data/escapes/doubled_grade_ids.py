# Grade and solution cells of the same ids, twice, with the wrong marks.
#! class = "notebook"
#! seen = ["note", "stub"]
#! double = ["check_momentum_step", "momentum_step", "check_minimise"]
