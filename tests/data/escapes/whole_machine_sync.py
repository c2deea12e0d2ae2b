# Waits for the disks of the whole machine, again and again, in many threads.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os
import threading

results = []


def flush():
    for _ in range(100):
        os.sync()


threads = [threading.Thread(target=flush, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
