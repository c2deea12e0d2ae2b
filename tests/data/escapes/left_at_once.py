# Ends the process from an answer.
#! class = "limits"
#! seen = ["died", "stub"]

# %% after check_minimise
import os

momentum_step = lambda *args: os._exit(0)
rmsprop_step = lambda *args: os._exit(1)
bias_correct = lambda *args: os.kill(os.getpid(), 9) or os._exit(77)
