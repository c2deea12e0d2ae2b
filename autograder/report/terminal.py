"""Findings as plain text, for terminals and for `check` outside Jupyter."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from autograder.report.phrases import (
    NOT_ISOLATED,
    WORDS,
    Sentence,
    first_to_fix,
    headline,
    share,
    student_name,
    told_once,
    where,
)
from autograder.report.sanitize import inert, one_line, shorten
from autograder.results.result import ExerciseResult, Finding, Result

WIDTH = 100
_LEAST_WIDTH = 24  # of sentences beside their verdict, however narrow the terminal
MESSAGE_LIMIT = 2_000


def render(what: Result | ExerciseResult, *, width: int = WIDTH, notes: Sequence[str] = ()) -> str:
    """Return the findings as text, no line much longer than `width` characters but code.

    `notes` stand before the findings of an exercise.

    Example:
        >>> claim, seen = "`backward` returns the gradient", "`db1` is 5 times too large"
        >>> wrong = Finding("values", claim, "failed", 0.0, 3.0, seen=seen)
        >>> print(render(ExerciseResult("backward", 0.0, 3.0, (wrong,))), end="")
        backward   0/3
          wrong  0/3   `backward` returns the gradient
                       Seen: `db1` is 5 times too large
    """
    if isinstance(what, ExerciseResult):
        return _exercise(what, width, notes)
    blocks = [_heading(what, width)]
    blocks += [_exercise(exercise, width) for exercise in what.exercises]
    return "\n".join(blocks)


def _heading(result: Result, width: int) -> str:
    """Return the lines above the exercises: who, how many points, notes, what to fix first."""
    unit = one_line(result.unit)
    so_far = " so far" if result.status == "fault" else ""
    lines = [f"{unit}   {student_name(result)}   {share(result)}{so_far}"]
    if result.status == "ungradable":
        lines += _wrapped(f"This notebook could not be graded: {result.problem}", 2, width)
    elif result.problem:
        lines += _wrapped(result.problem, 2, width)
    notes = [*result.notes, *([NOT_ISOLATED] if result.isolation == "none" else [])]
    for note in notes:
        lines += _wrapped(f"Note: {note}", 2, width)
    first = first_to_fix(result)
    if first:
        start = f"Start with {first.exercise.exercise}: {headline(first.finding)}"
        lines += _wrapped(start, 2, width)
    return "\n".join(lines) + "\n"


def _exercise(exercise: ExerciseResult, width: int, notes: Sequence[str] = ()) -> str:
    lines = [f"{one_line(exercise.exercise)}   {share(exercise)}"]
    for note in notes:
        lines += _wrapped(f"Note: {note}", 2, width)
    columns = (
        max([len("wrong"), *(len(WORDS[finding.verdict]) for finding in exercise.findings)]),
        max([0, *(len(share(finding)) for finding in exercise.findings)]),
    )
    for finding, told in told_once(exercise):
        lines += _finding(finding, told, columns, width)
    return "\n".join(lines) + "\n"


def _finding(
    finding: Finding, told: list[Sentence], columns: tuple[int, int], width: int
) -> list[str]:
    start = f"  {WORDS[finding.verdict]:<{columns[0]}}  {share(finding):>{columns[1]}}   "
    indent = len(start)
    lines = _wrapped(finding.claim, indent, width) or [start.rstrip()]
    lines[0] = (start + lines[0].lstrip()).rstrip()
    for sentence in told:
        lines += _wrapped(sentence.line, indent, width)
    if finding.place and finding.verdict != "passed":
        lines.append(" " * indent + f"{where(finding.place)}: `{one_line(finding.place.code)}`")
    return lines


def _wrapped(text: str, indent: int, width: int) -> list[str]:
    """Return the cleaned text as lines behind `indent` spaces; its own line breaks stay."""
    blank = " " * indent
    return [
        wrapped
        for line in shorten(inert(text), MESSAGE_LIMIT).splitlines()
        for wrapped in textwrap.wrap(
            line,
            max(width, indent + _LEAST_WIDTH),
            initial_indent=blank,
            subsequent_indent=blank,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
