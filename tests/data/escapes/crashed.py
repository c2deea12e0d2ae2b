# Ends by the signals that come with mistakes in compiled code.
#! class = "limits"
#! seen = ["died", "raised|died", "stub"]

# %% after check_minimise
import ctypes
import os
import signal

momentum_step = lambda *args: ctypes.string_at(0)
rmsprop_step = lambda *args: os.abort()
bias_correct = lambda *args: os.kill(os.getpid(), 40) or ctypes.CDLL(None).raise_(signal.SIGRTMIN + 3)
