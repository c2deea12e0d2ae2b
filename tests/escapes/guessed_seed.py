# Draws the hidden cases from the seeds that people take, to know the answers before they are asked.
#! class = "secrets"
#! hollow = true

# %% after setup
from autograder.course import case_seed

for seed in ("public", "", "0", "42", "seed", "secret", "03_optimizers", "check-course"):
    rng = np.random.default_rng(case_seed(seed, "03_optimizers", "momentum_step", "momentum_one_update", 0))
    table = {rng.normal(): None}
