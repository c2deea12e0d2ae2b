"""What a wrong answer is explained by: variants with the same evidence, then symptoms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.course.exercise import Alternative, Exercise
from autograder.judging.comparison import Wanted
from autograder.judging.judge import Judge
from autograder.wire.evidence import Evidence

Evidences = Sequence[Evidence]


@dataclass(frozen=True)
class Explanation:
    """`names` of the variants or symptoms that explain something, and what the student reads."""

    names: tuple[str, ...]
    text: str


def explain(
    check: str,
    matches: Sequence[tuple[Alternative, frozenset[str]]],
    contradictions: Callable[[Alternative], int] = lambda variant: 0,
) -> Explanation | None:
    """Return the explanation of one failed check, by all variants that explain it equally well.

    Args:
        check: its name.
        matches: what `matching_variants` found.
        contradictions: returns in how many of the checks that passed a variant fails; of variants
            that explain as much, those with the fewest are named.
    """
    fitting = [(variant, explained) for variant, explained in matches if check in explained]
    if not fitting:
        return None
    most = len(fitting[0][1])
    best = [variant for variant, explained in fitting if len(explained) == most]
    if len(best) > 1:
        against = [contradictions(variant) for variant in best]
        best = [v for v, count in zip(best, against, strict=True) if count == min(against)]
    texts = list(dict.fromkeys(variant.explanation for variant in best))
    return Explanation(tuple(variant.name for variant in best), " Or: ".join(texts))


def symptoms_of(exercise: Exercise, evidences: Evidences) -> list[Explanation]:
    """Return the symptoms that show in evidence."""
    found = []
    for symptom in exercise.symptoms:
        if any(item.status == "ok" and _shows(symptom.shows, item.value) for item in evidences):
            found.append(Explanation((symptom.name,), symptom.explanation))
    return found


def _shows(predicate: Callable[[Any], bool], value: Any) -> bool:
    """Return whether a symptom shows; not in what its predicate can't read."""
    try:
        return bool(predicate(value))
    except Exception:  # an author's predicate meets anything that a student's process sent
        return False


def same_evidence(
    got: Evidences, other: Evidences, judge: Judge, wanted: Sequence[Wanted] = ()
) -> bool:
    """Return whether two programs gave the same evidence on every case, by the judge's measure."""
    known = list(wanted) or [Wanted()] * len(got)
    return (
        len(got) == len(other) == len(known)
        and bool(got)
        and all(is_same(*case, judge) for case in zip(got, other, known, strict=True))
    )


def is_same(a: Evidence, b: Evidence, wanted: Wanted, judge: Judge) -> bool:
    """Return whether two programs gave the same evidence on one case."""
    if a.status != b.status:
        return False
    if a.status == "ok":
        return judge.same(a.value, b.value, wanted)
    if a.failure is None or b.failure is None:
        return a.failure == b.failure
    return (a.failure.type_name, a.failure.message) == (b.failure.type_name, b.failure.message)
