"""The adversary of `check-course`: what made-up evidence gets past, and what it doesn't."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.authoring.forger import Case, forgery
from autograder.authoring.guesses import Known, guesses
from autograder.course.check import Check
from autograder.judging.comparison import Wanted
from autograder.judging.judge import Judge
from autograder.judging.judges import close, exact, unchanged
from autograder.judging.statistical import within


def check(judge: Judge, measure: Callable[..., Any] | None = None) -> Check:
    return Check(
        name="c",
        claim="",
        points=1,
        cases=lambda rng: (),
        judge=judge,
        source="",
        measure=measure,
    )


def cases(
    answer: Callable[..., Any], *inputs: dict[str, Any], truth: Any = None, public: Any = None
) -> list[Case]:
    found = []
    for given in inputs:
        value = answer(**given)
        wanted = Wanted(value, None, truth(**given) if truth else {})
        found.append(Case(given, value, public, wanted))
    return found


def drawn(*shapes: tuple[int, ...]) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)  # the same values in whatever order tests run
    return [{"X": rng.normal(size=shape), "k": float(rng.uniform(2, 3))} for shape in shapes]


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (lambda X, k: {"same shape": True, "shape": str(X.shape)}, "True, shape of X"),
        (lambda X, k: {"kept": np.full(2, 1 / k), "both": k * k}, "1 / k, k²"),
        (lambda X, k: X, "X"),
        (lambda X, k: X[::-1].copy(), "X, backwards on axis 0"),
        (lambda X, k: [str(X.shape), float(X.mean()), int(X.size)], "shape of X, mean of X"),
        (lambda X, k: np.zeros_like(X), "0"),
        (lambda X, k: {}, "an empty answer"),
    ],
)
def test_what_a_case_tells_gets_through(answer, named):
    found = forgery(check(close()), cases(answer, *drawn((3, 4), (2, 5))))
    assert found.startswith(named), found


@pytest.mark.parametrize(
    "answer",
    [
        lambda X, k: k * X + X**2,
        lambda X, k: {"right": 1 / (1 + np.exp(-X)), "shape": str(X.shape)},
        lambda X, k: np.linalg.norm(X @ X.T) / k,
        lambda X, k: np.argsort(np.exp(X) @ np.arange(X.shape[1])),
    ],
)
def test_what_has_to_be_computed_does_not(answer):
    assert forgery(check(close()), cases(answer, *drawn((3, 4), (2, 5)))) == ""


def test_one_guess_is_for_all_cases():
    either = cases(lambda X, k: bool(k > 2.5), {"X": 1.0, "k": 2.0}, {"X": 2.0, "k": 3.0})
    assert forgery(check(exact()), either) == ""
    assert forgery(check(exact()), either[:1]) == "False"


def test_released_answers_are_known():
    found = cases(
        lambda X, k: {"calls": "a, then b"}, *drawn((3, 4)), public={"calls": "a, then b"}
    )
    assert forgery(check(exact()), found) == "the public answer"


def test_arguments_that_come_back_are_known():
    found = cases(lambda X, k: {"X": X, "b": [X[0], X.T]}, *drawn((3, 4)))
    assert forgery(check(unchanged()), found[:1]) == ""  # a transpose is not left alone
    found = cases(lambda X, k: {"X": X}, *drawn((3, 4)))
    assert forgery(check(unchanged()), found) == "X"


def dropped(X: Any, k: float) -> dict[str, Any]:
    mask = np.random.default_rng(1).random(X.shape) < 1 / k
    return {"out": X * mask * k, "mask": mask}


def law(X: Any, k: float) -> dict[str, Any]:
    error = float(np.sqrt(1 / k * (1 - 1 / k) / X.size))
    return {"share of kept entries": (1 / k, error), "where the mask is 0": (0.0, 0.0)}


def shares(value: Any, inputs: Any) -> dict[str, Any]:
    kept = np.asarray(value["out"]) != 0
    wrong = kept != np.asarray(value["mask"], dtype=bool)
    return {"share of kept entries": kept.mean(), "where the mask is 0": wrong.mean()}


def test_statistics_can_be_sent_and_what_they_are_measured_on_can_not():
    large = drawn((40, 50), (60, 30))
    sent = cases(lambda X, k: shares(dropped(X, k), {}), *large, truth=law)
    assert forgery(check(within()), sent) == "1 / k, 0"
    raw = cases(dropped, *large, truth=law)
    assert check(within()).judge(shares(raw[0].answer, {}), raw[0].wanted).passed
    assert forgery(check(within(), measure=shares), raw) == ""


@pytest.mark.parametrize(
    "inputs",
    [
        {"odd": np.array([np.nan, np.inf]), "empty": np.zeros((0, 3)), "none": None},
        {"deep": {"a": [{"b": "text"}, [1, [2]]], "c": (True, 1.5)}},
        {"large": np.zeros((300, 300)), "huge": 1e308, "neg": -1.0},
        {},
    ],
)
def test_any_inputs_can_be_read(inputs):
    known = Known(inputs)
    for wanted in ("", True, 1.0, 3, None, np.zeros((2, 3)), np.zeros(0), [1, 2]):
        with np.errstate(all="ignore"):
            list(guesses(known, wanted, None))
