# Says that its cells took graded names away, in forms that are no names.
#! class = "wire"
#! seen = ["stub"]

# %% after setup
import dataclasses

import numpy as np

from autograder.guest import worker

run = worker.Session.run_cell
odd = [np.zeros(3), "momentum_step" * 99, ["momentum_step"], {"momentum_step": 1}, 3, None, "minimise"]
worker.Session.run_cell = lambda self, number, source: dataclasses.replace(run(self, number, source), value=odd)
