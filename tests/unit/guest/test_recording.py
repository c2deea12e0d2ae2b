"""What is recorded of a right program's calls."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.guest.recording import Recording

SOURCE = """
def square(x, power=2):
    return {"square": x**power}

def twice(x):
    return square(x)["square"] + square(x=x)["square"]
"""


def recorded(whole: list[str]) -> tuple[dict[str, Any], Recording]:
    names: dict[str, Any] = {"np": np}
    exec(SOURCE, names)
    return names, Recording(names, "twice", ["square"], whole)


def test_calls_are_counted_by_who_makes_them() -> None:
    names, recording = recorded([])
    names["square"](np.ones(2))
    assert names["twice"](3.0) == 18.0
    names["square"](1.0)
    found = recording.found()["square"]
    assert (found["calls"], found["own"], found["asked"]) == (4, 2, [])
    assert found["parameters"] == [["x"], ["power", 2]]


def test_arguments_and_results_are_those_of_the_call() -> None:
    names, recording = recorded(["square"])
    x = np.array([1.0, 2.0])
    names["square"](x, power=3)
    x += 1  # what is recorded is a copy
    (asked,) = recording.found()["square"]["asked"]
    args, kwargs, value = asked
    np.testing.assert_array_equal(args[0], [1.0, 2.0])
    assert kwargs == {"power": 3}
    np.testing.assert_array_equal(value["square"], [1.0, 8.0])


def test_a_call_that_fails_ends_inside() -> None:
    names, recording = recorded([])
    for name in ("twice", "square"):
        try:
            names[name]("text")
        except TypeError:
            continue
    assert [recording.found()["square"][key] for key in ("calls", "own")] == [2, 1]
    recording.clear()
    assert recording.found()["square"]["calls"] == 0
