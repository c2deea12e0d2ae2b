"""What a name is graded by where later cells give it to something else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from autograder.guest.answers import Answers, in_passing


def right() -> int:
    """Return what is right."""
    return 1


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("f = f(3)", {"f"}),
        ("f, g = f(3), 1", {"f"}),
        ("for f in range(3):\n    pass", {"f"}),
        ("if True:\n    for f in []:\n        pass", {"f"}),
        ("with open('x') as f:\n    pass", {"f"}),
        ("from math import floor as f", {"f"}),
        ("import f", {"f"}),
        ("f = vectorize(g)", set()),
        ("f = lambda n: n * f(n - 1)", set()),
        ("def f():\n    f = f(3)", set()),
        ("class f:\n    x = x()", set()),
        ("%matplotlib inline\nf = f(3)", {"f"}),
        ("this is no Python", set()),
    ],
)
def test_names_that_are_used_in_passing(source: str, names: set[str]) -> None:
    assert in_passing(source) & {"f"} == names


def graded(until: int, *cells: tuple[str, object]) -> object:
    """What `f` is graded by after cells, each as its text and the value that it gives `f`."""
    names: dict[str, object] = {}
    answers = Answers(names, {"f": until})
    for number, (source, value) in enumerate(cells, 1):
        answers.before(number)
        if value is None:
            names.pop("f", None)
        else:
            names["f"] = value
        answers.after(source)
    answers.restore()
    return names.get("f")


DEFINED = ("def f(): ...", right)


@pytest.mark.parametrize("later", [("f = f()", 1), ("del f", None), ("f = f()", max), ("f = 3", 3)])
def test_what_stands_at_the_check_is_graded(later: tuple[str, object]) -> None:
    assert graded(1, DEFINED, later) is right
    assert graded(2, DEFINED, ("x = 1", right), later) is right


def test_a_later_definition_is_graded() -> None:
    assert graded(1, ("def f(): ...", max), DEFINED) is right
    assert graded(1, ("f = 3", 3), ("f = vectorize(g)", right)) is right


def test_without_a_check_the_last_that_can_be_called_is_graded() -> None:
    assert graded(9, DEFINED, ("f = f()", 1)) is right
    assert graded(9, ("x = 1", max), DEFINED) is right


def test_a_name_that_never_held_a_function_stays_as_it_is() -> None:
    assert graded(1, ("f = 3", 3), ("f = 4", 4)) == 4
    assert graded(1, ("x = 1", None)) is None


def test_what_a_cell_takes_away_is_reported_and_nothing_else() -> None:
    names: dict[str, object] = {}
    answers = Answers(names, {"f": 1})
    answers.before(1)
    names["f"] = right
    assert answers.after("def f(): ...") == []
    answers.before(2)
    assert answers.after("x = 1") == []
    answers.before(3)
    names["f"] = 3
    assert answers.after("f = f()") == ["f"]


def test_helpers_of_the_answers_come_back() -> None:
    module = SimpleNamespace  # can be called, as a function can
    names: dict[str, object] = {"f": right, "helper": module, "size": 3}
    answers = Answers(names, {"f": 1})
    answers.before(2)
    names.update(helper=2, size=4)
    answers.after("helper = size = 2")
    answers.restore()
    assert names["helper"] is module
    assert names["size"] == 4
