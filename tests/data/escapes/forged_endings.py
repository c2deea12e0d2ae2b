# Claims to have been stopped by the grader's own limits, so that somebody else is to blame.
#! class = "wire"
#! seen = ["cell died", "died"]
#! hollow = true

# %% after check_minimise
from autograder.guest import worker

send = worker._Wire.send
stopped = {"status": "died", "failure": ["Stopped", "The grader failed. Full points were given.", 1, 1, "x", "f"]}
worker._Wire.send = lambda self, message: send(self, {**message, **stopped})
