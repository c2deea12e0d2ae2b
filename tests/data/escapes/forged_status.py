# Statuses that there are not, and those that only the grader may give.
#! class = "wire"
#! seen = ["cell died", "failed"]
#! hollow = true

# %% after check_minimise
import itertools

from autograder.guest import worker

send = worker._Wire.send
statuses = itertools.cycle(["passed", "fault", "graded", "skipped", ["ok"], None, "forbidden", 1])
worker._Wire.send = lambda self, message: send(self, {**message, "status": next(statuses)})
