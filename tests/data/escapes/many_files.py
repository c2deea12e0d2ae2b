# Files without number, and a directory that is as deep as it can be.
#! class = "limits"
#! seen = ["cell raised", "stub"]

# %% after setup
import os

for number in range(10**6):
    open(f"{number}", "w").close()
