# Thousands of threads before anybody looks.
#! class = "limits"
#! seen = ["cell raised", "stub"]

# %% after setup
import ctypes
import threading

threading.stack_size(2**15)
libc = ctypes.CDLL(None)
thread = ctypes.c_ulong()
made = 0
while made < 20_000 and libc.pthread_create(ctypes.byref(thread), None, ctypes.cast(libc.pause, ctypes.c_void_p), None) == 0:
    made += 1
if made > 1000:
    print("CANARY" "-THREADS")
assert made > 1000, made
