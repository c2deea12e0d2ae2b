"""What it costs to read a hand-in: ordinary ones, the largest that people make, and hostile ones.

    python benchmarks/reading.py

Each file is read three times, by a process of its own each time; CPU seconds and the process's
largest memory are the largest of the three.  `READ_SECONDS` and the memory limit of
`autograder/submissions/reader.py` rest on this: ordinary files stay far below, and what does not is
refused.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.sandbox.watch import Stopped, _cpu_seconds
from autograder.submissions.file import MAX_NOTEBOOK_BYTES, MIB
from autograder.submissions.reader import _MEMORY_MIB, READ_SECONDS, _Reader

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.slow_hand_ins import KINDS, code_cell, notebook_of  # noqa: E402

TIMES = 3


def sample_class() -> list[bytes]:
    """Return all notebooks of the sample class."""
    return [path.read_bytes() for path in sorted(ROOT.glob("tests/data/submissions/*/*.ipynb"))]


def with_pictures() -> bytes:
    """Return a notebook as large as one may be, most of it pictures in outputs."""
    picture = os.urandom(MIB).hex()[:1_000_000]
    output = {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}
    return notebook_of(code_cell(f"plot({n})") | {"outputs": [output]} for n in range(50))


def with_progress_bars() -> bytes:
    """Return a notebook in which training has printed a line for each step."""
    line = "Epoch 1/9: 100%|##########| 1875/1875 [00:12<00:00, 151.2it/s, loss=0.1]\r"
    output = {"output_type": "stream", "name": "stderr", "text": [line] * 1_000}
    return notebook_of(code_cell(f"fit({n})") | {"outputs": [output]} for n in range(500))


def with_many_cells() -> bytes:
    """Return a notebook of as many cells as one may have, each with code and marks."""
    marks = {"tags": ["a", "b"], "nbgrader": {"grade_id": "x", "grade": False}}
    return notebook_of(code_cell(f"x = {n}\n" * 20, **marks) for n in range(5_000))


def files() -> Iterator[tuple[str, list[bytes]]]:
    yield "sample class, the dearest", sample_class()
    for make in (with_pictures, with_progress_bars, with_many_cells, *KINDS):
        yield make.__name__.replace("_", " "), [make()]


def cost(data: bytes) -> tuple[float, float, str]:
    """Return CPU seconds, MiB, and what became of a file."""
    one = _Reader()
    try:
        answer, seconds = one.read(data, True, READ_SECONDS)
        said = next(iter(answer.keys() & {"exceeded", "problem"}), "read")
    except Stopped as stopped:
        seconds, said = _cpu_seconds(one.pid), f"stopped: {stopped.status}"
    memory = re.search(r"VmHWM:\s+(\d+) kB", _status(one.pid))
    one.close()
    return seconds, int(memory[1]) / 1024 if memory else 0.0, said


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return ""


def main() -> None:
    table = Table("hand-in", "MiB", "CPU s", "memory MiB", "became")
    for name, contents in files():
        costs = [cost(data) for data in contents for _ in range(TIMES)]
        size = max(map(len, contents)) / MIB
        seconds, memory, said = (max(values) for values in zip(*costs, strict=True))
        table.add_row(name, f"{size:.1f}", f"{seconds:.2f}", f"{memory:.0f}", said)
    Console(width=100).print(table)
    limit = MAX_NOTEBOOK_BYTES // MIB
    print(f"Limits: {limit} MiB a file; {READ_SECONDS:g} s and {_MEMORY_MIB} MiB to read it.")
    print(json.dumps({"cpus": os.cpu_count(), "python": sys.version.split()[0]}))


if __name__ == "__main__":
    main()
