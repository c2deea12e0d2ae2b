"""What assessing has to know of a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from autograder.course.exercise import Alternative, Check, Exercise
from autograder.grading.trial import Observes, Trial
from autograder.judging.comparison import Wanted
from autograder.wire.evidence import Evidence


class Lends(Protocol):
    """Lends the reference's functions to the program that is assessed."""

    def to(self, exercise: Exercise, names: Sequence[str]) -> Observes:
        """Return an observer whose functions of those names are the reference's."""
        ...

    def identity(self, exercise: Exercise) -> str:
        """Return the identity of all that decides what they answer in an exercise."""
        ...


class Oracle(Protocol):
    """What is known of a unit for one seed: by the reference, or by a release's public cases."""

    def trial(self, exercise: Exercise, check: Check, attempt: int = 0) -> Trial:
        """Return a check with its cases for the oracle's seed."""
        ...

    def wanted(self, trial: Trial) -> list[Wanted]:
        """Return what is wanted of each case."""
        ...

    def variant(self, exercise: Exercise, variant: Alternative, trial: Trial) -> list[Evidence]:
        """Return a known mistake's evidence for each case."""
        ...

    def variants(self, exercise: Exercise, trial: Trial, index: int) -> list[Evidence]:
        """Return the evidence of every known mistake, in order, for one case of a trial."""
        ...
