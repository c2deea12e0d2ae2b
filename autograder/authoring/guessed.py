"""The row of `check-course` for labels that are guessed, and for numbers made up in order."""

from __future__ import annotations

from autograder.authoring import label_guesses
from autograder.authoring.matrix import Row
from autograder.course.cases import draw
from autograder.course.exercise import Alternative, Case, Check, Exercise
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.judging.comparison import Wanted


def guessed(
    public: ReferenceOracle, oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative
) -> Row:
    """Return the row of labels that are guessed without learning, and of numbers made up in order.

    A check that they pass tells nothing, unless its author says why they may.
    """
    told, points = [], 0.0
    for check in exercise.checks:
        ways = sorted(_guesses_that_pass(public, oracle, exercise, check) - {*check.guessed_by})
        if ways and check.counts_alone:
            told.append(f"`{check.name}` ({', '.join(ways)})")
            points += check.points
    said = (
        f"guesses pass {', '.join(told)}: shuffle its cases, draw others each time, or say why a "
        "guess may pass with `guessed_by`."
    )
    return Row(
        "guess", exercise.name, alternative.name, points, exercise.points, problem=said * bool(told)
    )


def _guesses_that_pass(
    public: ReferenceOracle, oracle: ReferenceOracle, exercise: Exercise, check: Check
) -> set[str]:
    """Return the names of the guesses that pass one of the draws that a submission has."""
    known, found = public.trial(exercise, check).cases, set[str]()
    for attempt in range(check.tries):
        cases = draw(check, oracle.seed, oracle.loaded.name, exercise.name, attempt)
        if all("labels" in case.truth for case in (*known, *cases)):
            passed = [_passing(check, *pair) for pair in zip(known, cases, strict=True)]
            found |= set.intersection(*passed)
    if check.judge.needs_reference:
        wanted = oracle.wanted(oracle.trial(exercise, check))
        for name, fill in label_guesses.FILLS.items():
            made_up = [label_guesses.filled(want.value, fill) for want in wanted]
            if all(
                value is not None and check.judge(value, want).passed
                for value, want in zip(made_up, wanted, strict=True)
            ):
                found.add(name)
    return found


def _passing(check: Check, known: Case, asked: Case) -> set[str]:
    """Return the names of the guesses that pass one case that is judged by labels."""
    wanted = Wanted(truth=dict(asked.truth))
    sent = label_guesses.answers(known, asked)
    return {name for name, answer in sent if check.judge(answer, wanted).passed}
