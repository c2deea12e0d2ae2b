"""Results of every kind, as reports get them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

from autograder.results.result import CellRun, ExerciseResult, Finding, Place, Result

UNIT = "01_two_layer_network"
FULL = [
    ("sigmoid", 2, "`sigmoid` returns 1 / (1 + exp(-z)) for every entry, also for large ones"),
    ("forward", 4, "`forward` returns the activations of both layers"),
    ("cross_entropy", 3, "`cross_entropy` returns the mean over the examples"),
    ("backward", 5, "`backward` returns the gradient of the mean cross-entropy"),
    ("gd_step", 2, "`gd_step` returns new parameters and leaves the old ones as they are"),
    ("numerical_gradient", 2, "`numerical_gradient` returns central differences"),
    ("train_two_layer", 4, "Your network learns as well as the reference in 1000 steps"),
]
BACKWARD_CODE = '''\
def backward(X, Y, params, cache):
    """Return the gradients of the mean cross-entropy.

    X: `(n0, m)`, Y: `(n2, m)`
    """
    A1, A2 = cache["A1"], cache["A2"]
    m = X.shape[1]

    dZ2 = A2 - Y  # sigmoid and cross-entropy together
    dW2 = dZ2 @ A1.T / m
    dZ1 = (params["W2"].T @ dZ2) * (1 - A1**2)
    db1 = dZ1.sum(axis=1, keepdims=True)
    return {"dW1": dZ1 @ X.T / m, "db1": db1, "dW2": dW2, "db2": dZ2.mean(axis=1, keepdims=True)}
'''
LINE = "    db1 = dZ1.sum(axis=1, keepdims=True)"
M_TIMES = "Your bias gradients are m times too large: average over the m examples, as for `dW`."
HOSTILE = '<script>alert("x")</script>\x1b[31mred\x1b[0m\x00 \u202egnp.exe [bold]b[/bold] "\'&'


def exercise(name: str, *findings: Finding, code: str = "") -> ExerciseResult:
    points, most = sum(f.points for f in findings), sum(f.max_points for f in findings)
    return ExerciseResult(name, points, most, findings, code)


def backward(**changes: Any) -> ExerciseResult:
    wrong = Finding(
        "gradients",
        "`backward` returns the gradient of the mean cross-entropy",
        "failed",
        0.0,
        3.0,
        seen="`db1` is 5 times the gradient, 5 being the number of examples",
        expected="`db1` has the shape `(n1, 1)` and is a mean over the examples",
        advice=M_TIMES,
        case="one example",
        place=Place(7, 12, LINE),
        remarks=("`dW2` and `db2` are right.",),
        explained_by=("db_without_mean",),
        deviation=3.2e13,
        seconds=0.0123456,
    )
    ok = Finding("shapes", "`backward` returns a gradient for each parameter", "passed", 2.0, 2.0)
    return exercise("backward", ok, replace(wrong, **changes), code=BACKWARD_CODE)


def result_of(*exercises: ExerciseResult, student: str = "ada", **changes: Any) -> Result:
    points, most = sum(e.points for e in exercises), sum(e.max_points for e in exercises)
    plain = Result(
        student,
        UNIT,
        "graded",
        points,
        most,
        exercises,
        path="/home/teacher/submitted/ada.ipynb",
        seed="our-secret-seed",
        versions={"numpy": "2.1.3", "keras": "3.9.0", "tensorflow": "2.19.0"},
    )
    return replace(plain, **changes)


def perfect(student: str = "grace") -> Result:
    rows = [exercise(n, Finding("value", claim, "passed", p, p)) for n, p, claim in FULL]
    return result_of(*rows, student=student)


def mixed(student: str = "ada") -> Result:
    """A realistic submission: right, wrong, too slow and unanswered exercises."""
    right = list(perfect().exercises[:3])
    error = Finding(
        "step",
        FULL[4][2],
        "raised",
        0.0,
        2.0,
        seen="`KeyError: 'db1'` was raised when `gd_step` looked up a gradient",
        expected="`grads` has the keys `dW1`, `db1`, `dW2`, `db2`",
        place=Place(9, 3, '    b1 = params["b1"] - alpha * grads["db_1"]'),
    )
    stub = Finding(
        "differences", FULL[5][2], "stub", 0.0, 2.0, "`numerical_gradient` is not answered yet."
    )
    slow = Finding("learns", FULL[6][2], "timeout", 0.0, 3.0, "It was stopped after 60 seconds.")
    later = Finding("loss", "The loss falls at every step", "skipped", 0.0, 1.0)
    cells = (
        CellRun(1, "ok"),
        CellRun(2, "ok", "epoch 1\rloss 0.6931\repoch 2\rloss 0.4102\n"),
        CellRun(8, "raised", "before\n", "\x1b[0;31mNameError\x1b[0m: name 'paramz' is unknown"),
    )
    rest = [exercise(FULL[4][0], error), exercise(FULL[5][0], stub)]
    rest.append(exercise(FULL[6][0], slow, later))
    note = "The grade cell of `sigmoid` was edited; the course's own checks were used."
    return result_of(*right, backward(), *rest, student=student, notes=(note,), cells=cells)


def ungradable(student: str = "kurt") -> Result:
    problem = "`kurt.ipynb` ends in the middle: the upload was cut off. Hand it in again."
    return Result(student, UNIT, "ungradable", 0.0, 22.0, problem=problem)


def faulty(student: str = "alan") -> Result:
    failed = Finding("gradients", FULL[3][2], "fault", 0.0, 5.0, "The worker could not be started.")
    rows = [*perfect().exercises[:3], exercise("backward", failed)]
    return result_of(*rows, student=student, status="fault")


def hostile() -> Result:
    """A submission that puts markup, escape sequences and controls wherever it can."""
    finding = backward().findings[1]
    text: Any = dict.fromkeys(("claim", "seen", "expected", "advice", "case"), HOSTILE)
    bad = replace(finding, **text, remarks=(HOSTILE,), place=Place(7, 1, HOSTILE))
    return result_of(
        exercise("backward" + HOSTILE, bad, code=HOSTILE),
        student=HOSTILE,
        unit=HOSTILE,
        notes=(HOSTILE,),
        problem=HOSTILE,
        device=HOSTILE,
        isolation=HOSTILE,
        versions={HOSTILE: HOSTILE},
        cells=(CellRun(1, "raised", HOSTILE, HOSTILE),),
    )


EVERY_KIND = [mixed(), perfect(), faulty(), ungradable(), hostile()]


def dicts_of(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV text by its heading."""
    return list(csv.DictReader(io.StringIO(text)))
