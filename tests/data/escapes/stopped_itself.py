# Stops itself, so that it uses no time and gives no answer.
#! class = "limits"
#! seen = ["stub", "timeout"]

# %% after check_minimise
import ctypes
import os
import signal
import threading


def momentum_step(w, dw, v, lr, beta1):
    os.kill(os.getpid(), signal.SIGSTOP)
    signal.raise_signal(signal.SIGTSTP)
    threading.Event().wait()
