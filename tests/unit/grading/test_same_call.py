"""Which calls are taken for one that a right program has made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.grading.same_call import Known, distance

X = np.array([[1.0, -2.0], [0.5, 3.0]])
PARAMETERS = [["x"], ["weights"], ["g", "tanh"]]
ASKED = [
    [[X, {"W": X.T}], {}, 1.0],
    [[X, {"W": X.T + 1e-5}], {"g": "tanh"}, 2.0],
    [[X, {"W": X.T}, "relu"], {}, 3.0],
]


def answer(*args: Any, **kwargs: Any) -> Any:
    known = Known([{"parameters": PARAMETERS, "asked": ASKED}] * 2)
    return (known.answer({"args": list(args), "kwargs": kwargs}) or {}).get("value")


def test_a_call_is_known_however_it_is_written() -> None:
    assert answer(X, {"W": X.T}) == 1.0
    assert answer(X.tolist(), {"W": X.T}, "tanh") == 1.0
    assert answer(x=X, weights={"W": X.T}, g="relu") == 3.0
    assert answer(X.astype(np.float32), {"W": X.T.astype(np.float32)}) == 1.0


def test_the_nearest_call_answers() -> None:
    assert answer(X, {"W": X.T + 1e-7}) == 1.0
    assert answer(X, {"W": X.T + 1e-5 + 1e-7}) == 2.0


@pytest.mark.parametrize(
    "args",
    [
        (X, {"W": X.T + 1e-4}),
        (X, {"W": X.T + 4e-6}),
        (X + 1e-20j, {"W": X.T}),
        (np.concatenate([X, X]), {"W": X.T}),
        (X, {"W": X.T, "b": X}),
        (X, {"W": X.T}, "sigmoid"),
        (X, {"W": X.T}, "tanh", 1),
        (X,),
        (X * np.nan, {"W": X.T}),
        (None, None),
    ],
)
def test_another_call_is_not_answered(args: tuple[Any, ...]) -> None:
    assert answer(*args) is None


def test_distances_are_relative_and_of_one_form() -> None:
    assert distance([1, 2], np.array([1.0, 2.0])) == 0
    assert distance(np.array([1.0, np.inf, np.nan]), [1.0, np.inf, np.nan]) == 0
    assert distance([100.0 + 1e-4], [100.0]) == pytest.approx(1e-6)
    assert distance("a", "b") == np.inf
    assert distance([[1], [2, 3]], [[1], [2, 3]]) == 0
    assert distance([[1], [2]], [[1], [2, 3]]) == np.inf
    assert distance({"a": 1}, {"b": 1}) == np.inf
    assert distance(np.inf, 1.0) == np.inf
