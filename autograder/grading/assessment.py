"""Assessing one program: observe each check and judge it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from autograder.course.exercise import Check, Exercise
from autograder.errors import FaultError
from autograder.grading.cache import Draft, EvidenceCache
from autograder.grading.causes import Setting
from autograder.grading.findings import FindingWriter
from autograder.grading.fingerprint import key_of
from autograder.grading.oracle import Lends, Oracle
from autograder.grading.outcome import TrialOutcome
from autograder.grading.trial import Observes, Trial, observe_all
from autograder.results.result import ExerciseResult
from autograder.wire.program import ProgramCell


class Assessment:
    """One program being assessed.

    Args:
        cells: the program's cells, for places and code; empty in a kernel.
        identity: of what runs, and on what; evidence is kept by it.
        oracle: what is known of the unit.
        observer: what observes the program.
        memory_limit: what it may use, for messages: "At most 2048 MiB."
        public: whether wanted values may be shown.
        draft: where the program's evidence is gathered; nowhere if None.
        setting: where it is graded; None in a kernel.
    """

    def __init__(
        self,
        cells: Sequence[ProgramCell],
        identity: str,
        oracle: Oracle,
        observer: Observes,
        memory_limit: str = "Little: the inputs are small.",
        public: bool = False,
        draft: Draft | None = None,
        setting: Setting | None = None,
    ) -> None:
        self._identity = identity
        self._oracle = oracle
        self._observer = observer
        self._draft = draft or Draft(EvidenceCache(None), "")
        self._writer = FindingWriter(cells, oracle, observer, memory_limit, public, setting)

    def exercises(
        self,
        exercises: Sequence[Exercise],
        lender: Lends | None = None,
        known_wrong: Collection[str] = (),
    ) -> tuple[ExerciseResult, ...]:
        """Assess exercises in order.

        Args:
            exercises: what to assess.
            lender: lends what is right; nothing is lent if None.
            known_wrong: functions that are wrong, of exercises that are not assessed.

        What fails is tried again with the reference's earlier functions where the program's own
        are wrong, so that one slip costs once.  That happens after every exercise has been
        observed, so that what the reference answers then can't serve any other check.
        """
        outcomes = {exercise.name: self._observe(exercise) for exercise in exercises}
        wrong = set(known_wrong)
        for exercise in exercises:
            names = tuple(name for name in exercise.borrows if name in wrong)
            if lender is not None and names:
                outcomes[exercise.name] = self._again(
                    exercise, outcomes[exercise.name], names, lender
                )
            # What is right beside right functions is right itself, and need not be borrowed.
            # What is imprecise may be right, but can't be measured with.
            if not all(each.passed and not each.imprecise for each in outcomes[exercise.name]):
                wrong.add(exercise.name)
        return tuple(self._writer.result(each, outcomes[each.name]) for each in exercises)

    def _observe(self, exercise: Exercise) -> list[TrialOutcome]:
        """Observe all checks of an exercise, until the program's process ends."""
        found: list[TrialOutcome] = []
        for check in exercise.checks:
            if any(each.ended for each in found):
                found.append(TrialOutcome.skipped(self._oracle.trial(exercise, check)))
            else:
                wrong = not all(each.passed for each in found)
                found.append(self._observe_check(exercise, check, self._observer, wrong))
        return found

    def _again(
        self,
        exercise: Exercise,
        outcomes: list[TrialOutcome],
        names: tuple[str, ...],
        lender: Lends,
    ) -> list[TrialOutcome]:
        """Observe checks again, with functions borrowed that may have made them fail."""
        if not any(outcome.can_be_due_to_others for outcome in outcomes):
            return outcomes
        observer = lender.to(exercise, names)
        lent = (lender.identity(exercise), *names)
        found: list[TrialOutcome] = []
        for outcome in outcomes:
            if outcome.can_be_due_to_others and not any(each.ended for each in found):
                wrong = not all(each.passed for each in found)
                borrowed = self._observe_check(
                    exercise, outcome.check, observer, wrong, names, lent
                )
                # What the functions hand on, a cache, may have a form of the student's own.  Then
                # the reference's leads to an error, and the student's says more.
                own = borrowed.raised and not borrowed.asked_too_much and not outcome.raised
                outcome = outcome if own else borrowed
            found.append(outcome)
        return found

    def _observe_check(
        self,
        exercise: Exercise,
        check: Check,
        observer: Observes,
        wrong: bool,
        borrowed: tuple[str, ...] = (),
        lent: tuple[str, ...] = (),
    ) -> TrialOutcome:
        """Try a check's draws until one passes; else return the outcome of the first.

        A draw is repeated because chance may fail a right answer.  What is far off is not repeated
        where another check shows that the answer is wrong, and once where none does.

        Args:
            exercise: what the check is of.
            check: the check.
            observer: what observes the program.
            wrong: whether another check of the exercise has failed.
            borrowed: functions that are the reference's.
            lent: whose they are, and what they are, as far as evidence depends on it.
        """
        first: TrialOutcome | None = None
        far = 0
        for attempt in range(check.tries):
            trial = self._oracle.trial(exercise, check, attempt)
            try:
                outcome = self._judged(trial, observer, borrowed, lent)
            except FaultError as error:
                return TrialOutcome.skipped(self._oracle.trial(exercise, check), fault=str(error))
            first = first or outcome
            if outcome.passed:
                return outcome
            far += outcome.is_far
            if far > (0 if wrong else 1) or any(i.status != "ok" for i in outcome.evidences):
                break
        return first or TrialOutcome.skipped(self._oracle.trial(exercise, check))

    def _judged(
        self,
        trial: Trial,
        observer: Observes,
        borrowed: tuple[str, ...],
        lent: tuple[str, ...],
    ) -> TrialOutcome:
        key = evidence_key(self._identity, trial, lent)
        found = trial.judged(self._draft.get(key, lambda: observe_all(observer, trial)))
        evidences = [self._writer.stub_or(trial.exercise.name, item) for item in found]
        comparisons = tuple(
            trial.check.judge(item.value, want) if item.status == "ok" else None
            for item, want in zip(evidences, self._oracle.wanted(trial), strict=True)
        )
        return TrialOutcome(trial, tuple(evidences), comparisons, borrowed)


def evidence_key(identity: str, trial: Trial, lent: Sequence[str] = ()) -> str:
    """Return what an assessed program's evidence is kept by.

    Args:
        identity: of what runs, and on what.
        trial: what is asked.
        lent: the identity of what decides on loans, and the names of functions, if some are lent.
    """
    return key_of(identity, trial.key, list(lent))
