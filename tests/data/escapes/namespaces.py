# New namespaces in which one is root, mounts, another root, and back to the outside's namespaces.
#! class = "template"
#! seen = ["cell raised", "stub"]

# %% after setup
import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
results = [libc.unshare(flag) for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000)]
results += [
    libc.mount(b"none", b"/tmp", b"tmpfs", 0, b""),
    libc.mount(b"/", b"/tmp", None, 4096, None),
    libc.umount2(b"/proc", 2),
    libc.chroot(b"/tmp"),
    libc.syscall(155, b"/tmp", b"/tmp"),
    libc.setns(0, 0),
    libc.syscall(428, -100, b"/", 1),
]
assert max(results) >= 0, errno.errorcode[ctypes.get_errno()]
