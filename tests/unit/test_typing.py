"""The public names have types: a type checker sees what authors and programs use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograder

pytestmark = pytest.mark.slow

AUTHOR = """
from collections.abc import Iterator
from typing import Any

import numpy as np
from autograder import Case, Unit, close, exact, float64, probes

unit = Unit("01_sums")
total = unit.exercise("total", points=2)


def vectors(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    yield {"x": rng.normal(size=3)}


@total.check(points=2, cases=vectors, judge=close(float64))
def sums(program: Any, x: Any) -> Any:
    \"\"\"`total` returns the sum.\"\"\"
    return program.total(x)
"""
PROGRAM = """
from pathlib import Path

from autograder import Grader, Result

with Grader(Path("course")) as grader:
    results = grader.grade("submissions", unit="03_optimizers")
    points: list[float] = [result.points for result in results]
    reveal_type(grader)
    reveal_type(results)
    reveal_type(results[0].exercises[0].findings[0].verdict)
"""


def checked(folder: Path, text: str) -> str:
    """What a type checker says of a file that uses the package as installed."""
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_an_authors_file_and_a_program_have_types(tmp_path: Path) -> None:
    names = [name for name in autograder.__all__ if name != "__version__"]
    reveal = "".join(f"reveal_type({name})\n" for name in names)
    text = f"{AUTHOR}{PROGRAM}\nfrom autograder import {', '.join(names)}\n{reveal}"
    said = checked(tmp_path, text)
    assert not re.findall(r".*error:.*", said), said
    revealed = re.findall(r"Revealed type is \"(.*)\"", said)
    assert len(revealed) == 3 + len(names), said
    assert "Any" not in revealed, said
    assert "autograder.batch.grader.Grader" in revealed[0]
    assert "autograder.results.result.Result" in revealed[1]


def test_a_wrong_use_is_noticed(tmp_path: Path) -> None:
    said = checked(tmp_path, "from autograder import Grader\nGrader(3).grade(unit=4)\n")
    assert said.count("error:") >= 2, said
