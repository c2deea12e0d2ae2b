"""Messages that stand by themselves: what was seen, where, what was expected, what to do."""

from __future__ import annotations

import pytest

from autograder.grading.causes import Setting, cause_of
from autograder.grading.messages import cell_failure, is_released_stub, status_message
from autograder.report.phrases import headline
from autograder.results.result import Finding, Verdict
from autograder.wire.evidence import Evidence, Failure
from autograder.wire.program import Background, ProgramCell

SETTING = Setting(
    "3.11.7",
    lambda module: {"numpy": "numpy 2.4.6", "math": "Python 3.11.7"}.get(module, ""),
    Background(python="3.12.11", beside=("helper.py", "tools")),
)


def short(verdict: Verdict, failure: Failure, *cells: str) -> str:
    """The one line that a class table shows of a finding."""
    program = [ProgramCell(number, source, False) for number, source in enumerate(cells, 1)]
    message = status_message("f", Evidence(verdict, None, failure), program, {}, "Little.", SETTING)
    seen, expected, advice = message
    return headline(Finding("check", "claim", verdict, 0.0, 1.0, seen, expected, advice))


@pytest.mark.parametrize(
    ("verdict", "failure", "says"),
    [
        ("timeout", Failure("Stopped", "It was stopped after 5 s of computing."), "after 5 s of"),
        ("forbidden", Failure("Forbidden", "numpy.linalg.inv"), "used `numpy.linalg.inv`. Write"),
        ("memory", Failure("Stopped", "It used more than 9 MiB of memory."), "more than 9 MiB"),
        ("died", Failure("Stopped", "Its process ended with SIGSEGV."), "ended with SIGSEGV."),
        ("raised", Failure("ValueError", "shapes", 1, 2, "a @ b", "f"), "`ValueError: shapes`"),
    ],
)
def test_the_short_form_says_what_was_seen(verdict: Verdict, failure: Failure, says: str) -> None:
    assert says in short(verdict, failure)


@pytest.mark.parametrize(
    ("kind", "message", "seen"),
    [
        ("ModuleNotFoundError", "No module named 'pandas'", "`pandas` is not installed where"),
        ("ModuleNotFoundError", "No module named 'helper'", "and not `helper.py` beside it"),
        ("ModuleNotFoundError", "No module named 'tools.x'", "and not `tools` beside it"),
        ("ModuleNotFoundError", "No module named 'numpy.x'", "numpy 2.4.6, which has no `numpy.x`"),
        (
            "ImportError",
            "cannot import name 'cbrt' from 'math' (unknown location)",
            "Python 3.11.7, which has no `math.cbrt`",
        ),
        ("AttributeError", "module 'numpy' has no attribute 'trapz'", "has no `numpy.trapz`"),
        ("SyntaxError", "'(' was never closed", "`(` was never closed"),
    ],
)
def test_a_cause_is_named_where_it_is_known(kind: str, message: str, seen: str) -> None:
    cause = cause_of(Failure(kind, message), SETTING)
    assert cause is not None
    assert seen in cause.seen
    assert cause.advice


@pytest.mark.parametrize(
    "failure",
    [
        Failure("ValueError", "No such thing"),
        Failure("ImportError", "cannot import name 'x' from 'mine'"),
        Failure("AttributeError", "'int' object has no attribute 'x'"),
        Failure("ModuleNotFoundError", "something of my own"),
    ],
)
def test_no_cause_is_made_up(failure: Failure) -> None:
    assert cause_of(failure, SETTING) is None
    assert cause_of(Failure("ModuleNotFoundError", "No module named 'pandas'"), None) is None


@pytest.mark.parametrize(
    ("saved", "named"), [("3.12.11", True), ("3.11.9", False), ("3.9", False), ("", False)]
)
def test_a_newer_python_is_named_for_what_this_one_cannot_read(saved: str, named: bool) -> None:
    setting = Setting("3.11.7", lambda module: "", Background(python=saved))
    cause = cause_of(Failure("SyntaxError", "invalid syntax", 2, 1, "type X = int"), setting)
    assert cause is not None
    assert (f"Python {saved}, in which this line may be right" in cause.advice) == named
    assert bool(cause.advice) == named


def test_a_syntax_error_is_told_with_its_place() -> None:
    failure = Failure("SyntaxError", "'(' was never closed", 9, 31, "x = f(1")
    said = cell_failure(9, Evidence("raised", None, failure), SETTING)
    assert said == "Cell 9, line 31: `(` was never closed: `x = f(1`"


GIVEN = """\
def f(x):
    m = len(x)
    # YOUR CODE HERE
    raise NotImplementedError()
    return m"""


@pytest.mark.parametrize(
    ("source", "untouched"),
    [
        (GIVEN, True),
        (f"# My notes.\n\n{GIVEN}\n", True),
        (GIVEN.replace("\n    return m", "\n    x = 1\n    return m"), False),
        (GIVEN.replace("len(x)", "len(x) + 1"), False),
    ],
)
def test_a_stub_with_lines_around_it_is_known_by_the_release(source: str, untouched: bool) -> None:
    failure = Failure("NotImplementedError", "", 1, 4, "raise NotImplementedError()", "f")
    failed = Evidence("raised", None, failure)
    cells = [ProgramCell(1, source, False)]
    setting = Setting("3.11.7", lambda module: "", stubs={"f": GIVEN})
    assert is_released_stub("f", failed, cells, setting) == untouched
    assert not is_released_stub("g", failed, cells, setting)
    assert not is_released_stub("f", failed, cells, None)


def test_what_students_raise_themselves_opens_no_code_in_a_message() -> None:
    failure = Failure("SyntaxError", "`<b>`' of `mine`", 1, 1, "raise x")
    assert cell_failure(1, Evidence("raised", None, failure), SETTING).count("`") == 2


LEFT = "is still there: delete it"


@pytest.mark.parametrize(
    ("source", "line", "left"),
    [
        ("def f(x):\n    y = 1\n    raise NotImplementedError()\n    return y", 3, True),
        ("def f(\n    x,\n):\n    raise NotImplementedError()\n    return 1", 4, True),
        ("class C:\n    def m(self):\n        raise NotImplementedError()\n        x = 1", 3, True),
        ("def f(x):\n    for i in x:\n        # YOUR CODE HERE\n"
         "        raise NotImplementedError()\n        y = 1", 4, True),
        ("def f(x):\n    if x:\n        raise NotImplementedError()\n    return 1", 3, False),
        ("def f(x):\n    try:\n        raise NotImplementedError()\n    finally:\n"
         "        pass", 3, False),
    ],
)  # fmt: skip
def test_a_stubs_line_is_told_from_a_branch_of_ones_own(source: str, line: int, left: bool) -> None:
    failure = Failure("NotImplementedError", "", 1, line, "raise NotImplementedError()", "f")
    assert (LEFT in short("raised", failure, source)) == left
    own = Failure("NotImplementedError", "mine", 1, line, "raise NotImplementedError('mine')", "f")
    assert LEFT not in short("raised", own, source)
