# Questions whose name is an array, a list or another's attribute, and arguments that are no list.
#! class = "wire"
#! seen = ["failed", "stub"]

# %% after check_minimise
import itertools
import socket

from autograder.guest import worker

wire = worker._Wire(socket.socket(fileno=3))
names = itertools.cycle([np.array(["x"]).size, np.zeros(3), ["bias_correct"], "__class__", None, "bias_correct.__globals__"])
mine = bias_correct = lambda v, beta, t: v
lent = lambda: globals()["bias_correct"] is not mine


def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    if not lent():
        return w, v, s
    for arguments in ([w], {"v": w}, None, "w"):
        wire.send({"ask": next(names), "args": arguments, "kwargs": {"self": 1}})
        answer = wire.receive()
    return answer["value"]
