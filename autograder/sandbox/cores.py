"""Which cores a child runs on: few, and if possible none that another child computes on.

Frameworks start threads, and reserve address space for them, for each core that they see: on 128
none would stay within a child's limits (benchmarks/cores.py).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

CORES = 4  # that a child runs on, if there are so many; it never gets twice as many


@dataclass
class Seat:
    """A child's place among the cores; there are as many as cores."""

    cores: frozenset[int]
    _lock: int | None = None

    def leave(self) -> None:
        """Let another child have it; does nothing when called again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def groups(cores: Collection[int]) -> list[frozenset[int]]:
    """Return the cores in groups of neighbours, of `CORES` or somewhat more."""
    ordered, count = sorted(cores), max(1, len(cores) // CORES)
    return [
        frozenset(ordered[len(ordered) * n // count : len(ordered) * (n + 1) // count])
        for n in range(count)
    ]


def take_seat() -> Seat:
    """Return a seat that no other child has, of any grader of this account on this machine.

    Locks mark the seats that are taken; they end with the process that holds them.  If the file
    system has no locks, or no seat is left, chance decides.
    """
    among = groups(os.sched_getaffinity(0))
    if len(among) == 1:
        return Seat(among[0])
    seats = [(cores, number) for cores in among for number in range(len(cores))]
    random.shuffle(seats)
    with contextlib.suppress(OSError):
        folder = Path(tempfile.gettempdir(), f"autograder-cores-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        for cores, number in seats:
            how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            lock = os.open(folder / f"{min(cores)}-{number}", how, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return Seat(cores, lock)
            except OSError:
                os.close(lock)
    return Seat(seats[0][0])
