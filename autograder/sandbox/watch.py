"""Looking at a child from outside while it computes: CPU time, wall time, memory, threads."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Protocol

from autograder.sandbox.limits import MIB, Limits

_MEMORY = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$", re.MULTILINE)


class Stopped(Exception):  # noqa: N818 - an outcome, not an error
    """A child was stopped or ended by itself: `status` is the verdict's, `detail` says how."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Watched(Protocol):
    """A process that can be ended."""

    pid: int
    inherited_bytes: int

    def kill(self) -> None: ...


class Watch:
    """Looks at a child's CPU time, wall time and memory while it computes."""

    def __init__(self, child: Watched, cpu_seconds: float, limits: Limits) -> None:
        self._child = child
        self._cpu_seconds = cpu_seconds
        self._memory_mib = limits.memory_mib
        self._memory = child.inherited_bytes + limits.memory_mib * MIB
        self._threads = limits.threads
        self._wall = limits.wall(cpu_seconds)
        self._began = time.monotonic()
        self._cpu_before = _cpu_seconds(child.pid)
        self.pause = 0.02
        self._next_look = self._began + self.pause

    def look(self) -> None:
        """Stops the child where it is over a limit.  Looks by time, however much is sent."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self.pause = min(0.1, 2 * self.pause)
        self._next_look = now + self.pause
        if _cpu_seconds(self._child.pid) - self._cpu_before > self._cpu_seconds:
            self._stop("timeout", f"It was stopped after {self._cpu_seconds:g} s of computing.")
        if time.monotonic() - self._began > self._wall:
            self._stop("timeout", f"It was stopped after waiting {self._wall:g} s.")
        if memory_bytes(self._child.pid) > self._memory:
            self._stop("memory", f"It used more than {self._memory_mib} MiB of memory.")
        if _threads(self._child.pid) > self._threads:
            self._stop("died", f"It was stopped because it started over {self._threads} threads.")

    def used(self) -> float:
        """CPU seconds since the watch began."""
        return max(0.0, _cpu_seconds(self._child.pid) - self._cpu_before)

    def _stop(self, status: str, detail: str) -> None:
        self._child.kill()
        raise Stopped(status, detail)


def _stat(pid: int) -> list[int]:
    """The numbers of /proc/<pid>/stat from the parent's id on; zeros where the process is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1:]
    except OSError:
        return [0] * 50
    return [int(field) for field in fields]


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (fields[10] + fields[11]) / os.sysconf("SC_CLK_TCK")


def _threads(pid: int) -> int:
    return _stat(pid)[16]


def memory_bytes(pid: int) -> int:
    """Memory that no file backs, shared among processes or not; 0 where the process is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    return 1024 * sum(int(size) for size in _MEMORY.findall(status))
