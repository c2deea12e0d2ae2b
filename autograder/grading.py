"""Grading one submission in the sandbox."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from autograder import wording
from autograder.assessment import Assessment
from autograder.bank import Bank
from autograder.cache import Draft, key_of, versions
from autograder.course import PUBLIC_SEED
from autograder.evidence import Evidence
from autograder.findings import CellRun, Result
from autograder.sandbox.limits import Budget
from autograder.sandbox.observer import Observer
from autograder.submission import Problem, Submission


def grade(submission: Submission, bank: Bank) -> Result:
    """Grades one submission.  The grader's own failures become `fault` verdicts, never zeros.

    Raises:
        FaultError: the grader failed before any check could be observed.
    """
    began = time.perf_counter()
    unit = bank.loaded.unit
    program = submission.program
    with ExitStack() as open_observers:
        share = None
        if bank.pool.gpus is not None and bank.wants_gpu(program):
            share = open_observers.enter_context(bank.pool.gpus.share())
        budget = Budget(bank.pool.limits)
        observer = open_observers.enter_context(bank.observer(program, budget, share))

        def borrow(names: Sequence[str]) -> Observer:
            """The submission with the reference's functions, each in processes of their own."""
            oracle = open_observers.enter_context(bank.observer(bank.loaded.reference))
            return open_observers.enter_context(observer.replaced(names, oracle))

        # What ran without isolation may have read anything, so it says nothing of an isolated run.
        kept = f"{bank.identity(program)} {bank.pool.isolation}"
        device = f"gpu: {share.gpu.name}" if share else "cpu"
        if share:
            kept += f" {device}"
        draft = Draft(bank.cache, key_of("submission", kept, bank.seed))
        assessment = Assessment(
            submission.cells,
            kept,
            bank,
            observer,
            bank.pool.limits.memory_mib,
            public=bank.seed == PUBLIC_SEED,
            reference_hash=bank.identity(bank.loaded.reference),
            kept=draft,
        )
        _run_cells(observer, kept, draft)
        exercises = assessment.exercises(unit.exercises, borrow)
        cells = _cell_runs(submission, observer.cells)
    faulty = any(f.verdict == "fault" for exercise in exercises for f in exercise.findings)
    if not faulty:
        draft.keep()
    return Result(
        student=submission.student,
        unit=submission.unit,
        status="fault" if faulty else "graded",
        points=sum(exercise.points for exercise in exercises),
        max_points=unit.points,
        exercises=exercises,
        notes=submission.notes,
        cells=cells,
        path=submission.path,
        seed=bank.seed,
        submission_hash=submission.hash,
        unit_hash=bank.loaded.hash,
        isolation=bank.pool.isolation,
        backend=bank.runs_on(program),
        device=device,
        versions=dict(versions(bank.runs_on(program))),
        seconds=round(time.perf_counter() - began, 3),
    )


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
            error = wording.cell_failure(cell.number, found)
            runs.append(CellRun(cell.number, found.status, found.output, error))  # type: ignore[arg-type]
    return tuple(runs)
