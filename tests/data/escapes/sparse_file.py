# A file of a terabyte that takes no space until it is read.
#! class = "limits"
#! seen = ["cell raised", "stub"]

# %% after setup
import os

with open("sparse", "wb") as file:
    os.posix_fallocate(file.fileno(), 0, 2**40)
