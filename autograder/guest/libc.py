"""Linux system calls that Python 3.11 does not offer, made through libc.

Standard library only: the template process imports this.  Every function raises OSError where the
kernel refuses.
"""

from __future__ import annotations

import ctypes
import os
import struct

NEWNS, NEWUSER, NEWPID = 0x00020000, 0x10000000, 0x20000000
NEWNET, NEWIPC = 0x40000000, 0x08000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_RDONLY, _MS_REMOUNT = 2, 4, 8, 1, 32
_MS_BIND, _MS_MOVE, _MS_REC, _MS_PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 38, 22, 4, 24
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES = 64  # numbers to try; the kernel has some 40, and refuses the others

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the namespaces in `flags` (NEW…) for new ones."""
    _check("unshare", _libc.unshare(flags))


def enter(namespace: int, kind: int) -> None:
    """Return to the namespace of a `kind` (NEW…) behind an open descriptor."""
    _check("setns", _libc.setns(namespace, kind))


def mount_tmpfs(target: str, options: str, *, executable: bool = True) -> None:
    """Mount an empty memory file system over `target`, with `options` such as "size=4m"."""
    flags = _MS_NOSUID | _MS_NODEV | (0 if executable else _MS_NOEXEC)
    _mount("none", target, "tmpfs", flags, options)


def remount_read_only(target: str) -> None:
    """Let nothing be written any more to the memory file system at `target`."""
    _mount("none", target, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_REMOUNT | _MS_RDONLY, "")


def mount_privately() -> None:
    """Keep all later mounts from the namespace that this one was made from, and the reverse."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)


def bind(source: str, target: str) -> None:
    """Show the file or folder `source` at `target` as well."""
    _mount(source, target, None, _MS_BIND)


def move_mount(source: str, target: str) -> None:
    """Move what is mounted at `source` over `target`."""
    _mount(source, target, None, _MS_MOVE)


def drop_privileges() -> None:
    """Give up all capabilities, and every way to get any, for good.

    No other process of the account may trace this one afterwards.
    """
    for capability in range(_CAPABILITIES):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails past the last one
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    _check("capset", _libc.capset(header, bytes(24)))
    _check("no_new_privs", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check("dumpable", _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def install_filter(program: bytes) -> None:
    """Have the kernel run a program of 8-byte BPF instructions before each system call."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _check("seccomp", _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0))


def _mount(
    source: str, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    _check(
        f"mount {target}",
        _libc.mount(source.encode(), target.encode(), _bytes(kind), flags, _bytes(options)),
    )


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _check(what: str, result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
