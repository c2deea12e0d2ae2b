"""Slots: everything comes out once, whatever becomes of the processes that they are."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.batch.slots import Slots
from autograder.errors import UserError
from autograder.results.result import ExerciseResult, Finding, Result, share_text
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.wire.observation import Observation
from autograder.wire.program import Program

ANSWER = Program(((1, "def answer():\n    return 42"),))
ASKED = Observation("def check(program):\n    return program.answer()", {}, 0)


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        pool.warm("numpy")
        yield pool


def where(item: int) -> tuple[int, int, int]:
    time.sleep(0.02)
    return item, os.getpid(), threading.get_ident()


def test_processes_work_beside_each_other(pool: Pool) -> None:
    found = list(Slots(where, 2, pool).results(range(12)))
    assert sorted(item for item, _, _ in found) == list(range(12))
    pids = {pid for _, pid, _ in found}
    assert len(pids) == 2 and os.getpid() not in pids


def test_without_a_pool_to_share_they_are_threads() -> None:
    found = list(Slots(where, 2).results(range(12)))
    assert {pid for _, pid, _ in found} == {os.getpid()}
    assert len({thread for _, _, thread in found}) == 2


def test_processes_share_a_template(pool: Pool) -> None:
    def observed(item: int) -> tuple[object, int]:
        with Observer(pool, ANSWER, "numpy") as observer:
            value = observer.observe(ASKED, 5.0).value
        return value, len(psutil.Process().children())

    assert list(Slots(observed, 2, pool).results(range(4))) == [(42, 0)] * 4
    # It is as it was for the process that has started it.
    with Observer(pool, ANSWER, "numpy") as observer:
        assert observer.observe(ASKED, 5.0).value == 42


def test_a_template_that_has_ended_is_replaced_in_each_process(pool: Pool) -> None:
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a child ends with its template
            process.kill()

    def observed(item: int) -> object:
        with Observer(pool, ANSWER, "numpy") as observer:
            return observer.observe(ASKED, 5.0).value

    assert list(Slots(observed, 2, pool).results(range(4))) == [42] * 4


def test_student_code_ends_with_the_process_that_runs_it(pool: Pool) -> None:
    """It is no child of that process, but of a template that goes on."""

    hangs = Program(((1, "while True: pass"),))
    grader = psutil.Process()

    def starts(item: int) -> list[int]:
        before = grader.children(recursive=True)
        observer = Observer(pool, hangs, "numpy")
        threading.Thread(target=observer.start, daemon=True).start()
        while not (new := set(grader.children(recursive=True)) - set(before)):
            time.sleep(0.01)
        return [process.pid for process in new]

    (started,) = Slots(starts, 2, pool).results([0])
    left = [psutil.Process(pid) for pid in started if psutil.pid_exists(pid)]
    assert not psutil.wait_procs(left, timeout=5)[1]  # it would be stopped after 20


def test_results_of_processes_share_what_all_of_them_say() -> None:
    claim = "".join(["`center` subtracts ", "the mean"])
    finding = Finding("values", claim, "passed", 1, 1)
    result = Result("ada", "01", "graded", 1, 1, (ExerciseResult("center", 1, 1, (finding,)),))
    one, other = (pickle.loads(pickle.dumps(result)) for _ in range(2))
    share_text(one)
    share_text(other)
    assert one == other == result
    said = [copy.exercises[0].findings[0].claim for copy in (one, other)]
    assert said[0] is said[1]


def test_what_work_raises_is_raised_here(pool: Pool) -> None:
    def refuses(item: int) -> int:
        raise UserError("The disk is full.")

    for shared in (pool, None):
        with pytest.raises(UserError, match="The disk is full"):
            list(Slots(refuses, 2, shared).results(range(5)))


def test_threads_take_over_from_a_process_that_was_killed(pool: Pool, tmp_path: Path) -> None:
    def dies_once(item: int) -> int:
        if item == 5 and not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert sorted(Slots(dies_once, 2, pool).results(range(30))) == list(range(30))
    assert (tmp_path / "died").exists()


def test_where_nothing_can_be_forked_they_are_threads(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork = os.fork
    forked: list[int] = []

    def second_fails() -> int:
        if forked:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        forked.append(fork())
        return forked[0]

    monkeypatch.setattr(os, "fork", second_fails)
    found = list(Slots(where, 2, pool).results(range(6)))
    assert {pid for _, pid, _ in found} == {os.getpid()}
    deadline = time.monotonic() + 10
    while psutil.pid_exists(forked[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
        psutil.Process().children()  # collects what has ended
    assert not psutil.pid_exists(forked[0]) or psutil.Process(forked[0]).status() == "zombie"


def test_closing_stops_after_what_is_being_worked_on(pool: Pool, tmp_path: Path) -> None:
    def writes(item: int) -> int:
        time.sleep(0.1)
        (tmp_path / str(item)).touch()
        return item

    for shared in (pool, None):
        results = Slots(writes, 2, shared).results(range(100))
        next(results)
        results.close()
        written = len(list(tmp_path.iterdir()))
        time.sleep(0.3)
        assert len(list(tmp_path.iterdir())) == written < 10
