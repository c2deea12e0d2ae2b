"""Which known mistakes give the same evidence as a wrong answer, asking as little as that takes."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.course.exercise import Alternative, Exercise
from autograder.grading.explain import is_same, same_evidence
from autograder.grading.oracle import Oracle
from autograder.grading.outcome import TrialOutcome
from autograder.grading.trial import Trial
from autograder.wire.evidence import Evidence

_SLOW_SECONDS = 1.0  # of CPU time, from which on a check is asked about last
_TELLING = ("ok", "raised")  # what else can end a case takes long, or says nothing of it

Match = tuple[Alternative, frozenset[str]]


def matching_variants(
    exercise: Exercise, failed: Sequence[TrialOutcome], oracle: Oracle
) -> list[Match]:
    """Return variants whose evidence equals the student's, and the failed checks each explains.

    The best come first: those that explain most of the failed checks.

    Each variant is asked about one case that failed; only those that agree there are asked about
    the others.  Where one explains every failed check, no other can explain more, and one that
    explains as much has agreed on that case, too.  So no further case is asked of all.

    Args:
        exercise: whose variants are tried.
        failed: the student's outcomes that failed, of checks that tell variants apart.
        oracle: what is known of the unit.
    """
    found: dict[str, frozenset[str]] = {}
    for outcome in sorted(failed, key=_is_slow):
        for variant in _agreeing(exercise, outcome, oracle):
            if variant.name not in found:
                found[variant.name] = frozenset(
                    each.check.name for each in failed if _explains(variant, each, oracle)
                )
        if any(len(names) == len(failed) for names in found.values()):
            break
    matches = [(v, found[v.name]) for v in exercise.variants if found.get(v.name)]
    return sorted(matches, key=lambda match: -len(match[1]))


def fails(variant: Alternative, trial: Trial, oracle: Oracle) -> bool:
    """Return whether a variant fails a check."""
    return _fails(oracle.variant(trial.exercise, variant, trial), trial, oracle)


def _is_slow(outcome: TrialOutcome) -> bool:
    return outcome.check.judge.trains or outcome.seconds > _SLOW_SECONDS


def _agreeing(exercise: Exercise, outcome: TrialOutcome, oracle: Oracle) -> list[Alternative]:
    """Return the variants that agree with the student on the case that tells most."""
    index = _telling(outcome)
    got, want = outcome.evidences[index], oracle.wanted(outcome.trial)[index]
    known = oracle.variants(exercise, outcome.trial, index)
    return [
        variant
        for variant, other in zip(exercise.variants, known, strict=True)
        if is_same(got, other, want, outcome.check.judge)
    ]


def _telling(outcome: TrialOutcome) -> int:
    """Return the index of the first case that failed with an answer, or else was answered."""

    def key(index: int) -> tuple[bool, bool, int]:
        comparison = outcome.comparisons[index]
        passed = comparison is not None and comparison.passed
        return outcome.evidences[index].status not in _TELLING, passed, index

    return min(range(len(outcome.evidences)), key=key)


def _explains(variant: Alternative, outcome: TrialOutcome, oracle: Oracle) -> bool:
    """Return whether a variant's evidence of a check is the student's; a pass explains nothing."""
    trial = outcome.trial
    found = oracle.variant(trial.exercise, variant, trial)
    same = same_evidence(outcome.evidences, found, trial.check.judge, oracle.wanted(trial))
    return same and _fails(found, trial, oracle)


def _fails(found: Sequence[Evidence], trial: Trial, oracle: Oracle) -> bool:
    return any(
        item.status != "ok" or not trial.check.judge(item.value, want).passed
        for item, want in zip(found, oracle.wanted(trial), strict=False)
    )
