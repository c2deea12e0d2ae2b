# What is mounted from where, by the calls that need no /proc.
#! class = "secrets"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
request = ctypes.create_string_buffer(struct.pack("IIQQ", 24, 0, 0xFFFFFFFFFFFFFFFF, 0))
listed = ctypes.create_string_buffer(8 * 256)
print(libc.syscall(458, request, listed, 256, 0), ctypes.get_errno())
print(libc.syscall(457, request, listed, 2048, 0), ctypes.get_errno())
