# The number of the question is an array, which has no truth value when compared.
#! class = "wire"
#! seen = ["cell died", "failed"]
#! says = ["a question that was not asked"]
#! hollow = true

# %% after setup
from autograder.guest import worker

send = worker._Wire.send
worker._Wire.send = lambda self, message: send(self, {**message, "id": np.array([1, 2, 3])})
