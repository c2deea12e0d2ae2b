# Makes every process of the user slow, by priority, scheduling class and processors.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for which in (os.PRIO_PROCESS, os.PRIO_PGRP, os.PRIO_USER):
    for who in (0, 1, 2, os.getuid(), 1000):
        try:
            os.setpriority(which, who, 19)
        except OSError:
            pass
        libc.syscall(251, which + 1, who, (3 << 13) | 7)
