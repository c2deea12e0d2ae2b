"""The rows of `check-course`: one of a unit's own programs, graded against one exercise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from autograder.authoring.hollow import HOLLOW, hollow_answer
from autograder.authoring.matrix import Row
from autograder.course.exercise import Alternative, Check, Exercise
from autograder.course.notebook import Cell, clear_solutions
from autograder.course.unit import LoadedUnit
from autograder.grading.assessment import Assessment, evidence_key
from autograder.grading.cache import Draft
from autograder.grading.fingerprint import key_of
from autograder.grading.grade import grade
from autograder.grading.lending import Lender
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.judging.judge import CORRECT_FORM
from autograder.results.result import ExerciseResult
from autograder.submissions.submission import Submission, cells_digest
from autograder.wire.program import Program, ProgramCell

SEED = "check-course"  # followed by the number of the draw: "check-course-0"

# CPU time from which the evidence of a variant is not made twice: Keras compiles, a net trains.
SLOW_SECONDS = 0.5


def whole(kind: str, loaded: LoadedUnit, oracle: ReferenceOracle) -> list[Row]:
    """Return the rows of the "reference" or the "release", graded as a submission is."""
    clear = kind == "release"
    cells = tuple(_numbered(loaded.cells, clear))
    submission = Submission(kind, loaded.name, kind, cells, (), cells_digest(cells))
    rows = []
    for result in grade(submission, oracle).exercises:
        row = _row(kind, "", result)
        if clear and (row.points or any(f.verdict != "stub" for f in result.findings)):
            row = replace(row, problem="the release must get nothing, and read as not answered.")
        if not clear and row.points < row.max_points:
            row = replace(row, problem=f"the reference loses points: {result.findings}")
        rows.append(row)
    return rows


def _numbered(cells: Sequence[Cell], clear: bool) -> Iterator[ProgramCell]:
    code = (cell for cell in cells if cell.kind == "code")
    for number, cell in enumerate(code, 1):
        source = clear_solutions(cell.source) if clear else cell.source
        yield ProgramCell(number, source, "experiment" in cell.tags, "an experiment")


def hollow(oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative) -> Row:
    """Return the row of an answer without a solution; `alternative` is named as in `HOLLOW`."""
    stub = clear_solutions(oracle.loaded.solution_cell(exercise.name).source)
    cells = oracle.loaded.reference.cells
    last = (cells[-1][0] + 1, hollow_answer(stub, exercise.name, HOLLOW[alternative.name]))
    row = _row("hollow", alternative.name, assessed(oracle, exercise, Program((*cells, last))))
    return replace(row, problem="an answer without a solution gets points.") if row.points else row


def lookup(
    public: ReferenceOracle, oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative
) -> Row:
    """Return the row of the right answers to the public cases, handed in for the hidden ones.

    Everyone has these answers, so a check that they pass must not count alone.  They can't pass
    what is judged by hidden labels.
    """
    passed = [check for check in exercise.checks if _looked_up(public, oracle, exercise, check)]
    row = Row(
        "lookup",
        exercise.name,
        alternative.name,
        sum(check.points for check in passed),
        exercise.points,
        failed=tuple(check.name for check in exercise.checks if check not in passed),
    )
    alone = ", ".join(f"`{check.name}`" for check in passed if check.counts_alone)
    if not alone:
        return replace(row, points=0.0)
    said = f"the public answers pass {alone}: vary its cases, or declare `counts_alone=False`."
    return replace(row, problem=said)


def _looked_up(
    public: ReferenceOracle, oracle: ReferenceOracle, exercise: Exercise, check: Check
) -> bool:
    if check.measure is not None:  # a release has what was measured, not the answers
        return False
    known = public.trial(exercise, check)
    wanted = oracle.wanted(oracle.trial(exercise, check))
    if check.judge.needs_reference:
        answers = [item.value for item in public.reference(known)]
    elif check.judge.recognises_variants:  # by its statistics, and the truth has those expected
        answers = [{name: law[0] for name, law in case.truth.items()} for case in known.cases]
    else:
        return False
    return len(answers) == len(wanted) and all(
        check.judge(answer, want).passed for answer, want in zip(answers, wanted, strict=True)
    )


def equivalent(oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative) -> Row:
    """Return the row of another right solution, which must pass.  It trains on the first seed only.

    It must be as near to the reference as right solutions are; the thresholds build on that.
    """
    first = oracle.seed == f"{SEED}-0"
    asked = exercise if first else without_training(exercise)
    found = assessed(oracle, asked, oracle.program(exercise, alternative))
    row = _row("equivalent", alternative.name, found)
    worst = max((d for d in row.deviations.values() if d is not None), default=0.0)
    if row.failed:
        return replace(row, problem=f"must pass (seed {oracle.seed}).")
    if worst > CORRECT_FORM and not _is_near(exercise, row):
        return replace(row, problem=f"deviates {worst:.3g}; {CORRECT_FORM:g} is the limit.")
    return row


def _is_near(exercise: Exercise, row: Row) -> bool:
    """Return whether all deviations from the reference are small.

    The deviation of a check without reference is not such a distance, but what a threshold is for.
    """
    near = [check.name for check in exercise.checks if check.judge.needs_reference]
    return all((row.deviations[name] or 0.0) <= CORRECT_FORM for name in near)


def variant(oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative) -> Row:
    """Return the row of a known mistake, which must lose points and be recognised.

    Some deviation must also be as large as its check asks for, so that rounding can't hide it.
    """
    seen = _slow_evidence(oracle, exercise, alternative)
    row = losing(oracle, exercise, alternative, seen)
    if row.problem:
        return row
    if not {alternative.name, *alternative.same_as} & set(row.recognised):
        return replace(row, problem="is not recognised.")
    least = {check.name: check.judge.least_wrong for check in exercise.checks}
    shares = [(row.deviations[name] or float("inf")) / least[name] for name in row.failed]
    if max(shares) < 1:
        return replace(row, problem=f"deviates {max(shares):.2g} of what is asked for.")
    return row


def losing(
    oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative, seen: Draft | None = None
) -> Row:
    """Return the row of a known mistake, which must lose points.

    It trains only if no other check tells it from the reference.
    """
    program, rest = oracle.program(exercise, alternative), without_training(exercise)
    row = _row("variant", alternative.name, assessed(oracle, rest, program, seen))
    if not row.failed:
        row = _row("variant", alternative.name, assessed(oracle, exercise, program))
    return row if row.failed else replace(row, problem=f"must lose points (seed {oracle.seed}).")


def _slow_evidence(oracle: ReferenceOracle, exercise: Exercise, variant: Alternative) -> Draft:
    """Return what the oracle has seen of a variant already, if that took long.

    What is quick is observed once more, in another process: a mistake that gives something else
    each time is recognised by its law or not at all.
    """
    program = oracle.program(exercise, variant)
    trials = [oracle.trial(exercise, c) for c in exercise.checks if c.judge.recognises_variants]
    identity = oracle.identity(program)
    found = {evidence_key(identity, q): oracle.whole(program, q) for q in trials}
    seen = _draft(oracle, program)
    if sum(item.seconds for items in found.values() for item in items) > SLOW_SECONDS:
        for key, items in found.items():
            seen.put(key, items)
    return seen


def borrower(oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative) -> Row:
    """Return the row of a right answer beside earlier ones that do nothing: it must pass."""
    asked = without_training(exercise)
    program = beside_nothing(oracle, exercise, oracle.program(exercise, alternative))
    found = assessed(oracle, asked, program, lent=exercise.borrows)
    row = _row("borrower", alternative.name, found)
    told = "; ".join(item.seen for item in found.findings if item.verdict != "passed")
    return replace(row, problem=f"loses points with lent functions: {told}") if row.failed else row


def shortcut(oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative) -> Row:
    """Return the row of an answer that misuses what is lent to it; it must get nothing."""
    program = beside_nothing(oracle, exercise, oracle.program(exercise, alternative))
    found = assessed(oracle, without_training(exercise), program, lent=exercise.borrows)
    row = _row("shortcut", alternative.name, found)
    return replace(row, problem="lent functions answer the exercise.") if row.points else row


def beside_nothing(oracle: ReferenceOracle, exercise: Exercise, program: Program) -> Program:
    """Return a program with the functions that its exercise can be lent hollow."""
    stubs = [clear_solutions(oracle.loaded.solution_cell(n).source) for n in exercise.borrows]
    nothing = [
        (program.cells[-1][0] + number, hollow_answer(stub, name, HOLLOW["none"]))
        for number, (stub, name) in enumerate(zip(stubs, exercise.borrows, strict=True), 1)
    ]
    return Program((*program.cells, *nothing))


def assessed(
    oracle: ReferenceOracle,
    exercise: Exercise,
    program: Program,
    seen: Draft | None = None,
    lent: Sequence[str] = (),
) -> ExerciseResult:
    """Return how one of the unit's own programs does in one exercise.

    Args:
        oracle: Of the unit's reference; it also runs the program.
        exercise: All of it, or less some checks.
        program: The reference with something changed.
        seen: What was observed of the program already; what is added to it is kept.
        lent: Functions of the program that are wrong, so that the reference's are lent.
    """
    seen = seen or _draft(oracle, program)
    cells = tuple(ProgramCell(number, source, False) for number, source in program.cells)
    with ExitStack() as observers:
        observer = observers.enter_context(oracle.observer(program))
        assessment = Assessment(cells, oracle.identity(program), oracle, observer, draft=seen)
        lender = Lender(oracle, observer, observers) if lent else None
        (found,) = assessment.exercises([exercise], lender, lent)
    seen.keep()
    return found


def _draft(oracle: ReferenceOracle, program: Program) -> Draft:
    return Draft(oracle.cache, key_of("alternative", oracle.identity(program), oracle.seed))


def without_training(exercise: Exercise) -> Exercise:
    """Return the exercise less the checks that train, which take minutes each.

    Their thresholds are calibrated elsewhere.  If nothing else counts alone, they stay: without
    them no pass would count.
    """
    rest = [check for check in exercise.checks if check.tries == 1]
    counts = any(check.counts_alone for check in rest)
    return replace(exercise, checks=rest) if counts else exercise


def _row(kind: str, name: str, result: ExerciseResult) -> Row:
    failed = [finding for finding in result.findings if finding.verdict != "passed"]
    return Row(
        kind,
        result.exercise,
        name,
        result.points,
        result.max_points,
        tuple(dict.fromkeys(known for finding in failed for known in finding.explained_by)),
        {finding.check: finding.deviation for finding in result.findings},
        tuple(finding.check for finding in failed),
    )
