"""What one submission may use."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of one submission's process.

    One cell may take `cell_seconds` of CPU time and all of them `cells_seconds`; after `hung_cells`
    of them had to be stopped, the rest is not run.

    CPU time decides, because wall time varies threefold on a busy machine; the wall limit stands
    behind it for code that sleeps.  `memory_mib` is what may be used beyond the warm template,
    `scratch_mib` the size of the only place that can be written to.
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

    def wall(self, cpu_seconds: float) -> float:
        """Wall seconds allowed for something that may take `cpu_seconds`."""
        return self.wall_factor * cpu_seconds + self.wall_extra
