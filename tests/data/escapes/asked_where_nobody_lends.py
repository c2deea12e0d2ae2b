# Asks the grader for the reference's answers to every exercise, though nothing was lent.
#! class = "wire"
#! seen = ["died", "stub"]

# %% after check_minimise
import socket

from autograder.guest import worker

wire = worker._Wire(socket.socket(fileno=3))


def thief(name):
    def steal(*args):
        wire.send({"ask": name, "args": list(args), "kwargs": {}})
        answer = wire.receive()
        return answer["value"]

    return steal


momentum_step, rmsprop_step, bias_correct, adam_step = map(
    thief, ("momentum_step", "rmsprop_step", "bias_correct", "adam_step")
)
