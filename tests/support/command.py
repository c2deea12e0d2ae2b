"""The command `autograder`, run as a process of its own, and what it is given and writes."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

CENTER_MEAN = "def center(X):\n    return X - X.mean(axis=1, keepdims=True)"  # right
CENTER_SUM = "def center(X):\n    return X - X.sum(axis=1, keepdims=True)"  # a known mistake
# What differs between two runs of the same class.
SECONDS = re.compile(rb'"seconds": [\d.e-]+|<span class="time">[^<]*</span>')

# What a class's grading prints without a terminal: `1 of 3    0.4 s   20/20  03_optimizers  ada`.
PROGRESS = re.compile(r" *(?P<done>\d+) of (?P<total>\d+) +\S+ (?:s|min)  .*")

Ran = subprocess.CompletedProcess[str]


class Write(Protocol):
    """The fixture `write_notebook`."""

    def __call__(
        self, path: Path, unit: str = "01_lines", stubs: bool = False, **answers: str
    ) -> Path: ...


def write_class(write: Write, folder: Path, answers: Sequence[str], count: int) -> Path:
    """Write notebooks `student00` and so on; return their folder.

    The answers to `center` take turns, and no two notebooks are the same code.
    """
    for number in range(count):
        answer = f"{answers[number % len(answers)]}\n# {number}"
        write(folder / f"student{number:02}.ipynb", center=answer)
    return folder


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


def grade_command(
    course: Path, handed_in: Path, out: Path, *options: str, seed: str | None = "s"
) -> list[str]:
    """Return the words of the command that grades what was handed in; None: the course's seed."""
    words = ["grade", handed_in, "--course", course, "--out", out, *options]
    words += ["--seed", seed] if seed else []
    return [sys.executable, "-m", "autograder", *map(str, words)]


def run_to_end(words: list[str], seconds: float = 300, **environment: str) -> tuple[int, str]:
    """Run a program; return its exit status and all that it printed."""
    done = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stdout


def notes_of(done: Ran) -> list[str]:
    """Return what a command says beside its results and how far it is."""
    return [line for line in done.stderr.splitlines() if not PROGRESS.fullmatch(line)]


def timeless(content: bytes) -> bytes:
    """Return a record or a page as it is where nothing takes time."""
    return SECONDS.sub(b'"seconds": 0', content)


def files_of(out: Path) -> dict[str, bytes]:
    """Return the files of a folder of results by their paths in it, less seconds."""
    return {
        str(path.relative_to(out)): timeless(path.read_bytes())
        for path in out.rglob("*")
        if path.is_file()
    }


def table_of(out: Path) -> dict[str, dict[str, str]]:
    """Return the rows of `class.csv` by student."""
    with (out / "class.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def record_of(out: Path, student: str) -> Any:
    """Return the record of a student, as its JSON says it."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in out.rglob("*.json")]
    return next(result for result in found if result["student"] == student)
