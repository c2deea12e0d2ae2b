"""Grading one submission in the sandbox."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from autograder.course.cases import PUBLIC_SEED
from autograder.course.exercise import Unit
from autograder.course.notebook import clear_solutions
from autograder.grading import messages
from autograder.grading.assessment import Assessment
from autograder.grading.cache import Draft
from autograder.grading.causes import Setting
from autograder.grading.fingerprint import key_of, package, versions
from autograder.grading.lending import Lender
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.grading.trial import ENDED
from autograder.results.result import CellRun, ExerciseResult, Result
from autograder.sandbox.gpu import Share
from autograder.sandbox.limits import Budget
from autograder.sandbox.observer import Observer
from autograder.submissions.submission import Problem, Submission
from autograder.wire.evidence import Evidence


def grade(submission: Submission, oracle: ReferenceOracle) -> Result:
    """Grade one submission.  The grader's own failures become `fault` verdicts, never zeros.

    Raises:
        FaultError: the grader failed before any check could be observed.
    """
    try:
        return _graded_where_it_trains(submission, oracle)
    finally:
        oracle.rest()


def _graded_where_it_trains(submission: Submission, oracle: ReferenceOracle) -> Result:
    gpus = oracle.pool.gpus
    if gpus is None or not oracle.wants_gpu(submission.program):
        return _graded(submission, oracle, None)
    with gpus.share() as share:
        result = _graded(submission, oracle, share)
    if share.alone or not _blames_neighbours(result, oracle.loaded.unit):
        return result
    # A program that takes all of a GPU's memory or time takes it from those that share it.
    with gpus.alone() as share:
        return _graded(submission, oracle, share)


def _blames_neighbours(result: Result, unit: Unit) -> bool:
    """Return whether others on the same GPU may have ended something, or made training raise."""
    trained = {
        (exercise.name, check.name)
        for exercise in unit.exercises
        for check in exercise.checks
        if check.judge.trains
    }
    return any(cell.status in ENDED for cell in result.cells) or any(
        finding.verdict in ENDED
        or (finding.verdict == "raised" and (exercise.exercise, finding.check) in trained)
        for exercise in result.exercises
        for finding in exercise.findings
    )


def _graded(submission: Submission, oracle: ReferenceOracle, share: Share | None) -> Result:
    """Grade on a share of a GPU, or on none; keep the evidence if it would be the same again."""
    began = time.perf_counter()
    # What ran without isolation may have read anything, so it says nothing of an isolated run.
    identity = f"{oracle.identity(submission.program)} {oracle.pool.isolation}"
    if share:
        identity += f" {_device(share)}"
    draft = Draft(oracle.cache, key_of("submission", identity, oracle.seed))
    result = _assessed(submission, oracle, share, identity, draft)
    result = replace(result, device=_device(share), seconds=round(time.perf_counter() - began, 3))
    alone = share is None or share.alone
    if result.status == "graded" and (alone or not _blames_neighbours(result, oracle.loaded.unit)):
        draft.keep()
    return result


def _device(share: Share | None) -> str:
    return f"gpu: {share.gpu.name}" if share else "cpu"


def _assessed(
    submission: Submission,
    oracle: ReferenceOracle,
    share: Share | None,
    identity: str,
    draft: Draft,
) -> Result:
    """Run the submission's cells and assess every exercise of the unit."""
    setting = _setting(submission, oracle)
    limits = oracle.pool.limits
    with ExitStack() as observers:
        observer = observers.enter_context(
            oracle.observer(submission.program, Budget(limits), share)
        )

        assessment = Assessment(
            submission.cells,
            identity,
            oracle,
            observer,
            messages.memory_limit(limits.memory_mib, share.memory_mib if share else 0),
            public=oracle.seed == PUBLIC_SEED,
            draft=draft,
            setting=setting,
        )
        _run_cells(observer, identity, draft)
        lender = Lender(oracle, observer, observers)
        exercises = assessment.exercises(oracle.loaded.unit.exercises, lender)
        cells = _cell_runs(submission, observer.cells, setting)
    said = "\n".join(f.seen for exercise in exercises for f in exercise.findings)
    imports = messages.failed_imports(observer.cells, setting)
    notes = (*submission.notes, *(note for failed, note in imports if failed not in said))
    return replace(_result(submission, oracle, exercises, cells), notes=notes)


def _result(
    submission: Submission,
    oracle: ReferenceOracle,
    exercises: tuple[ExerciseResult, ...],
    cells: tuple[CellRun, ...],
) -> Result:
    """Return the result but for where and how long it was graded."""
    faulty = any(f.verdict == "fault" for exercise in exercises for f in exercise.findings)
    backend = oracle.runs_on(submission.program)
    return Result(
        student=submission.student,
        unit=submission.unit,
        status="fault" if faulty else "graded",
        points=sum(exercise.points for exercise in exercises),
        max_points=oracle.loaded.unit.points,
        exercises=exercises,
        cells=cells,
        path=submission.path,
        seed=oracle.seed,
        submission_hash=submission.digest,
        unit_hash=oracle.loaded.digest,
        isolation=oracle.pool.isolation,
        backend=backend,
        versions=dict(versions(backend)),
    )


def ungradable(problem: Problem, max_points: float) -> Result:
    """Return the result for something that can't be read."""
    return Result(
        student=problem.student or Path(problem.path).stem,
        unit=problem.unit,
        status="ungradable",
        points=0.0,
        max_points=max_points,
        problem=problem.message,
        path=problem.path,
    )


def _run_cells(observer: Observer, identity: str, draft: Draft) -> None:
    """Run the cells, unless it is known how they end; messages about missing names need it."""
    key = key_of("cells", identity)
    known = draft.peek(key)
    if known is None:
        observer.start()
        ran = [replace(item, value=[n, item.value]) for n, item in observer.cells.items()]
        draft.put(key, ran)
    else:
        observer.cells = {item.value[0]: replace(item, value=item.value[1]) for item in known}


def _setting(submission: Submission, oracle: ReferenceOracle) -> Setting:
    """Return where and from what a submission is graded, as far as messages name it."""
    loaded = oracle.loaded
    stubs = {
        exercise.name: clear_solutions(loaded.solution_cell(exercise.name).source)
        for exercise in loaded.unit.exercises
    }
    return Setting(platform.python_version(), package, submission.background, stubs)


def _cell_runs(
    submission: Submission, ran: Mapping[int, Evidence], setting: Setting
) -> tuple[CellRun, ...]:
    runs = []
    for cell in submission.cells:
        found = ran.get(cell.number)
        if cell.skip or found is None:
            runs.append(CellRun(cell.number, "skipped"))
        else:
            error = messages.cell_failure(cell.number, found, setting)
            runs.append(CellRun(cell.number, found.status, found.output, error))  # type: ignore[arg-type]
    return tuple(runs)
