# Prints for ever, in lines and in one.
#! class = "limits"
#! seen = ["stub"]
#! says = ["(cut here)"]

# %% after setup
import os
import sys

for _ in range(300):
    print("x" * 100_000)
    sys.stderr.write("y" * 100_000)
    os.write(1, b"z" * 100_000)
