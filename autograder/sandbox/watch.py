"""Watching a child from outside while it computes: CPU time, wall time, memory, threads."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Protocol

from autograder.sandbox.bubblewrap import SandboxError
from autograder.sandbox.limits import MIB, Limits

_MEMORY = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$", re.MULTILINE)


class Stopped(Exception):  # noqa: N818 - an outcome, not an error
    """A child was stopped or ended by itself: the `status` of its evidence, and how in `detail`."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Killed(Stopped):
    """A signal ended a child.  A second try shows whether the program caused it."""

    def __init__(self, detail: str) -> None:
        super().__init__("died", detail)


class Watched(Protocol):
    """A process that can be ended."""

    pid: int
    inherited_bytes: int

    def kill(self) -> None: ...


class Watch:
    """The limits of one request, and what the child has used since it came."""

    def __init__(
        self, child: Watched, cpu_seconds: float, limits: Limits, isolated: bool = True
    ) -> None:
        self._child = child
        self._cpu_seconds = cpu_seconds
        self._memory_mib = limits.memory_mib
        self._memory = child.inherited_bytes + limits.memory_mib * MIB
        self._threads = limits.threads
        self._wall = limits.wall(cpu_seconds)
        self._isolated = isolated
        self._began = time.monotonic()
        self._cpu_before = _cpu_seconds(child.pid)
        self._queued_before = _queued_seconds(child.pid)
        self.spent = 0.0  # CPU seconds, as of the last look
        self.pause = 0.02
        self._next_look = self._began + self.pause

    def look(self) -> None:
        """Stop the child if it is over a limit.

        It looks at intervals of time, however often it is called.

        Raises:
            Stopped: The child was over a limit.
            SandboxError: Somebody has halted it.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        self.pause = min(0.1, 2 * self.pause)
        self._next_look = now + self.pause
        if self.used() > self._cpu_seconds:
            self._stop("timeout", f"It was stopped after {self._cpu_seconds:g} s of computing.")
        waited = time.monotonic() - self._began
        if waited > self._wall and waited - self._kept_from_running() > self._wall:
            self._refuse_if_halted()
            self._stop("timeout", f"It was stopped after waiting {self._wall:g} s.")
        if memory_bytes(self._child.pid) > self._memory:
            self._stop("memory", f"It used more than {self._memory_mib} MiB of memory.")
        if _threads(self._child.pid) > self._threads:
            self._stop("died", f"It was stopped because it started over {self._threads} threads.")

    def used(self) -> float:
        """Return the CPU seconds that were used since the watch began."""
        self.spent = max(0.0, _cpu_seconds(self._child.pid) - self._cpu_before)
        return self.spent

    def _kept_from_running(self) -> float:
        """Return the seconds since the watch began in which it waited for a free core."""
        return max(0.0, _queued_seconds(self._child.pid) - self._queued_before)

    def _refuse_if_halted(self) -> None:
        """Raise SandboxError if somebody halted the process; isolated, it can't halt itself."""
        if self._isolated and _state(self._child.pid) in ("T", "t"):
            self._child.kill()
            raise SandboxError("Student code was halted from outside (SIGSTOP).")

    def _stop(self, status: str, detail: str) -> None:
        self._child.kill()
        raise Stopped(status, detail)


def oom_kills() -> int:
    """Return how many processes the kernel of this machine has killed for lack of memory."""
    try:
        text = Path("/proc/vmstat").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill "))


def _state(pid: int) -> str:
    return _words_of_stat(pid)[0]


def _stat(pid: int) -> list[int]:
    """Return the numbers of /proc/<pid>/stat from the parent's id on; zeros without a process."""
    return [int(word) for word in _words_of_stat(pid)[1:]]


def _words_of_stat(pid: int) -> list[str]:
    words = _read(f"/proc/{pid}/stat").rpartition(b")")[2].decode("ascii").split()
    return words or ["", *["0"] * 50]


def _queued_seconds(pid: int) -> float:
    """Return the seconds that a process waited for a core; 0 if the kernel doesn't count them."""
    words = _read(f"/proc/{pid}/schedstat").split()
    return int(words[1]) / 1e9 if len(words) > 1 else 0.0


def _read(path: str) -> bytes:
    """Return the start of a small file of the kernel's, b"" if it is gone.

    A function that stands in for the student's is called ten thousand times, and each call is
    watched; `Path.read_bytes` took three times as long.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (fields[10] + fields[11]) / os.sysconf("SC_CLK_TCK")


def _threads(pid: int) -> int:
    return _stat(pid)[16]


def memory_bytes(pid: int) -> int:
    """Return the bytes of memory that no file backs, shared or not; 0 without a process.

    All threads share it, but the kernel tells it of those alone that still run: of the first one,
    by which the process is known, it tells nothing once that has ended (`pthread_exit`).
    """
    if sizes := _sizes(f"/proc/{pid}/status"):
        return sum(sizes)
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return 0
    return max((sum(_sizes(f"{thread}/status")) for thread in threads), default=0)


def _sizes(path: str) -> list[int]:
    """Return what a status file says of memory that no file backs, in bytes."""
    return [1024 * int(size) for size in _MEMORY.findall(_read(path))]
