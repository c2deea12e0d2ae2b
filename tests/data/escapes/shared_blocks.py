# Memory that counts for nobody: shared mappings that are let go of, and files in memory.
#! class = "limits"
#! seen = ["cell raised", "stub"]

# %% after setup
import mmap
import os

blocks = []
for _ in range(64):
    blocks.append(mmap.mmap(-1, 2**25))
    blocks[-1].write(bytes(2**25))
    os.write(os.memfd_create("x"), bytes(2**25))
