# Failures with texts of any length, in cells that there are not.
#! class = "wire"
#! seen = ["cell died", "failed"]
#! hollow = true

# %% after check_minimise
from autograder.guest import worker

send = worker._Wire.send
failure = ["E" * 10**6, "`m`" * 10**6, 2**62, -5, "c\n" * 10**6, "f" * 10**6]
worker._Wire.send = lambda self, message: send(self, {**message, "status": "raised", "failure": failure})
