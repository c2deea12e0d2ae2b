"""Unit 01, `numerical_gradient`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, unchanged

exercise = Exercise("numerical_gradient", points=2)


def cubics(rng: np.random.Generator) -> Iterator[Case]:
    """Cubic functions and large steps: there each wrong difference is far from the central one.

    With small steps rounding would hide what is looked for, and every difference would agree.
    """
    for shape, h, label in (
        ((3, 4), 0.1, "a matrix, h = 0.1"),
        ((5,), 0.3, "a vector, h = 0.3"),
        ((2, 3, 2), 0.2, "three axes, h = 0.2"),
    ):
        a, b, c = rng.normal(size=(3, *shape))
        yield Case({"a": a, "b": b, "c": c, "x": rng.normal(size=shape), "h": h}, label)


def points_to_measure_at(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"x": rng.normal(size=(2, 3))}, "a matrix")


def quadratics(rng: np.random.Generator) -> Iterator[Case]:
    """Quadratic forms: their central differences are exact for every step."""
    for shape, label in (((2, 3), "a matrix"), ((5, 1), "a column")):
        size = int(np.prod(shape))
        yield Case({"Q": rng.normal(size=(size, size)), "x": rng.normal(size=shape)}, label)


@exercise.check(points=0.75, cases=cubics, judge=close("float64"))
def central(program, x, a, b, c, h):
    """`numerical_gradient` is the central difference with step `h`, in the shape of `x`"""

    def f(x):
        # The last term ties neighbours together: entries must move one at a time.
        return float(np.sum(a * x**3 + b * x**2 + c * x) + np.prod(x.ravel()[:2]) ** 2)

    return {"gradient": program.numerical_gradient(f, x, h)}


@exercise.check(points=0.25, cases=points_to_measure_at, judge=exact(secret=False))
def one_at_a_time(program, x):
    """`numerical_gradient` moves every entry, one at a time"""
    moves = []

    def f(value):
        moves.append(np.abs(value - x) > 1e-6)
        return float(np.sum(value))

    program.numerical_gradient(f, x.copy(), 0.25)
    return {
        "entries that are moved": int(np.any(moves, axis=0).sum()),
        "moved at the same time": max((int(np.sum(move)) for move in moves), default=0),
    }


@exercise.check(points=0.25, cases=points_to_measure_at, judge=exact(secret=False))
def default_step(program, x):
    """Without `h` the step is 1e-5"""
    moves = []

    def f(value):
        moves.append(float(np.abs(value - x).max()))
        return float(np.sum(value))

    program.numerical_gradient(f, x.copy())
    return {"step": round(max(moves, default=0.0), 12)}


@exercise.check(
    points=0.25,
    cases=quadratics,
    judge=equal_sides(
        "the gradient of a quadratic function with a large step, and with a small one"
    ),
)
def quadratic(program, Q, x):
    """On a quadratic function central differences are exact, so the step makes no difference"""

    def f(x):
        return float(x.ravel() @ Q @ x.ravel())

    return {
        "left": {"gradient": program.numerical_gradient(f, x, 0.5)},
        "right": {"gradient": program.numerical_gradient(f, x, 0.125)},
    }


@exercise.check(points=0.5, cases=cubics, judge=unchanged())
def keeps_x(program, x, a, b, c, h):
    """`numerical_gradient` leaves `x` as it was, to the last digit"""

    def f(x):
        return float(np.sum(a * x**3 + b * x**2 + c * x))

    program.numerical_gradient(f, x, h)
    return {"x": x}


@exercise.equivalent("saved_value")
def gradient_with_saved_value(f, x, h=1e-5):
    gradient = np.empty(x.shape)
    walk = np.nditer(x, flags=["multi_index"])
    while not walk.finished:
        index = walk.multi_index
        saved = x[index]
        x[index] = saved + h
        up = f(x)
        x[index] = saved - h
        down = f(x)
        x[index] = saved
        gradient[index] = (up - down) / (2 * h)
        walk.iternext()
    return gradient


@exercise.equivalent("flat")
def gradient_flat(f, x, h=1e-5):
    slopes = []
    for step in h * np.eye(x.size):
        step = step.reshape(x.shape)
        slopes.append((f(x + step) - f(x - step)) / (2 * h))
    return np.array(slopes).reshape(x.shape)


@exercise.equivalent("two_halves")
def gradient_two_halves(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for index, value in np.ndenumerate(x):
        above, below = x.copy(), x.copy()
        above[index] = value + h
        below[index] = value - h
        gradient[index] = 0.5 * (f(above) / h - f(below) / h)
    return gradient


DIFFERENCE = "(f(x + step) - f(x - step)) / (2 * h)"
exercise.variant(
    "NG1",
    "You compare with the value at `x` itself: that is the forward difference, whose error shrinks "
    "only as fast as the step. Step to both sides.",
    {DIFFERENCE: "(f(x + step) - f(x)) / h"},
)
exercise.variant(
    "NG2",
    "You look back only, from `x` to one step below it. Step to both sides.",
    {DIFFERENCE: "(f(x) - f(x - step)) / h"},
)
exercise.variant(
    "NG3",
    "Your slopes are twice too steep: between one step up and one step down lie two steps.",
    {DIFFERENCE: "(f(x + step) - f(x - step)) / h"},
)
exercise.variant(
    "NG4",
    "Your slopes have the wrong sign: it is the value above minus the value below.",
    {DIFFERENCE: "(f(x - step) - f(x + step)) / (2 * h)"},
)
exercise.variant(
    "NG5",
    "You ignore the step that you are given and use one of your own.",
    {"step[index] = h": "h = 1e-5\n        step[index] = h"},
)
exercise.variant(
    "NG6",
    "You move by half a step to either side. That is a central difference, too, but with another "
    "step than asked for: `h` is the step to *either* side.",
    {"step[index] = h": "step[index] = h / 2", "/ (2 * h)": "/ h"},
)


@exercise.variant("NG7")
def gradient_never_back(f, x, h=1e-5):
    """An entry that was moved stays moved while the next ones are measured, and `x` comes back
    changed. Put each one back, or move it in a copy.
    """
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += h
        up = f(x)
        x[index] -= 2 * h
        gradient[index] = (up - f(x)) / (2 * h)
    return gradient


@exercise.variant("NG8")
def gradient_back_by_arithmetic(f, x, h=1e-5):
    """You put each entry back by adding and subtracting the step. Rounding makes that miss by a
    last digit: keep the old value and write it back, or move a copy.
    """
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += h
        up = f(x)
        x[index] -= 2 * h
        gradient[index] = (up - f(x)) / (2 * h)
        x[index] += h
    return gradient


@exercise.variant("NG9")
def gradient_drifting_copy(f, x, h=1e-5):
    """You work on a copy, which is right; but an entry that was moved there stays moved while the
    next ones are measured. Only one entry may differ from `x` at a time.
    """
    gradient = np.zeros(x.shape)
    moved = x.copy()
    for index in np.ndindex(x.shape):
        moved[index] += h
        up = f(moved)
        moved[index] -= 2 * h
        gradient[index] = (up - f(moved)) / (2 * h)
    return gradient


@exercise.variant("NG10")
def gradient_all_at_once(f, x, h=1e-5):
    """You move all entries at the same time, so all slopes come out added up in one number. Move
    one entry at a time.
    """
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


@exercise.variant("NG11")
def gradient_of_rows(f, x, h=1e-5):
    """You move whole rows: every entry needs a slope of its own, whatever the number of axes."""
    gradient = np.zeros(x.shape)
    for i in range(len(x)):
        step = np.zeros(x.shape)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


exercise.variant(
    "NG12",
    "Your result is one flat row of slopes. Give it the shape of `x`: each slope stands where its "
    "entry stands.",
    {"    return gradient\n": "    return gradient.ravel()\n"},
)
exercise.variant(
    "NG13",
    "Your default step is far from 1e-5. The text shows what becomes of larger and of smaller "
    "ones.",
    {"h: float = 1e-5": "h: float = 1e-3"},
)
