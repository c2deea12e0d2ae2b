# Threads that compute on after the cell, to slow down everybody else.
#! class = "limits"
#! seen = ["failed|timeout"]
#! hollow = true

# %% after setup
import threading


def spin():
    while True:
        pass


for _ in range(2):
    threading.Thread(target=spin, daemon=True).start()
