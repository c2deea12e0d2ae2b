"""Assessing one program: observe each check, judge it, explain what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from autograder.course.exercise import Alternative, Check, Exercise
from autograder.errors import FaultError
from autograder.grading import messages
from autograder.grading.cache import Draft, EvidenceCache
from autograder.grading.explain import Explanation, explain, matching_variants, symptoms_of
from autograder.grading.fingerprint import key_of
from autograder.grading.trial import Observes, Trial, observe_all
from autograder.judging.comparison import Comparison, Wanted
from autograder.judging.relation import relation
from autograder.results.result import ExerciseResult, Finding
from autograder.wire.evidence import Evidence
from autograder.wire.program import ProgramCell

MAX_CODE = 100_000  # characters of a cell that a result quotes
ENDED = frozenset({"timeout", "memory", "died"})


class Oracle(Protocol):
    """What is known of a unit for one seed: by the reference, or by a release's public cases."""

    def trial(self, exercise: Exercise, check: Check, attempt: int = 0) -> Trial: ...
    def wanted(self, trial: Trial) -> list[Wanted]: ...
    def variant(self, exercise: Exercise, variant: Alternative, trial: Trial) -> list[Evidence]: ...


# Gives an observer whose functions of those names are the reference's.
Borrow = Callable[[Sequence[str]], Observes]


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


class Assessment:
    """One program being assessed.

    Args:
        cells: the program's cells, for places and code; empty in a kernel.
        identity: of what runs, and on what; evidence is kept by it.
        oracle: what is known of the unit.
        observer: what observes the program.
        memory_limit: what it may use, for messages: "At most 2048 MiB."
        public: whether wanted values may be told.
        kept: where the program's evidence is gathered; nowhere if None.
        reference_identity: of the reference, which answers for borrowed functions.
    """

    def __init__(
        self,
        cells: Sequence[ProgramCell],
        identity: str,
        oracle: Oracle,
        observer: Observes,
        memory_limit: str = "Little: the inputs are small.",
        public: bool = False,
        kept: Draft | None = None,
        reference_identity: str = "",
    ) -> None:
        self._cells = cells
        self._identity = identity
        self._oracle = oracle
        self._observer = observer
        self._memory_limit = memory_limit
        self._public = public
        self._kept = kept or Draft(EvidenceCache(None), "")
        self._reference_identity = reference_identity

    def exercises(
        self, exercises: Sequence[Exercise], borrow: Borrow | None = None
    ) -> tuple[ExerciseResult, ...]:
        """Assesses exercises in order.

        What fails is tried again with the reference's earlier functions where the program's own
        are wrong, so that one slip costs once.  That happens after every exercise has been
        observed, so that what the reference answers then can't serve any other check.
        """
        observed = {exercise.name: self._observe(exercise) for exercise in exercises}
        wrong: set[str] = set()
        for exercise in exercises:
            names = tuple(name for name in exercise.uses if name in wrong)
            if borrow is not None and names:
                observed[exercise.name] = self._again(
                    exercise, observed[exercise.name], names, borrow
                )
            # What is right beside right functions is right itself, and need not be borrowed.
            # What is imprecise may be right, but can't be measured with.
            if not all(item.passed and not _precision(item) for item in observed[exercise.name]):
                wrong.add(exercise.name)
        return tuple(self._result(exercise, observed[exercise.name]) for exercise in exercises)

    def _observe(self, exercise: Exercise) -> list[TrialOutcome]:
        found: list[TrialOutcome] = []
        ended = False
        for check in exercise.checks:
            if ended:
                found.append(self._skipped(exercise, check))
            else:
                found.append(self._observe_check(exercise, check, self._observer))
                ended = _ended(found[-1])
        return found

    def _again(
        self,
        exercise: Exercise,
        observed: list[TrialOutcome],
        names: tuple[str, ...],
        borrow: Borrow,
    ) -> list[TrialOutcome]:
        again = [_others_may_be_to_blame(item, exercise) for item in observed]
        if not any(again):
            return observed
        observer = borrow(names)
        found: list[TrialOutcome] = []
        for item, wanted in zip(observed, again, strict=True):
            if wanted and not any(map(_ended, found)):
                borrowed = self._observe_check(exercise, item.check, observer, names)
                # What the functions hand on, a cache, may have a form of the student's own.  Then
                # the reference's leads to an error, and the student's says more.
                item = item if _raised(borrowed) and not _raised(item) else borrowed
            found.append(item)
        return found

    def _observe_check(
        self, exercise: Exercise, check: Check, observer: Observes, borrowed: tuple[str, ...] = ()
    ) -> TrialOutcome:
        """Tries a check's draws until one passes; the first one's failure is what is told."""
        first: TrialOutcome | None = None
        for attempt in range(check.tries):
            trial = self._oracle.trial(exercise, check, attempt)
            try:
                observed = self._judged(trial, observer, borrowed)
            except FaultError as error:
                return replace(self._skipped(exercise, check), fault=str(error))
            first = first or observed
            if observed.passed:
                return observed
            if any(item.status != "ok" for item in observed.evidences):
                break
        return first or self._skipped(exercise, check)

    def _judged(self, trial: Trial, observer: Observes, borrowed: tuple[str, ...]) -> TrialOutcome:
        lent = (self._reference_identity, *borrowed) if borrowed else ()
        key = evidence_key(self._identity, trial, lent)
        evidences = trial.judged(self._kept.get(key, lambda: observe_all(observer, trial)))
        comparisons = tuple(
            trial.check.judge(item.value, want) if item.status == "ok" else None
            for item, want in zip(evidences, self._oracle.wanted(trial), strict=True)
        )
        return TrialOutcome(trial, tuple(evidences), comparisons, borrowed)

    def _skipped(self, exercise: Exercise, check: Check) -> TrialOutcome:
        trial = self._oracle.trial(exercise, check)
        count = len(trial.cases)
        return TrialOutcome(trial, (Evidence("skipped"),) * count, (None,) * count)

    def _result(self, exercise: Exercise, observed: Sequence[TrialOutcome]) -> ExerciseResult:
        explainer = _Explainer(exercise, observed, self._oracle)
        answered = any(item.passed and item.check.counts_alone for item in observed)
        findings = tuple(
            _hollow(self._finding(exercise, item, explainer))
            if item.passed and not answered
            else self._finding(exercise, item, explainer)
            for item in observed
        )
        found = messages.definition(self._cells, exercise.name)
        return ExerciseResult(
            exercise=exercise.name,
            points=sum(finding.points for finding in findings),
            max_points=exercise.points,
            findings=findings,
            code=found[0].source[:MAX_CODE] if found else "",
            cell=found[0].number if found else 0,
        )

    def _finding(
        self, exercise: Exercise, observed: TrialOutcome, explainer: _Explainer
    ) -> Finding:
        check = observed.check
        finding = Finding(
            check=check.name,
            claim=check.claim,
            verdict="passed",
            points=check.points,
            max_points=check.points,
            deviation=observed.deviation,
            seconds=round(sum(item.seconds for item in observed.evidences), 4),
            remarks=explainer.remarks(observed) + _precision(observed),
        )
        if observed.fault:
            advice = "This is the grader's failure, not yours: it is to be graded again."
            return replace(finding, verdict="fault", points=0.0, seen=observed.fault, advice=advice)
        if observed.passed:
            return finding
        index = observed.first_failed
        finding = replace(finding, points=0.0, case=observed.trial.cases[index].label)
        if observed.evidences[index].status in ("stub", "missing", "skipped"):
            finding = replace(finding, case="")  # the same for every case
        if observed.comparisons[index] is None:
            finding = self._not_answered(finding, exercise, observed.evidences[index])
        else:
            finding = self._not_equal(finding, exercise, observed, index)
        explanation = explainer.explanation(observed)
        if explanation is None:
            return finding
        return replace(finding, advice=explanation.text, explained_by=explanation.names)

    def _not_answered(self, finding: Finding, exercise: Exercise, evidence: Evidence) -> Finding:
        seen, expected, advice = messages.status_words(
            exercise.name, evidence, self._cells, self._observer.cells, self._memory_limit
        )
        return replace(
            finding,
            verdict=evidence.status,  # type: ignore[arg-type]  # a subset of the verdicts
            seen=seen,
            expected=expected,
            advice=advice,
            place=None if evidence.status == "stub" else messages.place_of(evidence.failure),
        )

    def _not_equal(
        self, finding: Finding, exercise: Exercise, observed: TrialOutcome, index: int
    ) -> Finding:
        comparison = observed.comparisons[index]
        difference = comparison.difference if comparison else None
        if difference is None:
            raise FaultError("A comparison that passed was to be explained.")
        expected = difference.expected
        open_answer = self._public or not observed.check.judge.secret
        if difference.wanted and open_answer:
            expected = f"{difference.wanted}."
        related = self._relation(observed, index)
        found = messages.definition(self._cells, exercise.name)
        return replace(
            finding,
            verdict="failed",
            seen=" ".join(part for part in (related, difference.seen) if part),
            expected=expected,
            advice=difference.advice,
            place=found[1] if found else None,
        )

    def _relation(self, observed: TrialOutcome, index: int) -> str:
        trial = observed.trial
        if not trial.check.judge.needs_reference:
            return ""
        wanted = self._oracle.wanted(trial)
        others = tuple(want.value for other, want in enumerate(wanted) if other != index)
        inputs = trial.cases[index].inputs
        got, want = observed.evidences[index].value, wanted[index].value
        if trial.check.judge.is_law and isinstance(got, dict):
            got, want, others = got.get("left"), want["left"], ()
        return relation(got, want, inputs, others)


def evidence_key(identity: str, trial: Trial, lent: Sequence[str] = ()) -> str:
    """What an assessed program's evidence is kept by; `lent` tells what was the reference's."""
    return key_of(identity, trial.key, list(lent))


class _Explainer:
    """Explanations of one exercise's failed checks, looked up once."""

    def __init__(
        self, exercise: Exercise, observed: Sequence[TrialOutcome], oracle: Oracle
    ) -> None:
        self._exercise = exercise
        self._oracle = oracle
        self._trials = {item.check.name: item.trial for item in observed}
        self._passed = [
            item.check.name
            for item in observed
            if item.passed and item.check.judge.recognises_variants
        ]
        failed = {
            item.check.name: item.evidences
            for item in observed
            if not item.passed
            and not item.fault
            and item.check.judge.recognises_variants
            and any(evidence.status in ("ok", "raised") for evidence in item.evidences)
        }
        wanted = {name: oracle.wanted(self._trials[name]) for name in failed}
        self._matches = matching_variants(exercise, failed, self._failing, wanted)

    def explanation(self, observed: TrialOutcome) -> Explanation | None:
        """The best explanation of a failed check."""
        found = explain(observed.check.name, self._matches, self._contradictions)
        if found is None and (shown := symptoms_of(self._exercise, observed.evidences)):
            return shown[0]
        return found

    def remarks(self, observed: TrialOutcome) -> tuple[str, ...]:
        """What is told beside the finding, symptoms on passes among it."""
        told: list[str] = []
        unanswered = {"stub", "missing"} & {item.status for item in observed.evidences}
        if observed.borrowed and not unanswered:
            quoted = [f"`{name}`" for name in observed.borrowed]
            names = " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
            verb = "is" if len(quoted) == 1 else "are"
            told.append(f"Judged with a right {names}, since yours {verb} not right yet.")
        if observed.passed:
            told += [shown.text for shown in symptoms_of(self._exercise, observed.evidences)]
        return tuple(told)

    def _contradictions(self, variant: Alternative) -> int:
        """In how many of the checks that the student passed a variant fails."""
        try:
            return sum(bool(self._failing(variant, name)) for name in self._passed)
        except FaultError:
            return 0  # two explanations where one would do; no point depends on it

    def _failing(self, variant: Alternative, check: str) -> list[Evidence]:
        """A variant's evidence for a check that it fails; one that passes explains no failure."""
        trial = self._trials[check]
        found = self._oracle.variant(self._exercise, variant, trial)
        fails = any(
            item.status != "ok" or not trial.check.judge(item.value, want).passed
            for item, want in zip(found, self._oracle.wanted(trial), strict=False)
        )
        return found if fails else []


def _precision(observed: TrialOutcome) -> tuple[str, ...]:
    """A remark where a result is less precise than the inputs."""
    remarks = [c.remark for c in observed.comparisons if c is not None and c.remark]
    return (remarks[0],) if remarks else ()


def _hollow(finding: Finding) -> Finding:
    """A pass that code without an answer could get as well."""
    seen = "It counts once another check of this exercise passes."
    return replace(finding, verdict="skipped", points=0.0, seen=seen)


def _raised(observed: TrialOutcome) -> bool:
    return any(item.status == "raised" for item in observed.evidences)


def _ended(observed: TrialOutcome) -> bool:
    return any(item.status in ENDED for item in observed.evidences)


def _others_may_be_to_blame(observed: TrialOutcome, exercise: Exercise) -> bool:
    """Whether a function that a failed check uses can be the cause.

    Also of what was stopped: it may hang, or make a list longer with each call.
    """
    if observed.passed or observed.fault:
        return False
    return not any(
        (item.status == "missing" and item.failure and item.failure.message == exercise.name)
        or (item.status == "stub" and item.failure and item.failure.function == exercise.name)
        for item in observed.evidences
    )
