# `bias_correct` is wrong on purpose, so that it is lent to `adam_step`, which then asks for itself.
#! class = "wire"

# %% after check_minimise
import socket

from autograder import worker

wire = worker._Wire(socket.socket(fileno=3))


def ask(name, args):
    wire.send({"ask": name, "args": list(args), "kwargs": {}})
    answer = wire.receive()
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["value"]


bias_correct = lambda v, beta, t: v


def adam_step(w, dw, v, s, t, lr, beta1, beta2, eps):
    bias_correct(v, beta1, t)
    return ask("adam_step", (w, dw, v, s, t, lr, beta1, beta2, eps))


def minimise(step, grad_fn, w0, steps):
    return ask("minimise", (w0, w0, w0, steps))
