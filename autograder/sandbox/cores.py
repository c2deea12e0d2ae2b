"""Which cores a child runs on: few, and where it can be, none that another child computes on.

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

CORES = 4  # that a child runs on where there are so many; never twice as many


@dataclass
class Seat:
    """A child's place among the cores; one for each core that there is."""

    cores: frozenset[int]
    _lock: int | None = None

    def leave(self) -> None:
        """Lets others have it; may be called again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def groups(cores: Collection[int]) -> list[frozenset[int]]:
    """Cores in groups of neighbours, of `CORES` or somewhat more."""
    ordered, count = sorted(cores), max(1, len(cores) // CORES)
    return [
        frozenset(ordered[len(ordered) * n // count : len(ordered) * (n + 1) // count])
        for n in range(count)
    ]


def take_seat() -> Seat:
    """A seat that no other child has, of whichever grader of this account on this machine.

    Locks say who sits where: they end with the process that has them.  Where there are no locks, or
    no seat is left, chance decides.
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
