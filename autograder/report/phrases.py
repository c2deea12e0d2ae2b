"""What every report says alike: words for verdicts, the order of sentences, what to fix first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from autograder.report.sanitize import one_line
from autograder.results.result import ExerciseResult, Finding, Place, Result, Verdict

Tone = Literal["good", "bad", "open", "fault"]

WORDS: dict[Verdict, str] = {
    "passed": "ok",
    "failed": "wrong",
    "stub": "not answered yet",
    "missing": "missing",
    "raised": "error",
    "timeout": "too slow",
    "memory": "too much memory",
    "died": "crashed",
    "forbidden": "not allowed",
    "skipped": "not counted",
    "fault": "grader's fault",
}
CELL_WORDS = {
    "raised": "stopped with an error",
    "timeout": "took too long",
    "memory": "needed too much memory",
    "died": "crashed",
    "skipped": "was not run",
}
NOT_ISOLATED = "Graded without isolation: the submission could have changed this result."
FAULT = "The grader failed here, not you. It costs you no points; the grader has to be run again."
SKIPPED = "Not run, because an earlier check of this exercise was stopped."
RUN_AGAIN = "the grader failed, run it again"


class Sentence(NamedTuple):
    """One thing to tell about a finding; `label` is empty for the explanation itself."""

    label: str
    text: str

    @property
    def line(self) -> str:
        """Both as plain text."""
        return f"{self.label}: {self.text}" if self.label else self.text


class ToFix(NamedTuple):
    """What a student should fix first."""

    exercise: ExerciseResult
    finding: Finding


def tone(verdict: Verdict) -> Tone:
    """Return how a verdict is coloured: `open` is neither right nor wrong so far."""
    tones: dict[Verdict, Tone] = {
        "passed": "good",
        "fault": "fault",
        "stub": "open",
        "skipped": "open",
    }
    return tones.get(verdict, "bad")


def number(value: float) -> str:
    """Return points as people write them: `2`, `2.5`, `0.33`."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"


def seconds(value: float) -> str:
    """Return a time as people write it: `0.4 s`, `12 s`, `3 min`."""
    if value < 9.5:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 99.5 else f"{value / 60:.0f} min"


def earned(one: Result | ExerciseResult | Finding) -> str:
    """Return the points of a result or a part of it; `?` where the grader failed to find out."""
    unknown = one.verdict == "fault" if isinstance(one, Finding) else False
    if isinstance(one, ExerciseResult):
        unknown = at_fault(one)
    return "?" if unknown else number(one.points)


def share(one: Result | ExerciseResult | Finding) -> str:
    """Return the points with those that could be had: `2/5`."""
    return f"{earned(one)}/{number(one.max_points)}"


def percent(points: float, max_points: float) -> float:
    """Return the share of the points in percent, 0 where there are none to be had."""
    return 100 * points / max_points if max_points else 0.0


def sentences(finding: Finding) -> list[Sentence]:
    """Return what to tell about a finding: the explanation first, then the facts behind it.

    Advice that explains nothing by itself comes after the facts that it refers to.
    """
    told = [Sentence("", finding.advice)] if finding.explained_by else []
    case = f'(case "{finding.case}")' if finding.case and finding.verdict != "passed" else ""
    # That nothing is answered yet is no observation, it is all there is to tell.
    label = "" if finding.verdict == "stub" else "Seen"
    told.append(Sentence(label, f"{finding.seen} {case}" if finding.seen else case))
    told.append(Sentence("Expected", finding.expected))
    if not finding.explained_by:
        told.append(Sentence("", finding.advice))
    if finding.verdict == "fault":
        told.append(Sentence("", FAULT))
    if finding.verdict == "skipped" and not any(sentence.text for sentence in told):
        told.append(Sentence("", SKIPPED))
    told += [Sentence("Note", remark) for remark in finding.remarks]
    return [sentence for sentence in told if sentence.text.strip()]


def told_once(exercise: ExerciseResult) -> list[tuple[Finding, list[Sentence]]]:
    """Return each finding with its sentences, without those that an earlier finding has told."""
    told: list[tuple[Finding, list[Sentence]]] = []
    known: set[Sentence] = set()
    for finding in exercise.findings:
        new = [sentence for sentence in sentences(finding) if sentence not in known]
        known.update(new)
        told.append((finding, new))
    return told


def where(place: Place) -> str:
    """Return the place in the notebook in words."""
    return f"In cell {place.cell}, line {place.line}"


def first_to_fix(result: Result) -> ToFix | None:
    """Return the finding to start with, or None if nothing is left to fix.

    It is in the first exercise with an open or wrong check, since later exercises build on earlier
    ones; within it, a finding with an explanation goes before one without.
    """
    found = ((exercise, to_fix(exercise)) for exercise in result.exercises)
    return next((ToFix(exercise, finding) for exercise, finding in found if finding), None)


def to_fix(exercise: ExerciseResult) -> Finding | None:
    """Return the finding of an exercise to start with, one with an explanation if there is any."""
    todo = [f for f in exercise.findings if f.verdict not in ("passed", "skipped", "fault")]
    explained = [finding for finding in todo if finding.advice]
    return next(iter(explained or todo), None)


def headline(finding: Finding) -> str:
    """Return what tells most about a finding where there is little room.

    The explanation of a known mistake stands by itself; other advice refers to what was seen.
    """
    said = [finding.advice] if finding.explained_by else [finding.seen, finding.advice]
    return " ".join(filter(None, said)) or f"{finding.claim}: {WORDS[finding.verdict]}"


def at_fault(exercise: ExerciseResult) -> bool:
    """Return whether the grader itself failed in this exercise, so that its points are unknown."""
    return any(finding.verdict == "fault" for finding in exercise.findings)


def problem(result: Result) -> str:
    """Return what a teacher has to know about a result that has no grade; empty if it has one."""
    failed = ", ".join(exercise.exercise for exercise in result.exercises if at_fault(exercise))
    if result.problem or result.status != "fault":
        return result.problem
    return f"{failed}: {RUN_AGAIN}" if failed else RUN_AGAIN


def state(exercise: ExerciseResult) -> str:
    """Return an exercise's verdicts in words, each once: `ok`, or `wrong, not run`."""
    wanting = [WORDS[f.verdict] for f in exercise.findings if f.verdict != "passed"]
    return ", ".join(dict.fromkeys(wanting)) or WORDS["passed"]


def in_order(results: Iterable[Result]) -> list[Result]:
    """Return the results by unit and student."""
    return sorted(results, key=lambda result: (result.unit, result.student))


def by_unit(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Return the results of each unit, units and students in order."""
    units: dict[str, list[Result]] = {}
    for result in in_order(results):
        units.setdefault(result.unit, []).append(result)
    return units


def without_names(results: Iterable[Result]) -> list[Result]:
    """Return the results with students numbered, in an order that their names don't give away."""
    found = list(results)
    digests = {
        result.student: hashlib.sha256(f"{result.seed}/{result.student}".encode()).digest()
        for result in found
    }
    order = sorted(digests, key=lambda student: digests[student])
    width = len(str(len(order)))
    number_of = {student: f"student {n:0{width}}" for n, student in enumerate(order, 1)}
    return [replace(result, student=number_of[result.student]) for result in found]


def cases_of(result: Result) -> str:
    """Return which hidden cases a result is from: alike for the same seed, which it hides.

    Four digits of a digest: enough to see that two students had the same cases, too few to find a
    seed by trying.
    """
    return hashlib.sha256(f"cases of {result.unit} from {result.seed}".encode()).hexdigest()[:4]


def exercises_of(results: Sequence[Result]) -> dict[tuple[str, float], str]:
    """Return the heading of each exercise, keyed by name and points, in order of appearance."""
    return {
        (exercise.exercise, exercise.max_points): (
            f"{one_line(exercise.exercise)} ({number(exercise.max_points)})"
        )
        for result in results
        for exercise in result.exercises
    }


def unit_name(unit: str) -> str:
    """Return a unit's name as one line that is safe to show."""
    return one_line(unit) or "(unit not known)"


def student_name(result: Result) -> str:
    """Return the student's name as one line that is safe to show."""
    return one_line(result.student, 80) or "(no name)"
