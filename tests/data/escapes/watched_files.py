# Watches which files the others open.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import ctypes
import sys

libc = ctypes.CDLL(None, use_errno=True)
watch = libc.inotify_init1(0o4000)
for path in (b"/", b"/tmp", b"/dev/null", sys.prefix.encode()):
    libc.inotify_add_watch(watch, path, 0x20)
print(libc.syscall(300, 0, 0))  # fanotify
