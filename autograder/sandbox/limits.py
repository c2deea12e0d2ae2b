"""What one submission may use."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of one submission's process.

    One cell may take `cell_seconds` of CPU time and all of them `cells_seconds`; after `hung_cells`
    of them had to be stopped, the rest is not run.

    CPU time decides, because wall time varies threefold on a busy machine.  The wall limit stands
    behind it, for code that sleeps.  `memory_mib` is what may be used beyond the warm template,
    `scratch_mib` the size of the only place that can be written to.

    `submission_seconds`, `evidence_mib` and `output_chars` hold for all of a submission's processes
    together; `Budget` counts them.
    """

    memory_mib: int = 2048
    scratch_mib: int = 64
    cell_seconds: float = 20.0
    cells_seconds: float = 120.0
    hung_cells: int = 3
    wall_factor: float = 4.0
    wall_extra: float = 10.0
    total_cpu_seconds: int = 1800
    threads: int = 256
    submission_seconds: float = 1200.0
    evidence_mib: int = 128
    output_chars: int = 2**20

    def wall(self, cpu_seconds: float) -> float:
        """Return the wall seconds allowed for something that may take `cpu_seconds`."""
        return self.wall_factor * cpu_seconds + self.wall_extra


class Budget:
    """What one submission may still use, over all its processes.

    Limits of a cell, a check and a process are not enough: with many cells, or a process stopped
    again and again, one submission could keep a slot for days.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seconds = limits.submission_seconds
        self._evidence = limits.evidence_mib * MIB
        self._chars = limits.output_chars

    def spend(self, cpu_seconds: float, wall_seconds: float) -> None:
        """Count computing, and waiting beyond what a busy machine explains."""
        waited = wall_seconds - self._limits.wall_factor * cpu_seconds
        self._seconds -= cpu_seconds + max(0.0, waited)

    def keep(self, size: int) -> bool:
        """Count evidence of `size` bytes; return whether there is room for it."""
        self._evidence -= size
        return self._evidence >= 0

    def output(self, text: str) -> str:
        """Count a text; return as much of it as may still be shown."""
        kept = text[: max(0, self._chars)]
        self._chars -= len(text)
        return kept if kept == text else f"{kept}\n… (cut: all cells together printed too much)"

    @property
    def exhausted(self) -> str:
        """Why nothing more may run, "" while something may."""
        if self._seconds > 0:
            return ""
        return f"All of it together took more than {self._limits.submission_seconds:g} s."
