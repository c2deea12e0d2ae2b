"""The definition that is shown is the one that ran, whatever else looks like it."""

from __future__ import annotations

import pytest

from autograder.grading.definitions import definition
from autograder.wire.evidence import Evidence, Failure
from autograder.wire.program import ProgramCell

REAL = "def f(x):\n    return 0"
DECOY = "def f(x):\n    return x + 1  # as it should be"
INDENTED = DECOY.replace("\n", "\n    ")


def cells_of(*sources: str, skip: int = 0) -> list[ProgramCell]:
    return [ProgramCell(n, source, n == skip) for n, source in enumerate(sources, 1)]


# Each with the cell and the line of what is graded.
SHOWN = {
    "alone": ([REAL], 1, 1),
    "the later one": ([DECOY, REAL], 2, 1),
    "the later one of a cell": ([f"{DECOY}\n\n{REAL}"], 1, 4),
    "below if False": ([REAL, f"if False:\n    {INDENTED}"], 1, 1),
    "below if 0, in the same cell": ([f"{REAL}\nif 0:\n    {INDENTED}"], 1, 1),
    "beside if True": ([f"if True:\n    def f(x): return 0\nelse:\n    {INDENTED}"], 1, 2),
    "below while False": ([REAL, f"while False:\n    {INDENTED}"], 1, 1),
    "in a string": ([REAL, f'"""\n{DECOY}\n"""'], 1, 1),
    "in a string that has a name": ([REAL, f"text = '''\n{DECOY}\n'''"], 1, 1),
    "in a string of the same cell": ([f'{REAL}\n"""\n{DECOY}\n"""'], 1, 1),
    "in a function": ([REAL, f"def g():\n    {INDENTED}"], 1, 1),
    "in a class": ([REAL, f"class A:\n    {INDENTED}"], 1, 1),
    "in comments": ([REAL, "# " + DECOY.replace("\n", "\n# ")], 1, 1),
    "overwritten by another name's": (["def g(x):\n    return 0", f"{DECOY}\nf = g"], 1, 1),
    "overwritten by a call's value": ([DECOY, "f = make(0)"], 2, 1),
    "overwritten by a lambda": ([DECOY, "f = lambda x: 0"], 2, 1),
    "overwritten by an import": ([DECOY, "from math import sin as f"], 2, 1),
    "overwritten in a block": ([DECOY, "try:\n    def f(x): return 0\nfinally:\n    pass"], 2, 2),
    "overwritten in a loop": ([DECOY, "for _ in [1]:\n    def f(x): return 0"], 2, 2),
    "its own result": ([REAL, "f = f(3)"], 1, 1),
    "in a cell of another language": ([REAL, f"%%script python\n{DECOY}"], 1, 1),
    "in a timed cell": ([DECOY, f"%%time\n{REAL}"], 2, 2),
    "below a magic": ([DECOY, f"%matplotlib inline\nx = !ls\n{REAL}"], 2, 3),
    "in a cell that isn't Python": ([REAL, f"{DECOY}\n)"], 1, 1),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_is_what_ran(name: str) -> None:
    sources, number, line = SHOWN[name]
    found = definition(cells_of(*sources), "f")
    assert found is not None
    assert (found[0].number, found[1].cell, found[1].line) == (number, number, line)


def test_a_skipped_cell_shows_nothing() -> None:
    found = definition(cells_of(REAL, DECOY, skip=2), "f")
    assert found is not None and found[0].number == 1


def test_what_stands_behind_a_line_that_failed_has_not_run() -> None:
    cells = cells_of(REAL, f"1 / 0\n{DECOY}")
    failed = Evidence("raised", None, Failure("ZeroDivisionError", "", 2, 1, "1 / 0", "<module>"))
    found = definition(cells, "f", {1: Evidence("ok"), 2: failed})
    assert found is not None and found[0].number == 1
    later = Evidence("raised", None, Failure("ZeroDivisionError", "", 2, 4, "1 / 0", "<module>"))
    found = definition(cells_of(REAL, f"x = 1\n{DECOY}\n1 / 0"), "f", {2: later})
    assert found is not None and found[0].number == 2


def test_what_took_the_name_in_passing_is_not_shown() -> None:
    cells = cells_of(REAL, "f = [0]")
    found = definition(cells, "f", {1: Evidence("ok"), 2: Evidence("ok", ["f"])})
    assert found is not None and found[0].number == 1


def test_a_definition_that_python_can_not_read_is_found_where_there_is_no_other() -> None:
    found = definition(cells_of("x = 1", f"{DECOY}\n)"), "f")
    assert found is not None and found[0].number == 2
    assert definition(cells_of(f'"""\n{DECOY}\n"""'), "f") is None
    assert definition(cells_of("f = f"), "f") is None


@pytest.mark.parametrize(
    "source",
    ["(" * 100_000, "-" * 90_000 + "1", "f" + ".f" * 40_000, "[" * 5000 + "]" * 5000,
     "f = " + "lambda f: " * 9000 + "0", "if f:\n pass\n" + "elif f:\n pass\n" * 5000, "\0 f"],
)  # fmt: skip
def test_no_text_stops_the_grader(source: str) -> None:
    found = definition(cells_of(REAL, source), "f")
    assert found is not None
