"""The command `autograder`, run as a process of its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CENTER_SUM = "def center(X):\n    return X - X.sum(axis=1, keepdims=True)"

Write = Callable[..., Path]
Ran = subprocess.CompletedProcess[str]


def autograder(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> Ran:
    return subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )


def grade(course: Path, *arguments: str | Path, out: Path | None = None) -> Ran:
    out = out or course.parent / "out"
    quick = ("--course", course, "--out", out, "--seed", "s", "--no-cache")
    return autograder("grade", *arguments, *quick)


def table_of(out: Path) -> dict[str, dict[str, str]]:
    """class.csv by student."""
    with (out / "class.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def result_of(out: Path, student: str) -> Any:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in out.rglob("*.json")]
    return next(result for result in found if result["student"] == student)
