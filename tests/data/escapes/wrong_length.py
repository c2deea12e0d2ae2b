# Lengths that promise more, or less, than follows.
#! class = "wire"
#! seen = ["died", "memory", "stub"]

# %% after check_minimise
import socket
import struct


def momentum_step(w, dw, v, lr, beta1):
    socket.socket(fileno=3).sendall(struct.pack("<I", 3) + b"\x81\xa2id" + b"\x01" * 100)
    return w, v


def rmsprop_step(w, dw, s, lr, beta2, eps):
    socket.socket(fileno=3).sendall(struct.pack("<I", 2**32 - 1))
    return w, s


def bias_correct(v, beta, t):
    socket.socket(fileno=3).sendall(struct.pack("<I", 0))
    return v
