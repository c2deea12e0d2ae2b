# Two replies to each question, of which the grader may take either.
#! class = "wire"
#! seen = ["cell died", "cell timeout", "died"]
#! hollow = true

# %% after setup
from autograder.guest import worker

send = worker._Wire.send


def twice(self, message):
    send(self, message)
    if "ask" not in message:
        send(self, {**message, "status": "ok", "value": True})


worker._Wire.send = twice
