# Attaches to the template and the grader, and reads and writes their memory.
#! class = "template"
#! seen = ["cell raised", "stub"]

# %% after setup
import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
results = []
for process in (1, 2, 3, os.getppid(), *range(100, 400)):
    results.append(libc.ptrace(16, process, 0, 0))
    buffer = ctypes.create_string_buffer(64)
    pair = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 64)
    results.append(libc.process_vm_readv(process, pair, 1, pair, 1, 0))
    results.append(libc.process_vm_writev(process, pair, 1, pair, 1, 0))
assert max(results) >= 0, errno.errorcode[ctypes.get_errno()]
