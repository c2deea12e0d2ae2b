"""What grading again changed: who gained or lost what, and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from autograder.report import phrases
from autograder.report.class_table import safe_cell, safe_points
from autograder.report.markdown import inline
from autograder.report.sanitize import one_line
from autograder.results.result import ExerciseResult, Finding, Result

Kind = Literal["points", "words", "new", "gone", "status"]


@dataclass(frozen=True)
class Difference:
    """One change in one submission.

    `points`: a check's points changed; `words`: only what is said of it; `new`, `gone`: the check,
    or the whole submission, is in one of the two only; `status`: it is graded now, or no longer.
    """

    kind: Kind
    student: str
    unit: str
    exercise: str
    claim: str
    before: str
    after: str
    gained: float
    why: str


def between(before: Iterable[Result], after: Iterable[Result]) -> list[Difference]:
    """Return what changed from earlier results to later ones, by unit and student.

    Times, deviations and versions are no difference, nor are submissions that are only in
    `before`: they were not graded again.
    """
    earlier = {(result.unit, result.student): result for result in before}
    found: list[Difference] = []
    for result in phrases.in_order(after):
        old = earlier.get((result.unit, result.student))
        if old is None:
            share = phrases.share(result)
            found.append(_of(result, "new", "", "", "", share, result.points, "Not graded before."))
        elif old.status != result.status:
            gained = result.points - old.points
            told = (_status(old), _status(result), gained, phrases.problem(result))
            found.append(_of(result, "status", "", "", *told))
        else:
            found += _between(old, result)
    return found


def totals(differences: Sequence[Difference]) -> dict[tuple[str, str], float]:
    """Return by how much each submission's points changed, without those that stayed."""
    sums: dict[tuple[str, str], float] = {}
    for one in differences:
        key = (one.unit, one.student)
        sums[key] = sums.get(key, 0.0) + one.gained
    return {key: value for key, value in sums.items() if abs(value) > 1e-9}


def markdown(differences: Sequence[Difference]) -> str:
    """Return the differences as Markdown: the totals, then each with its reason."""
    if not differences:
        return "Nothing changed.\n"
    lines = [summary(differences), ""]
    changed = totals(differences)
    if changed:
        lines += ["| unit | student | points |", "|---|---|---:|"]
        lines += [
            f"| {inline(unit)} | {inline(student)} | {signed(gained)} |"
            for (unit, student), gained in changed.items()
        ]
        lines.append("")
    lines += ["| student | check | before | after | why |", "|---|---|---|---|---|"]
    lines += [
        f"| {inline(d.student)} | {inline(_name(d))} | {inline(d.before)} | {inline(d.after)} "
        f"| {inline(d.why)} |"
        for d in differences
    ]
    return "\n".join(lines) + "\n"


def table_csv(differences: Sequence[Difference]) -> str:
    """Return one row a difference."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(
        ["student", "unit", "exercise", "check", "kind", "before", "after", "gained", "why"]
    )
    for d in differences:
        texts = [d.student, d.unit, d.exercise, d.claim, d.kind, d.before, d.after]
        writer.writerow([*map(safe_cell, texts), safe_points(d.gained), safe_cell(d.why)])
    return file.getvalue()


def terminal(differences: Sequence[Difference]) -> Table:
    """Return what a terminal shows: the submissions whose points changed."""
    shown = Table(title=Text(summary(differences)), title_justify="left", box=SIMPLE_HEAD)
    for heading in ("unit", "student", "points", "where"):
        shown.add_column(heading, overflow="fold")
    for (unit, student), gained in totals(differences).items():
        where = {
            d.exercise
            for d in differences
            if (d.unit, d.student) == (unit, student) and abs(d.gained) > 1e-9 and d.exercise
        }
        style = "green" if gained > 0 else "red"
        cells = [Text(one_line(unit)), Text(one_line(student)), Text(signed(gained), style)]
        shown.add_row(*cells, Text(one_line(", ".join(sorted(where)))))
    return shown


def summary(differences: Sequence[Difference]) -> str:
    """Return the differences in one sentence."""
    changed = totals(differences).values()
    up, down = sum(gained > 0 for gained in changed), sum(gained < 0 for gained in changed)
    reworded = sum(d.kind == "words" for d in differences)
    parts = [f"{up} gained points", f"{down} lost points"]
    parts += [f"{reworded} findings say something else"] if reworded else []
    return ", ".join(parts) + "."


def signed(points: float) -> str:
    """Return a change of points with its sign."""
    sign = "+" if points > 0 else "\N{MINUS SIGN}"
    return f"{sign}{phrases.number(abs(points))}"


def _between(old: Result, new: Result) -> list[Difference]:
    before = {key: (exercise, finding) for key, exercise, finding in _findings(old)}
    after = {key: (exercise, finding) for key, exercise, finding in _findings(new)}
    found: list[Difference] = []
    for key, (exercise, finding) in after.items():
        if key not in before:
            told = ("", _told(finding), finding.points, "The check is new.")
            found.append(_of(new, "new", exercise.exercise, finding.claim, *told))
            continue
        earlier = before[key][1]
        gained = finding.points - earlier.points
        told = (_told(earlier), _told(finding), gained, phrases.headline(finding))
        if abs(gained) > 1e-9 or earlier.verdict != finding.verdict:
            found.append(_of(new, "points", exercise.exercise, finding.claim, *told))
        elif phrases.sentences(earlier) != phrases.sentences(finding):
            found.append(_of(new, "words", exercise.exercise, finding.claim, *told))
    for key, (exercise, finding) in before.items():
        if key not in after:
            told = (_told(finding), "", -finding.points, "The check is gone.")
            found.append(_of(new, "gone", exercise.exercise, finding.claim, *told))
    return found


def _findings(result: Result) -> Iterable[tuple[tuple[str, str], ExerciseResult, Finding]]:
    for exercise in result.exercises:
        for finding in exercise.findings:
            yield (exercise.exercise, finding.check), exercise, finding


def _of(
    result: Result,
    kind: Kind,
    exercise: str,
    claim: str,
    before: str,
    after: str,
    gained: float,
    why: str,
) -> Difference:
    return Difference(
        kind, result.student, result.unit, exercise, claim, before, after, gained, why
    )


def _told(finding: Finding) -> str:
    return f"{phrases.WORDS[finding.verdict]} {phrases.share(finding)}"


def _status(result: Result) -> str:
    return phrases.share(result) if result.status == "graded" else result.status


def _name(difference: Difference) -> str:
    parts = [difference.exercise, difference.claim]
    return ": ".join(part for part in parts if part) or difference.unit
