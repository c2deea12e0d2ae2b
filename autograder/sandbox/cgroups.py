"""Limits of the kernel on a child's memory and threads by cgroups (version 2).

They need a cgroup that was delegated to this process: in `systemd-run --user --scope -p
Delegate=yes`, in a service with `Delegate=yes`, in some containers.  Elsewhere the watch and
rlimits hold alone.  (https://docs.kernel.org/admin-guide/cgroup-v2.html, "Delegation")
"""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path

from autograder.sandbox.limits import MIB, Limits

_CONTROLLERS = ("memory", "pids")
# Beyond what the watch allows, which acts first and can say more: page tables, sockets, stacks.
_KERNEL_MIB = 64


class Group:
    """The cgroup of one child."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def oom_kills(self) -> int:
        """How many of its processes the kernel killed for what they used."""
        lines = _read(self._folder / "memory.events").splitlines()
        counts = dict(line.split(maxsplit=1) for line in lines if " " in line)
        return int(counts.get("oom_kill", "0"))

    def remove(self) -> None:
        """Remove it, if its process has ended; otherwise `sweep` does so later."""
        with contextlib.suppress(OSError):
            self._folder.rmdir()


class Groups:
    """A cgroup that this process may divide."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, pid: int, limits: Limits, inherited_bytes: int) -> Group | None:
        """Put a process into a cgroup of its own; return None if the kernel refuses."""
        self.sweep()
        memory = limits.memory_mib + limits.scratch_mib + _KERNEL_MIB
        files = {
            "memory.max": str(inherited_bytes + memory * MIB),
            "memory.swap.max": "0",
            "pids.max": str(2 * limits.threads),  # the watch stops it at half of that
            "cgroup.procs": str(pid),
        }
        folder = self._folder / f"child-{os.getpid()}-{pid}"
        try:
            folder.mkdir()
            for name, text in files.items():
                # Some kernels don't account for swap.
                if name != "memory.swap.max" or (folder / name).exists():
                    (folder / name).write_text(text, encoding="ascii")
        except OSError:
            Group(folder).remove()
            return None
        return Group(folder)

    def sweep(self) -> None:
        """Remove the cgroups of children of this process that have ended."""
        for folder in self._folder.glob(f"child-{os.getpid()}-*"):
            Group(folder).remove()


@functools.cache
def delegated(root: Path = Path("/")) -> Groups | None:
    """Return the cgroup that this process may divide, None if there is none.

    Processes may only be in leaves, so this one moves into a leaf of its own first.  It moves back
    where that does not help: other processes are in the same cgroup.
    """
    folder = _own_folder(root)
    if folder is None or not set(_CONTROLLERS) <= set(_read(folder / "cgroup.controllers").split()):
        return None
    divided = folder / "cgroup.subtree_control"
    leaf = folder / f"grader-{os.getpid()}"
    try:
        leaf.mkdir()
        _enter(leaf)
        divided.write_text(" ".join(f"+{name}" for name in _CONTROLLERS), encoding="ascii")
    except OSError:
        with contextlib.suppress(OSError):
            _enter(folder)
            leaf.rmdir()
        return None
    return Groups(folder)


def _enter(folder: Path) -> None:
    (folder / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")


def _own_folder(root: Path) -> Path | None:
    """Return the folder of this process's cgroup, None if it can't be written to."""
    groups = root / "sys/fs/cgroup"
    if not (groups / "cgroup.controllers").exists():  # not mounted, or version 1
        return None
    for line in _read(root / "proc/self/cgroup").splitlines():
        if line.startswith("0::/"):
            folder = groups / line.removeprefix("0::/")
            return folder if os.access(folder, os.W_OK) else None
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
