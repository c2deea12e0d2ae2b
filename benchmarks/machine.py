"""The machine that a benchmark runs on: what it is, how busy it is, what a process tree takes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import mean
from types import TracebackType

from autograder.grading.fingerprint import versions

MIB = 2**20
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


def facts() -> dict[str, str]:
    """What the numbers depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "date": date.today().isoformat(),
        "processor": f"{len(os.sched_getaffinity(0))} cores of {models[0] if models else '?'}",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * _PAGE / 2**30:.0f} GiB",
        "system": f"Linux {platform.release()}",
        "load": f"{os.getloadavg()[0]:.2f} in the last minute; others use {others_use(1.0):.0%}",
        **dict(versions()),
    }


class OthersUse:
    """The share of the cores that processes outside this one's tree used in a `with` block."""

    def __enter__(self) -> OthersUse:
        self._began, self._busy, self._own = time.monotonic(), _busy_seconds(), cpu_seconds()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        seconds = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        others = (_busy_seconds() - self._busy) - (cpu_seconds() - self._own)
        self.share = min(1.0, max(0.0, others / seconds))


def adopt() -> None:
    """Keeps what this process's children leave behind, so that `cpu_seconds` counts it."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def cpu_seconds(before: Mapping[int, float] | None = None) -> float:
    """CPU time of this process and of all that it started, ended or not.

    What `before` says that they had taken before is left out of those that are still there.
    """
    times = os.times()
    total = times.user + times.system + times.children_user + times.children_system
    return total + sum(
        seconds - (before or {}).get(pid, 0.0) for pid, seconds in _descendants_seconds().items()
    )


def _descendants_seconds() -> dict[int, float]:
    return {
        pid: sum(int(field) for field in fields[11:15]) / _TICK
        for pid, fields in _below(os.getpid()).items()
        if pid != os.getpid()
    }


@dataclass(frozen=True)
class Usage:
    """Proportional set sizes in bytes at one moment, by role, and how much was done by then."""

    seconds: float
    done: int
    by_role: Mapping[str, int]
    guessed: int

    @property
    def total(self) -> int:
        return sum(self.by_role.values())


@dataclass
class Watcher:
    """Samples what a process and all its descendants take, until its `with` block ends.

    Pages that processes share are counted once (`Pss` of `smaps_rollup`).  Without root's rights
    the kernel does not show that of an isolated process; then its memory that no file backs is
    taken, which counts pages that it still shares with its template twice: `guessed` counts these.

    CPU time is looked at again and again, since that of a sandbox is lost with it: its first
    process is killed, and nobody waits for those in it.
    """

    pid: int
    results: Path
    pause: float = 0.1
    samples: list[Usage] = field(default_factory=list)
    cpu: float = 0.0  # seconds, as `cpu_seconds` counts

    def __enter__(self) -> Watcher:
        self._stop = threading.Event()
        self._began = time.monotonic()
        # A sandbox that is being killed is still there, and what it has taken will be lost.
        self._descendants = _descendants_seconds()
        self._cpu_before = cpu_seconds(self._descendants)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._count()

    @property
    def peak(self) -> Usage:
        return max(self.samples, key=lambda usage: usage.total)

    def slope(self, role: str, first: int) -> float:
        """Bytes by which a role grows with each result after the first ones: least squares."""
        points = [(u.done, u.by_role.get(role, 0)) for u in self.samples if u.done >= first]
        if len({done for done, _ in points}) < 2:
            return 0.0
        x0, y0 = mean(x for x, _ in points), mean(y for _, y in points)
        return sum((x - x0) * (y - y0) for x, y in points) / sum((x - x0) ** 2 for x, _ in points)

    def _count(self) -> None:
        self.cpu = max(self.cpu, cpu_seconds(self._descendants) - self._cpu_before)

    def _watch(self) -> None:
        while not self._stop.wait(self.pause):
            by_role, guessed = _tree(self.pid)
            self._count()
            if by_role:
                done = len(list(self.results.rglob("*.json")))
                seconds = time.monotonic() - self._began
                self.samples.append(Usage(seconds, done, by_role, guessed))


def _tree(root: int) -> tuple[dict[str, int], int]:
    """Sizes by role of `root` and its descendants: grader, templates, submissions."""
    found: dict[str, int] = {}
    guesses = 0
    for pid, depth in _depths(root).items():
        size, guessed = _size(pid)
        # Below the grader: bubblewrap, its first process, the template, then its children.
        role = "grader" if depth == 0 else "templates" if depth <= 3 else "submissions"
        found[role] = found.get(role, 0) + size
        guesses += guessed
    return found, guesses


def _depths(root: int) -> dict[int, int]:
    """`root` and its descendants, and how far below it each stands."""
    below = _below(root)
    depths = {root: 0}

    def depth(pid: int) -> int:
        if pid not in depths:
            depths[pid] = 1 + depth(int(below[pid][1]))
        return depths[pid]

    return {pid: depth(pid) for pid in below}


def _below(root: int) -> dict[int, list[bytes]]:
    """`root` and its descendants with the fields of their `stat` from the third on."""
    fields: dict[int, list[bytes]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_bytes()
                fields[int(entry.name)] = stat.rpartition(b")")[2].split()
    found: dict[int, list[bytes]] = {}
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if pid in fields and pid not in found:
            found[pid] = fields[pid]
            waiting += [other for other, items in fields.items() if int(items[1]) == pid]
    return found


def _size(pid: int) -> tuple[int, bool]:
    """The proportional set size, or at least what no file backs, and whether it is that."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024, False
    except PermissionError:
        pass
    except OSError:
        return 0, False
    try:
        resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    except OSError:
        return 0, False
    return (int(resident) - int(shared)) * _PAGE, True


def others_use(seconds: float) -> float:
    """The share of the cores that other processes use just now."""
    with OthersUse() as others:
        time.sleep(seconds)
    return others.share


def _busy_seconds() -> float:
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _waiting, interrupt, soft = (int(field) for field in fields[:7])
    return (user + nice + system + interrupt + soft) / _TICK
