"""What grading says: findings, and the result of one submission, as plain data."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Literal

SCHEMA_VERSION = 1

# What became of one check.  `fault` is the grader's own failure and costs no points;
# `skipped`: an earlier check of the exercise was stopped by a limit, or only checks pass that a
# function without an answer passes as well.
Verdict = Literal[
    "passed",
    "failed",
    "missing",
    "stub",
    "raised",
    "timeout",
    "memory",
    "died",
    "forbidden",
    "skipped",
    "fault",
]


@dataclass(frozen=True)
class Place:
    """Where in the student's notebook something was seen.

    `cell` counts code cells from 1, `line` counts the cell's lines from 1, `code` is that line.
    """

    cell: int
    line: int
    code: str


@dataclass(frozen=True)
class Finding:
    """One check of one exercise: its verdict, its points and what the student reads.

    `seen`, `expected` and `advice` are sentences in Markdown (only inline code is used); an empty
    string says nothing.  `deviation` is the distance from the reference in units of the tolerance
    (64 and less passes), None where nothing was compared.  `explained_by` names the variants or
    symptoms whose explanation `advice` gives.
    """

    check: str
    claim: str
    verdict: Verdict
    points: float
    max_points: float
    seen: str = ""
    expected: str = ""
    advice: str = ""
    case: str = ""
    place: Place | None = None
    remarks: tuple[str, ...] = ()
    explained_by: tuple[str, ...] = ()
    deviation: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class ExerciseResult:
    """One exercise: its findings in the order of its checks.  Points are their sum."""

    exercise: str
    points: float
    max_points: float
    findings: tuple[Finding, ...]
    code: str = ""  # the student's own cell that defines the exercise, "" where there is none
    cell: int = 0  # the number of that cell, 0 where there is none


@dataclass(frozen=True)
class CellRun:
    """How one code cell of the submission ran before the checks: what it printed, how it failed."""

    cell: int
    status: Literal["ok", "raised", "timeout", "memory", "died", "skipped"]
    output: str = ""
    error: str = ""


@dataclass(frozen=True)
class Person:
    """Who handed in, as far as a platform's download or a roster says; "" where neither does.

    `number` is the institution's own id of the person (Canvas' SIS id, Moodle's id number).
    `canvas_id` and `moodle_id` (of a participant) are those platforms' numbers.
    """

    name: str = ""
    login: str = ""
    email: str = ""
    number: str = ""
    canvas_id: str = ""
    moodle_id: str = ""


NOBODY = Person()


# The problem of somebody in a roster of whom there is no hand-in.  Only reports on a class have it.
ABSENT = "Handed in nothing."


@dataclass(frozen=True)
class Result:
    """One submission, graded.

    `status` is `graded`, `fault` (the grader failed in at least one check: run it again) or
    `ungradable` (the file could not be read; `problem` says why and what to do, points are 0).
    `notes` say what was odd about the notebook (edited grade cells, old format, ...).
    `late` says that the platform marked the hand-in as late.
    """

    student: str
    unit: str
    status: Literal["graded", "fault", "ungradable"]
    points: float
    max_points: float
    exercises: tuple[ExerciseResult, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    cells: tuple[CellRun, ...] = ()
    path: str = ""
    seed: str = ""
    submission_hash: str = ""
    unit_hash: str = ""
    isolation: str = "namespaces"
    backend: Literal["numpy", "tensorflow", "jax", "torch"] = "tensorflow"
    device: str = "cpu"
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    person: Person = NOBODY
    late: bool = False
    schema_version: int = SCHEMA_VERSION

    @property
    def absent(self) -> bool:
        """Whether it stands for somebody who handed in nothing."""
        return self.status == "ungradable" and self.problem == ABSENT


def share_text(result: Result) -> None:
    """Lets results that came from elsewhere hold one copy of what many of them say.

    Of the 51 KiB that one of unit 03 takes, 22 are text that the others have, too.
    """
    findings = [finding for exercise in result.exercises for finding in exercise.findings]
    for part in (result, *result.exercises, *result.cells, *findings):
        for name, value in vars(part).items():
            if type(value) is str:
                object.__setattr__(part, name, sys.intern(value))  # equal, so nobody can tell
