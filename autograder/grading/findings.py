"""From the outcomes of an exercise's checks to what a student reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder.course.exercise import Alternative, Check, Exercise
from autograder.errors import FaultError
from autograder.grading import messages
from autograder.grading.causes import Setting
from autograder.grading.explain import Explanation, explain, symptoms_of
from autograder.grading.number_types import unusable
from autograder.grading.oracle import Oracle
from autograder.grading.outcome import TrialOutcome
from autograder.grading.recognition import fails, matching_variants
from autograder.grading.trial import Observes
from autograder.judging.comparison import Comparison, Difference
from autograder.judging.relation import relation
from autograder.results.result import ExerciseResult, Finding
from autograder.wire.evidence import Evidence
from autograder.wire.program import ProgramCell

MAX_CODE = 100_000  # characters of a cell that a result quotes


@dataclass(frozen=True)
class FindingWriter:
    """Writes the findings of one program; the fields are those of `Assessment`."""

    cells: Sequence[ProgramCell]
    oracle: Oracle
    observer: Observes
    memory_limit: str
    public: bool
    setting: Setting | None = None

    def stub_or(self, name: str, evidence: Evidence) -> Evidence:
        """Return the evidence, as a stub's where what raised is what the student was given."""
        if messages.is_released_stub(name, evidence, self.cells, self.setting):
            return replace(evidence, status="stub")
        return evidence

    def result(self, exercise: Exercise, outcomes: Sequence[TrialOutcome]) -> ExerciseResult:
        """Return the result of an exercise from the outcomes of all its checks."""
        explainer = Explainer(exercise, outcomes, self.oracle)
        findings = tuple(self._finding(outcome, explainer) for outcome in outcomes)
        if not any(outcome.passed and outcome.check.counts_alone for outcome in outcomes):
            findings = tuple(map(_withheld, findings))
        if remark := self._which_counts(exercise.name):
            first = replace(findings[0], remarks=(remark, *findings[0].remarks))
            findings = (first, *findings[1:])
        found = messages.definition(self.cells, exercise.name, self.observer.cells)
        return ExerciseResult(
            exercise=exercise.name,
            points=sum(finding.points for finding in findings),
            max_points=exercise.points,
            findings=findings,
            code=found[0].source[:MAX_CODE] if found else "",
            cell=found[0].number if found else 0,
        )

    def _which_counts(self, name: str) -> str:
        """Return which of several values of a name was graded; a kernel's history has many."""
        if self.setting is None:
            return ""
        return messages.which_counts(name, self.cells, self.observer.cells)

    def _finding(self, outcome: TrialOutcome, explainer: Explainer) -> Finding:
        check = outcome.check
        finding = Finding(
            check=check.name,
            claim=check.claim,
            verdict="passed",
            points=check.points,
            max_points=check.points,
            deviation=outcome.deviation,
            seconds=round(outcome.seconds, 4),
            remarks=explainer.remarks(outcome),
        )
        if outcome.fault:
            advice = "This is the grader's failure, not yours: it is to be graded again."
            return replace(finding, verdict="fault", points=0.0, seen=outcome.fault, advice=advice)
        if outcome.passed:
            return finding
        finding = self._failed(replace(finding, points=0.0), outcome, outcome.first_failed)
        explanation = explainer.explanation(outcome)
        if explanation is None:
            return finding
        return replace(finding, advice=explanation.text, explained_by=explanation.names)

    def _failed(self, finding: Finding, outcome: TrialOutcome, index: int) -> Finding:
        """Say what is wrong with the case at `index`."""
        evidence, comparison = outcome.evidences[index], outcome.comparisons[index]
        if evidence.status not in ("stub", "missing", "skipped"):  # the same for every case
            finding = replace(finding, case=outcome.trial.cases[index].label)
        if comparison is None:
            return self._not_answered(finding, outcome.trial.exercise.name, evidence)
        return self._not_equal(finding, outcome, index, comparison)

    def _not_answered(self, finding: Finding, name: str, evidence: Evidence) -> Finding:
        if (words := unusable(evidence.failure)) is not None:  # nothing was raised
            seen, expected, advice = words
            found = messages.definition(self.cells, name, self.observer.cells)
            return replace(
                finding,
                verdict="failed",
                seen=seen,
                expected=expected,
                advice=advice,
                place=found[1] if found else None,
            )
        message = messages.status_message(
            name, evidence, self.cells, self.observer.cells, self.memory_limit, self.setting
        )
        return replace(
            finding,
            verdict=evidence.status,  # type: ignore[arg-type]  # a subset of the verdicts
            seen=message.seen,
            expected=message.expected,
            advice=message.advice,
            place=None if evidence.status == "stub" else messages.place_of(evidence.failure),
        )

    def _not_equal(
        self, finding: Finding, outcome: TrialOutcome, index: int, comparison: Comparison
    ) -> Finding:
        difference = comparison.difference
        if difference is None:
            raise FaultError("A comparison that passed was to be explained.")
        shown = difference.wanted and self._may_show(outcome.check)
        related = self._relation(outcome, index)
        found = messages.definition(self.cells, outcome.trial.exercise.name, self.observer.cells)
        return replace(
            finding,
            verdict="failed",
            seen=" ".join(part for part in (related, difference.seen) if part),
            expected=f"{difference.wanted}." if shown else _expected(difference, outcome),
            advice=difference.advice,
            place=found[1] if found else None,
        )

    def _may_show(self, check: Check) -> bool:
        """Return whether a wanted value may be shown.

        The hidden cases of a course stay the same, so that what is shown can be handed in next
        time.  What counts alone is not, unless it is measured on raw values, which are never shown.
        """
        told = not check.counts_alone or check.measure is not None
        return self.public or (told and not check.judge.secret)

    def _relation(self, outcome: TrialOutcome, index: int) -> str:
        """Return how a wrong value relates to the wanted one, where that is known."""
        judge = outcome.check.judge
        if not judge.needs_reference:
            return ""
        wanted = self.oracle.wanted(outcome.trial)
        others = tuple(want.value for other, want in enumerate(wanted) if other != index)
        got, want = outcome.evidences[index].value, wanted[index].value
        if judge.is_law and isinstance(got, dict):
            got, want, others = got.get("left"), want["left"], ()
        return relation(got, want, outcome.trial.cases[index].inputs, others)


def _expected(difference: Difference, outcome: TrialOutcome) -> str:
    """Return what is expected in words; where only the value would help, where to see one."""
    check, name = outcome.check, outcome.trial.exercise.name
    # A number that is wrong is best explained by its relation to the right one, not by another.
    one_of_many = not check.judge.dtype or difference.wanted[:2] in ("`'", '`"')
    if not difference.wanted or not check.public or not one_of_many:
        return difference.expected
    return (
        f'{difference.expected} In the notebook `check("{name}")` tries cases like this one and '
        "shows what they ask for."
    )


def _withheld(finding: Finding) -> Finding:
    """Withhold the points of a pass that a trivial answer would earn, too."""
    if finding.verdict != "passed":
        return finding
    seen = "It counts once another check of this exercise passes."
    return replace(finding, verdict="skipped", points=0.0, seen=seen)


class Explainer:
    """Explanations of one exercise's failed checks, looked up once."""

    def __init__(
        self, exercise: Exercise, outcomes: Sequence[TrialOutcome], oracle: Oracle
    ) -> None:
        self._exercise = exercise
        self._oracle = oracle
        telling = [each for each in outcomes if each.check.judge.recognises_variants]
        self._passed = [outcome.trial for outcome in telling if outcome.passed]
        failed = [
            outcome
            for outcome in telling
            if not outcome.passed
            and not outcome.fault
            and any(evidence.status in ("ok", "raised") for evidence in outcome.evidences)
        ]
        self._matches = matching_variants(exercise, failed, oracle)

    def explanation(self, outcome: TrialOutcome) -> Explanation | None:
        """Return the best explanation of a failed check."""
        found = explain(outcome.check.name, self._matches, self._contradictions)
        if found is None and (shown := symptoms_of(self._exercise, outcome.evidences)):
            return shown[0]
        return found

    def remarks(self, outcome: TrialOutcome) -> tuple[str, ...]:
        """Return what to say beside the finding; of a pass, its symptoms, too."""
        remarks: list[str] = []
        unanswered = {"stub", "missing"} & {item.status for item in outcome.evidences}
        if outcome.borrowed and not unanswered:
            quoted = [f"`{name}`" for name in outcome.borrowed]
            names = " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
            verb = "is" if len(quoted) == 1 else "are"
            remarks.append(f"Judged with a right {names}, since yours {verb} not right yet.")
        if outcome.passed:
            remarks += [shown.text for shown in symptoms_of(self._exercise, outcome.evidences)]
        if outcome.imprecise:
            remarks.append(outcome.imprecise)
        return tuple(remarks)

    def _contradictions(self, variant: Alternative) -> int:
        """Return in how many of the checks that the student passed a variant fails."""
        try:
            return sum(fails(variant, trial, self._oracle) for trial in self._passed)
        except FaultError:
            return 0  # two explanations where one would do; no point depends on it
