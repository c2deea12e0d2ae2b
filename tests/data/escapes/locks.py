# Locks on the files that everybody reads.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import fcntl
import glob
import os
import sys

held = []
for path in glob.glob(f"{sys.prefix}/lib/python*/site-packages/numpy/*.py"):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        held.append(descriptor)
    except OSError:
        os.close(descriptor)
print(len(held))
