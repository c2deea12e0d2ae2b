"""What is said of a name that is not, or no longer, what its cell says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograder.student.bindings import bindings
from autograder.student.diagnosis import Diagnosis
from autograder.student.history import Run
from autograder.student.saved import SavedCell, SavedNotebook
from autograder.wire.evidence import Failure

DEF = "def center(X):\n    return X"
EDITED = "def center(X):\n    return 2 * X"
ASKS = Run(99, 'check("center")', is_known=False)
SYNTAX = Failure("SyntaxError", "invalid syntax", 4, 2, "return (X")


def saved(*cells: SavedCell, state: int = 2) -> SavedNotebook:
    return SavedNotebook(Path("/home/ada/01_lines.ipynb"), state, cells)


def own(source: str = DEF, was_run: int = 0) -> SavedCell:
    return SavedCell("center", "center", source, was_run)


def diagnosis(
    *runs: Run, file: SavedNotebook | None = None, made_by: int = 0, **names: Any
) -> Diagnosis:
    return Diagnosis(names, [*runs, ASKS], file, lambda name: made_by if name else 0)


def absent(*runs: Run, file: SavedNotebook | None = None) -> str:
    said = diagnosis(*runs, file=file).absent("center")
    assert said.seen == "`center` is not defined in this kernel."
    return said.advice


# --------------------------------------------------------------------------- a name is not there


def test_its_cell_never_ran() -> None:
    advice = absent(Run(1, "x = 1"), file=saved(own()))
    assert advice == (
        "Its cell in `01_lines.ipynb` has not been run. Run that cell and those above it, then "
        "this check again."
    )


def test_the_kernel_was_restarted() -> None:
    seen = absent(Run(1, "x = 1"), file=saved(own(was_run=7)))
    assert "has not been run since this kernel started" in seen
    assert "the number [7] beside it is of a kernel before this one" in seen


def test_its_cell_ran_with_another_text() -> None:
    seen = absent(Run(3, "def centre(X): pass", "center"), file=saved(own()))
    assert "what ran of this cell, as [3], did not" in seen


def test_without_a_file_only_what_ran_is_said() -> None:
    advice = absent(Run(1, "x = 1"))
    assert advice.startswith("No cell that has run here defines it. Run the cell with `def center(")


def test_a_misspelt_name_is_recognised() -> None:
    def centre() -> None: ...

    said = diagnosis(Run(1, "def centre(): ..."), made_by=1, centre=centre).absent("center")
    assert said.advice == "You have `centre`. Rename it, run its cell, then this check again."


def test_its_cell_failed() -> None:
    seen = absent(Run(4, "def center(X):\n    return (X", failure=SYNTAX))
    assert "Its cell [4] failed with `SyntaxError: invalid syntax` in line 2: `return (X`." in seen
    assert seen.endswith("Fix that and run the cell, then this check again.")


def test_an_earlier_cell_that_failed_before_check_was_imported_is_not_accused() -> None:
    seen = absent(Run(1, DEF, is_known=False))
    assert "failed" not in seen
    assert "Cell [1] has its definition and has run, but how it ended was not seen" in seen


@pytest.mark.parametrize("code", ["del center", "%reset -f"])
def test_a_later_cell_deleted_it(code: str) -> None:
    seen = absent(Run(1, DEF), Run(2, f"x = 1\n{code}"))
    assert seen.startswith(f"Cell [2], line 2 (`{code}`) deleted it. Take out `{code}`")


def test_it_is_gone_and_nobody_knows_why() -> None:
    seen = absent(Run(1, DEF), Run(2, "globals().pop('center')"))
    assert "Cell [1] defined it, and it is gone since" in seen
    assert "deleted it" not in seen


def test_the_cell_that_checks_defines_it_below() -> None:
    asks = Run(3, f'check("center")\n{DEF}', is_known=False)
    said = Diagnosis({}, [asks], None, lambda _: 0).absent("center")
    assert "This cell defines `center` further down" in said.advice


def test_an_unknown_name_is_explained_only_if_a_cell_binds_it() -> None:
    file = saved(SavedCell("a", "", "import numpy as np", 0), own())
    said = diagnosis(file=file).unknown("np")
    assert said is not None and "Its cell in `01_lines.ipynb` has not been run" in said.advice
    assert diagnosis(file=file).unknown("xx") is None


# ------------------------------------------------------------------------------- a name is there


def center(X: Any) -> Any:
    return X


def notes(*runs: Run, is_right: bool = False, made_by: int = 1, **more: Any) -> str:
    names = {"center": center} | more.pop("names", {})
    return " ".join(diagnosis(*runs, made_by=made_by, **more, **names).notes("center", is_right))


def test_nothing_is_said_of_a_plain_run() -> None:
    assert notes(Run(1, DEF, "center", 2), file=saved(own())) == ""
    assert notes(Run(1, DEF)) == ""


def test_an_older_definition_is_checked_where_the_last_run_failed() -> None:
    said = notes(Run(1, DEF), Run(4, "def center(X):\n    return (X", failure=SYNTAX))
    assert "last run as [4] and failed with `SyntaxError" in said
    assert "as cell [1] defined it" in said


def test_a_cell_that_failed_below_its_definition_made_what_is_checked() -> None:
    failure = Failure("ValueError", "no", 1, 3, "center(1)")
    assert notes(Run(1, f"{DEF}\ncenter(1)", failure=failure)) == ""


@pytest.mark.parametrize(("state", "is_told"), [(3, True), (2, False)])
def test_an_edit_counts_only_if_the_file_was_saved_since_the_run(state: int, is_told: bool) -> None:
    said = notes(Run(1, DEF, "center", 2), file=saved(own(EDITED), state=state), is_right=True)
    assert ("differs from what was run as [1], from line 2 on" in said) == is_told


def test_blanks_at_the_ends_of_lines_are_no_edit() -> None:
    file = saved(own(f"{DEF}  \n"), state=3)
    assert notes(Run(1, DEF, "center", 2), file=file) == ""


def test_an_overwritten_name_is_explained_if_its_checks_fail() -> None:
    runs = Run(1, DEF), Run(2, "center = center(1)")
    said = notes(*runs, names={"center": 1.5})
    assert "no longer what its cell [1] defined: cell [2], line 1 (`center = center(1)`)" in said
    assert "something of type `float`" in said
    assert notes(*runs, is_right=True) == ""


def test_another_cell_that_defines_it_again_is_named() -> None:
    runs = Run(1, DEF, "center", 2), Run(2, EDITED, "elsewhere", 2)
    assert "cell [2], line 1 (`def center(X):`)" in notes(*runs, file=saved(own()))
    again = *runs, Run(3, DEF, "center", 2)
    assert notes(*again, file=saved(own())) == ""


def test_a_name_overwritten_in_its_own_cell_is_explained() -> None:
    said = notes(Run(1, f"{DEF}\ncenter = center(1)"), names={"center": 1.5})
    assert "cell [1], line 3 (`center = center(1)`)" in said


# ------------------------------------------------------------------------- what a cell does to it


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        (DEF, ["defines"]),
        ("class center:\n    pass", ["defines"]),
        ("@cache\nasync def center(): ...", ["defines"]),
        ("if True:\n    def center(): ...", ["defines"]),
        ("def other():\n    def center(): ...\n    center = 1", []),
        ("[center for center in range(3)]", []),
        ("center = 1", ["assigns"]),
        ("for center in x:\n    pass", ["assigns"]),
        ("with x as center, y as z: pass", ["assigns"]),
        ("from mine import center", ["imports"]),
        ("import center.x", ["imports"]),
        ("del center", ["deletes"]),
        ("x.center = 1; center[0] = 2; print(center)", []),
        ("%matplotlib inline\n!ls\ndef center(): ...", ["defines"]),
        ("%%time\ndef center(): ...", ["defines"]),
        ("%%writefile x.py\ndef center(): ...", []),
        ("%reset -f", ["deletes"]),
        ("%reset -f in", []),
        ("%reset_selective -f x", []),
        ("def center(:\n  x", ["defines"]),
        ("center = (\n", ["assigns"]),
        ("center == (\n", []),
        ("\0", []),
        ("(" * 5000, []),
    ],
)
def test_bindings(source: str, kinds: list[str]) -> None:
    assert [each.kind for each in bindings(source, "center")] == kinds
