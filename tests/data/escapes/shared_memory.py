# Memory that the template or a sibling may share: System V, POSIX, message queues, anonymous files.
#! class = "template"
#! seen = ["cell raised", "stub"]

# %% after setup
import ctypes
import errno
import mmap
import os

libc = ctypes.CDLL(None, use_errno=True)
results = [libc.shmget(1, 4096, 0o1666), libc.msgget(1, 0o1666), libc.semget(1, 1, 0o1666)]
results += [libc.syscall(240, b"canary", 0o102, 0o666, 0), libc.syscall(319, b"canary", 0)]
print(results, errno.errorcode[ctypes.get_errno()])
for folder in ("/dev/shm", "/run/lock", "/var/tmp"):
    try:
        open(f"{folder}/canary", "w").write("CANARY-SHARED")
    except OSError as error:
        print(type(error).__name__)
from multiprocessing import shared_memory

shared_memory.SharedMemory("canary", create=True, size=4096)
