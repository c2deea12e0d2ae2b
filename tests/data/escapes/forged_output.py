# Output that no cell has printed, as long as a message can be.
#! class = "wire"
#! seen = ["failed|timeout"]
#! hollow = true

# %% after setup
from autograder.guest import worker

send = worker._Wire.send
worker._Wire.send = lambda self, message: send(self, {**message, "output": "All 20 points.\n" * 10**6})
