"""Processes of a unit's own programs: what is shared, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from autograder.course.exercise import Case, Check, Exercise
from autograder.grading.hosts import Hosts
from autograder.grading.trial import Trial, observe_all
from autograder.judging.judges import close
from autograder.sandbox.limits import Limits
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.wire.program import Program

GLOBALS = "import builtins\nbuiltins.ran = [*getattr(builtins, 'ran', ()), 'reference']"
REFERENCE = Program(((1, GLOBALS), (2, "def f(): return 1"), (3, "table = {'f': f}")))


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(limits=replace(Limits(), cell_seconds=1.0)) as pool:
        yield pool


@pytest.fixture
def hosts(pool: Pool) -> Iterator[Hosts]:
    hosts = Hosts(lambda program: Observer(pool, program), REFERENCE)
    yield hosts
    hosts.close()


def asked(expression: str, cases: int = 1) -> Trial:
    check = Check(
        name="f",
        claim="",
        points=1,
        cases=lambda rng: [{}],
        judge=close(),
        source=f"def observed(program):\n    return {expression}\n",
        seconds=1.0,
    )
    return Trial(Exercise("f", 1), check, 0, (Case({}),) * cases, (0,) * cases)


def variant(definition: str) -> Program:
    return Program((REFERENCE.cells[0], (2, definition), REFERENCE.cells[2]))


def answer(hosts: Hosts, program: Program, expression: str) -> Any:
    (found,) = hosts.of(program, asked(expression))
    assert found.status == "ok", found
    return found.value


def test_programs_share_a_process_and_only_cells_from_the_changed_one_run_again(
    hosts: Hosts,
) -> None:
    two, three = variant("def f(): return 2"), variant("def f(): return 3")
    assert answer(hosts, two, "program.f()") == 2
    assert answer(hosts, three, "[program.f(), program.table['f']()]") == [3, 3]
    assert answer(hosts, two, "[program.f(), program.table['f']()]") == [2, 2]
    assert answer(hosts, three, "__import__('builtins').ran") == ["reference"]
    assert answer(hosts, REFERENCE, "[program.f(), program.table['f']()]") == [1, 1]


def test_the_reference_is_observed_where_nothing_else_has_run(hosts: Hosts) -> None:
    spoils = variant("import builtins\nbuiltins.left = 1\ndef f(): return 2")
    with hosts.reference() as observer:
        assert observe_all(observer, asked("program.f()"))[0].value == 1
    assert answer(hosts, spoils, "program.f()") == 2
    with hosts.reference() as observer:
        assert (
            observe_all(observer, asked("hasattr(__import__('builtins'), 'left')"))[0].value
            is False
        )


def test_a_program_that_ends_its_process_spoils_none_after_it(hosts: Hosts) -> None:
    ends = variant("import os\ndef f(): os._exit(1)")
    assert answer(hosts, variant("def f(): return 2"), "program.f()") == 2
    ended, skipped = hosts.of(ends, asked("program.f()", cases=2))
    assert (ended.status, skipped.status) == ("died", "skipped")
    assert answer(hosts, variant("def f(): return 3"), "program.f()") == 3


def test_what_another_program_has_left_is_not_taken_for_a_programs_own_end(hosts: Hosts) -> None:
    trap = variant("import builtins, os\nbuiltins.sum = lambda _: os._exit(1)\ndef f(): return 2")
    sums = variant("def f(): return sum([1, 2])")
    assert answer(hosts, trap, "program.f()") == 2
    assert answer(hosts, sums, "program.f()") == 3


def test_a_cell_that_has_to_be_stopped_stops_that_program_alone(hosts: Hosts) -> None:
    hangs = variant("while True: pass")
    (found,) = hosts.of(hangs, asked("program.f()"))
    assert found.status == "missing"
    assert answer(hosts, variant("def f(): return 3"), "program.f()") == 3


def test_nothing_stays_when_all_are_closed(hosts: Hosts) -> None:
    answer(hosts, variant("def f(): return 2"), "program.f()")
    hosts.rest()
    assert not hosts._shared
    with hosts.reference():
        pass
    hosts.close()
    assert not hosts._clean
