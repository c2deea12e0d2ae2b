# Takes descriptors out of other processes.
#! class = "template"
#! seen = ["cell raised", "stub"]

# %% after setup
import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
opened = [libc.syscall(434, process, 0) for process in range(1, 400)]
taken = [libc.syscall(438, descriptor, number, 0) for descriptor in range(20) for number in range(20)]
assert max(opened + taken) >= 0, errno.errorcode[ctypes.get_errno()]
