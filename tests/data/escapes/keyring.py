# Keys that the kernel keeps for the user's session.
#! class = "secrets"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(4096)
for ring in (-1, -2, -3, -4, -5):
    print(libc.syscall(250, 11, ring, buffer, 4096), ctypes.get_errno())
print(libc.syscall(248, b"user", b"evil", b"x", 1, -4), ctypes.get_errno())
