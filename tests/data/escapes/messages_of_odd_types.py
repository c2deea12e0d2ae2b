# Deep nesting, unknown extensions, time stamps, keys that are no text, bytes that are no text.
#! class = "wire"
#! seen = ["died", "stub"]

# %% after check_minimise
import socket
import struct


def send(body):
    socket.socket(fileno=3).sendall(struct.pack("<I", len(body)) + body)


def momentum_step(w, dw, v, lr, beta1):
    send(b"\x91" * 100_000 + b"\xc0")
    return w, v


def rmsprop_step(w, dw, s, lr, beta2, eps):
    send(b"\xd6\xff" + b"\x00" * 4)
    return w, s


def bias_correct(v, beta, t):
    send(b"\x82\x01\x02\xa2id\xa3\xff\xfe\xfd")
    return v


def minimise(step, grad_fn, w0, steps):
    send(b"\xc9\x00\x00\x00\x08\x01\x92\xa7float64\x91\xcf" + b"\xff" * 8)
    return [w0]
