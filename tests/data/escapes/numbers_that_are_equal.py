# The number of the question as a float or boolean that equals it.
#! class = "wire"
#! seen = ["cell died", "failed"]
#! hollow = true

# %% after setup
from autograder.guest import worker

send = worker._Wire.send
worker._Wire.send = lambda self, message: send(self, {**message, "id": float(message["id"])})
