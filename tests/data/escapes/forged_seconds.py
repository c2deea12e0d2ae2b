# Seconds that are negative, endless or no number.
#! class = "wire"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import itertools

from autograder.guest import worker

send = worker._Wire.send
odd = itertools.cycle([float("nan"), float("inf"), -1e308, "0", None, [1], 10**18])
worker._Wire.send = lambda self, message: send(self, {**message, "seconds": next(odd)})
