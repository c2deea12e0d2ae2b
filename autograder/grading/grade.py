"""Grading one submission in the sandbox."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from autograder.course.course import PUBLIC_SEED
from autograder.course.exercise import Unit
from autograder.grading import messages
from autograder.grading.assessment import ENDED, Assessment
from autograder.grading.cache import Draft
from autograder.grading.fingerprint import key_of, versions
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import CellRun, Result
from autograder.sandbox.gpu import Share
from autograder.sandbox.limits import Budget
from autograder.sandbox.observer import Observer
from autograder.submissions.submission import Problem, Submission
from autograder.wire.evidence import Evidence


def grade(submission: Submission, oracle: ReferenceOracle) -> Result:
    """Grades one submission.  The grader's own failures become `fault` verdicts, never zeros.

    Raises:
        FaultError: the grader failed before any check could be observed.
    """
    gpus = oracle.pool.gpus
    if gpus is None or not oracle.wants_gpu(submission.program):
        return _graded(submission, oracle, None)
    with gpus.share() as share:
        result = _graded(submission, oracle, share)
    if share.alone or not _blames_neighbours(result, oracle.loaded.unit):
        return result
    # Whoever takes all of a GPU's memory or time takes it from those that share it.
    with gpus.alone() as share:
        return _graded(submission, oracle, share)


def _blames_neighbours(result: Result, unit: Unit) -> bool:
    """Whether what others did on the same GPU may have ended something, or made training raise."""
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
    began = time.perf_counter()
    unit = oracle.loaded.unit
    program = submission.program
    with ExitStack() as open_observers:
        budget = Budget(oracle.pool.limits)
        observer = open_observers.enter_context(oracle.observer(program, budget, share))

        def borrow(names: Sequence[str]) -> Observer:
            """The submission with the reference's functions, each in processes of their own."""
            reference = open_observers.enter_context(oracle.observer(oracle.loaded.reference))
            return open_observers.enter_context(observer.replaced(names, reference))

        # What ran without isolation may have read anything, so it says nothing of an isolated run.
        kept = f"{oracle.identity(program)} {oracle.pool.isolation}"
        device = f"gpu: {share.gpu.name}" if share else "cpu"
        if share:
            kept += f" {device}"
        draft = Draft(oracle.cache, key_of("submission", kept, oracle.seed))
        assessment = Assessment(
            submission.cells,
            kept,
            oracle,
            observer,
            messages.memory_limit(oracle.pool.limits.memory_mib, share.memory_mib if share else 0),
            public=oracle.seed == PUBLIC_SEED,
            reference_identity=oracle.identity(oracle.loaded.reference),
            kept=draft,
        )
        _run_cells(observer, kept, draft)
        exercises = assessment.exercises(unit.exercises, borrow)
        cells = _cell_runs(submission, observer.cells)
    faulty = any(f.verdict == "fault" for exercise in exercises for f in exercise.findings)
    result = Result(
        student=submission.student,
        unit=submission.unit,
        status="fault" if faulty else "graded",
        points=sum(exercise.points for exercise in exercises),
        max_points=unit.points,
        exercises=exercises,
        notes=submission.notes,
        cells=cells,
        path=submission.path,
        seed=oracle.seed,
        submission_hash=submission.digest,
        unit_hash=oracle.loaded.digest,
        isolation=oracle.pool.isolation,
        backend=oracle.runs_on(program),
        device=device,
        versions=dict(versions(oracle.runs_on(program))),
        seconds=round(time.perf_counter() - began, 3),
    )
    if not faulty and (share is None or share.alone or not _blames_neighbours(result, unit)):
        draft.keep()
    return result


def ungradable(problem: Problem, max_points: float) -> Result:
    """The result for something that can't be read."""
    return Result(
        student=problem.student or Path(problem.path).stem,
        unit=problem.unit,
        status="ungradable",
        points=0.0,
        max_points=max_points,
        problem=problem.message,
        path=problem.path,
    )


def _run_cells(observer: Observer, kept: str, draft: Draft) -> None:
    """Runs the cells, unless it is known how they end; messages about missing names need it."""
    key = key_of("cells", kept)
    known = draft.peek(key)
    if known is None:
        observer.start()
        ran = [replace(item, value=number) for number, item in observer.cells.items()]
        draft.put(key, ran)
    else:
        observer.cells = {item.value: replace(item, value=None) for item in known}


def _cell_runs(submission: Submission, ran: Mapping[int, Evidence]) -> tuple[CellRun, ...]:
    runs = []
    for cell in submission.cells:
        found = ran.get(cell.number)
        if cell.skip or found is None:
            runs.append(CellRun(cell.number, "skipped"))
        else:
            error = messages.cell_failure(cell.number, found)
            runs.append(CellRun(cell.number, found.status, found.output, error))  # type: ignore[arg-type]
    return tuple(runs)
