# Answers with the number of the next question, or one that was answered.
#! class = "wire"
#! seen = ["cell died", "failed"]
#! hollow = true

# %% after setup
from autograder.guest import worker

send = worker._Wire.send
worker._Wire.send = lambda self, message: send(self, {**message, "id": message.get("id", 0) + 1})
