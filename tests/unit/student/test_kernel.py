"""What `check` knows of the cells that ran in a student's kernel."""

from __future__ import annotations

from autograder.student.kernel import unparsed
from autograder.wire.evidence import Failure
from autograder.wire.program import ProgramCell


def test_a_cell_that_is_no_python_is_known_with_its_line() -> None:
    sources = [
        "def f(X):\n    Y = (X\n    return Y",
        "import asyncio\nawait asyncio.sleep(0)",
        "x = 1 is 1",
        "get_ipython().run_line_magic('time', 'f(1)')",
        "",
        "def g(X)\n    return X",
    ]
    cells = [ProgramCell(number, source, False) for number, source in enumerate(sources)]
    found = {number: item.failure for number, item in unparsed(cells).items()}
    assert found == {
        0: Failure("SyntaxError", "'(' was never closed", 0, 2, "Y = (X"),
        5: Failure("SyntaxError", "expected ':'", 5, 1, "def g(X)"),
    }
