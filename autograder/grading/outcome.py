"""What came of putting one trial to a program."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.course.exercise import Check
from autograder.grading.trial import ENDED, Trial
from autograder.judging.comparison import PASS, Comparison
from autograder.wire.evidence import NOT_LENT, Evidence

# Times the errors, or the cost, that a threshold allows.  The worst of 428 trainings of right forms
# reached 1.26 (`python benchmarks/training.py`).
FAR = 3.0


@dataclass(frozen=True)
class TrialOutcome:
    """One check of a program: what was asked, what came back, how it compares.

    `comparisons` has one entry a case, None where nothing came back to compare.  `borrowed` names
    functions that were the reference's, because the student's are wrong.  `fault` is the grader's.
    """

    trial: Trial
    evidences: tuple[Evidence, ...]
    comparisons: tuple[Comparison | None, ...]
    borrowed: tuple[str, ...] = ()
    fault: str = ""

    @classmethod
    def skipped(cls, trial: Trial, fault: str = "") -> TrialOutcome:
        """Return the outcome of a trial that was not put to the program."""
        count = len(trial.cases)
        return cls(trial, (Evidence("skipped"),) * count, (None,) * count, fault=fault)

    @property
    def check(self) -> Check:
        return self.trial.check

    @property
    def passed(self) -> bool:
        return not self.fault and all(c is not None and c.passed for c in self.comparisons)

    @property
    def first_failed(self) -> int:
        """The index of the case to talk about: the first that failed."""
        return next(i for i, c in enumerate(self.comparisons) if c is None or not c.passed)

    @property
    def deviation(self) -> float | None:
        """The worst deviation over the cases that could be compared."""
        return max((c.deviation for c in self.comparisons if c is not None), default=None)

    @property
    def is_far(self) -> bool:
        """Whether something trained is so far from its threshold that no right form comes there."""
        deviation = self.deviation
        return deviation is not None and deviation > FAR * PASS

    @property
    def seconds(self) -> float:
        """The CPU seconds of all cases."""
        return sum(item.seconds for item in self.evidences)

    @property
    def imprecise(self) -> str:
        """What to say of a result that is less precise than the inputs; empty if none is."""
        return next((c.remark for c in self.comparisons if c is not None and c.remark), "")

    @property
    def raised(self) -> bool:
        return any(item.status == "raised" for item in self.evidences)

    @property
    def asked_too_much(self) -> bool:
        """Whether it called a borrowed function for more than it is lent for."""
        return any(item.failure and item.failure.type_name == NOT_LENT for item in self.evidences)

    @property
    def ended(self) -> bool:
        """Whether the program's process ended on a case, or was stopped."""
        return any(item.status in ENDED for item in self.evidences)

    @property
    def can_be_due_to_others(self) -> bool:
        """Whether it failed and a function that the exercise uses can be the cause.

        It can be of what was stopped, too: it may hang, or make a list longer with each call.
        """
        if self.passed or self.fault:
            return False
        name = self.trial.exercise.name
        return not any(
            item.failure is not None
            and (
                (item.status == "missing" and item.failure.message == name)
                or (item.status == "stub" and item.failure.function == name)
            )
            for item in self.evidences
        )
