"""Machines with many cores: frameworks start threads for each that they see."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import cores
import pytest

from autograder.sandbox import bubblewrap, environment
from autograder.sandbox.cores import CORES, groups, take_seat
from autograder.sandbox.pool import Pool

LOOK = "import os\nprint(sorted(os.sched_getaffinity(0)))"


@pytest.mark.parametrize("count", [1, 2, 4, 7, 8, 10, 31, 64, 255])
def test_each_core_is_in_one_group_of_few(count: int) -> None:
    numbers = [3 * number for number in range(count)]  # others may be switched off
    found = groups(numbers)
    assert sorted(core for group in found for core in group) == numbers
    sizes = [len(group) for group in found]
    assert max(sizes) < 2 * CORES
    assert min(sizes) >= min(CORES, count)


@pytest.fixture
def many(tmp_path: Path, monkeypatch: Any) -> None:
    """64 cores, on which nobody computes yet."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


def test_each_core_is_a_seat_for_one_child(many: None) -> None:
    seats = [take_seat() for _ in range(64)]
    assert Counter(seat.cores for seat in seats) == dict.fromkeys(groups(range(64)), CORES)
    assert len(take_seat().cores) == CORES  # more than there are: beside others
    seats[5].leave()
    seats[5].leave()
    again = take_seat()
    assert again.cores == seats[5].cores
    for seat in [*seats, again]:
        seat.leave()


TAKE_MOST = """
import os, sys
from autograder.sandbox.cores import take_seat
os.sched_getaffinity = lambda _: set(range(64))
seats = [take_seat() for _ in range(61)]
print("taken", flush=True)
sys.stdin.read()
"""


def test_other_graders_of_the_account_are_heeded_until_they_end(many: None) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TAKE_MOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "taken\n"
        seats = [take_seat() for _ in range(4)]
        assert [seat._lock is not None for seat in seats] == [True, True, True, False]
        other.kill()
    seats.append(take_seat())
    assert seats[-1]._lock is not None
    for seat in seats:
        seat.leave()


def test_without_locks_chance_decides(many: None, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    seats = [take_seat() for _ in range(200)]
    assert {seat.cores for seat in seats} == set(groups(range(64)))


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")
def test_children_run_on_their_seats_cores(many: None, tmp_path: Path, monkeypatch: Any) -> None:
    library = cores.library(tmp_path)
    usual = environment.environment
    monkeypatch.setattr(
        bubblewrap,
        "environment",
        lambda *which: {**usual(*which), "LD_PRELOAD": str(library), "CORES": "64"},
    )
    with Pool("none") as pool:
        for _ in range(2):
            children = [pool.fork("numpy") for _ in range(8)]
            replies = [child.request("cell", 5.0, number=1, source=LOOK) for child in children]
            seen = [frozenset(json.loads(reply["output"])) for reply in replies]
            assert seen == [child._seat.cores for child in children]
            assert all(child._seat._lock is not None for child in children)
            for child in children:
                child.close()
    seats = [take_seat() for _ in range(64)]  # all have left
    assert all(seat._lock is not None for seat in seats)
    for seat in seats:
        seat.leave()
