# Raw packets, netlink, vsock, bluetooth, and the call itself instead of Python's module.
#! class = "outside"
#! seen = ["cell raised", "stub"]

# %% after setup
import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
results = {family: libc.syscall(41, family, 1, 0) for family in (1, 2, 10, 16, 17, 31, 40, 44)}
print(results, errno.errorcode[ctypes.get_errno()])
assert max(results.values()) >= 0, "no socket of any family"
