"""Unit 03, `minimise`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, at_most, close, exact, float64, unchanged

from .cases import SHAPES, gradient, normal

exercise = Exercise("minimise", points=4, uses=("momentum_step", "bias_correct", "adam_step"))
# The bowl of the notebook, its minimum moved so that no constant answer can stand in it.
CENTRE = np.array([3.0, -2.0])
STEEPNESS = np.array([1.0, 50.0])


def bowl_cost(point: Any) -> float:
    """The cost of a point; the start's is 37.5.  Its text travels alone, so numbers stand here."""
    if np.shape(point) != (2,):
        raise ValueError("not a point of the bowl")
    offset = np.asarray(point, dtype=float) - np.array([3.0, -2.0])
    with np.errstate(over="ignore"):  # a descent that has run away
        return float(np.sum(np.array([1.0, 50.0]) * offset**2) / 2)


def bowls(rng: np.random.Generator) -> Iterator[Case]:
    """Descents in bowls of several shapes."""
    for (label, shape), count in zip(SHAPES, (4, 5, 1), strict=True):
        inputs = {"w0": normal(rng, shape), "centre": 3 + normal(rng, shape)}
        inputs |= {"steepness": abs(gradient(rng, shape)), "lr": 0.3, "steps": count}
        yield Case(inputs, f"{label}, {count} step{'s' if count > 1 else ''}")


def bowl_arrays(rng: np.random.Generator) -> Iterator[Case]:
    """Descents from arrays."""
    for label, shape in SHAPES[1:]:
        inputs = {"w0": normal(rng, shape), "centre": 3 + normal(rng, shape)}
        inputs |= {"steepness": abs(gradient(rng, shape)), "lr": 0.3, "steps": 4}
        yield Case(inputs, label)


def two_batches(rng: np.random.Generator) -> Iterator[Case]:
    """Two minibatches take turns; each has a minimum of its own."""
    centres = [2 + normal(rng, (3,)), -2 + normal(rng, (3,))]
    inputs = {"w0": normal(rng, (3,)), "centres": centres, "lr": 0.4, "steps": 6}
    yield Case(inputs, "three epochs of two minibatches")


# Mirrored or not, right paths over it end at the same costs: 0.0054 (gradient descent), 0.00027
# (momentum) and 0.00052 (Adam).  The weakest mistake that fails ends at 32, 2000 and 0.063.  Bounds
# are ten times away from both (benchmarks/margins.py).
def steep_bowl(rng: np.random.Generator) -> Iterator[Case]:
    """The bowl that is 50 times as steep in one direction, from J = 37.5."""
    start = CENTRE + np.array([5.0, 1.0]) * rng.choice([-1.0, 1.0], 2)
    yield Case({"w0": start, "centre": CENTRE, "steepness": STEEPNESS}, "100 steps from J = 37.5")


@exercise.check(points=1, cases=bowls, judge=exact(secret=False))
def path_form(program, w0, centre, steepness, lr, steps):
    """The path is a list of `steps + 1` points, `w0` first"""

    def step(w, dw):
        return w - lr * dw

    def grad_fn(w):
        return steepness * (w - centre)

    def near(point, other):
        return np.shape(point) == np.shape(other) and bool(np.allclose(point, other, 1e-6))

    start = w0 + 0.0
    path = program.minimise(step, grad_fn, w0, steps)
    points = list(path) if np.ndim(path) or isinstance(path, (list, tuple)) else []
    return {
        "type of the path": "list" if isinstance(path, tuple) else type(path).__name__,
        "number of points": len(points),
        # To the digits of float32, which a right answer may compute in.
        "w0 is the first point": bool(points) and near(points[0], start),
        "the last point is another": bool(points) and not near(points[-1], start),
    }


@exercise.check(points=0.5, cases=bowls, judge=close(float64))
def path_values(program, w0, centre, steepness, lr, steps):
    """Each point after the start is one step after the last"""

    def step(w, dw):
        return w - lr * dw

    def grad_fn(w):
        return steepness * (w - centre)

    path = program.minimise(step, grad_fn, w0, steps)
    return {"points after the start": list(path)[-steps:]}


@exercise.check(points=0.5, cases=bowls, judge=close(float64))
def current_point(program, w0, centre, steepness, lr, steps):
    """`grad_fn` is called once for each step, at the current point"""
    asked = []

    def step(w, dw):
        return w - lr * dw

    def grad_fn(w):
        asked.append(w + 0.0)
        return steepness * (w - centre)

    program.minimise(step, grad_fn, w0, steps)
    return {"points where grad_fn is called": asked}


@exercise.check(points=0.5, cases=two_batches, judge=close(float64))
def next_minibatch(program, w0, centres, lr, steps):
    """With minibatches, every step gets the gradient of the next batch"""
    calls, used = [], []

    def step(w, dw):
        used.append(dw + 0.0)
        return w - lr / len(used) * dw

    def grad_fn(w):
        calls.append(len(calls) % len(centres))
        return w - centres[calls[-1]]

    program.minimise(step, grad_fn, w0, steps)
    return {"gradients that step gets": used}


@exercise.check(
    points=0.25,
    cases=bowl_arrays,
    judge=unchanged(),
)
def descent_arguments_unchanged(program, w0, centre, steepness, lr, steps):
    """The descent leaves the caller's `w0` as it was"""

    def step(w, dw):
        return w - lr * dw

    def grad_fn(w):
        return steepness * (w - centre)

    program.minimise(step, grad_fn, w0, steps)
    return {"w0": w0}


@exercise.check(
    points=0.25,
    cases=steep_bowl,
    judge=at_most(6e-2, of=bowl_cost, what="The cost after 100 steps of gradient descent"),
)
def gd_descends(program, w0, centre, steepness):
    """Gradient descent, driven by `minimise`, brings the cost from 37.5 below 0.06"""

    def step(w, dw):
        return w - 0.038 * dw

    def grad_fn(w):
        return steepness * (w - centre)

    return program.minimise(step, grad_fn, w0, 100)[-1]


@exercise.check(
    points=0.5,
    cases=steep_bowl,
    judge=at_most(1e-2, of=bowl_cost, what="The cost after 100 steps with momentum"),
)
def momentum_descends(program, w0, centre, steepness):
    """Your `momentum_step`, driven by `minimise`, brings the cost from 37.5 below 0.01"""
    state = {"v": 0 * w0}

    def step(w, dw):
        w, state["v"] = program.momentum_step(w, dw, state["v"], 0.2, 0.9)
        return w

    def grad_fn(w):
        return steepness * (w - centre)

    return program.minimise(step, grad_fn, w0, 100)[-1]


@exercise.check(
    points=0.5,
    cases=steep_bowl,
    judge=at_most(6e-3, of=bowl_cost, what="The cost after 100 steps of Adam"),
)
def adam_descends(program, w0, centre, steepness):
    """Your `adam_step`, driven by `minimise`, brings the cost from 37.5 below 0.006"""
    state = {"v": 0 * w0, "s": 0 * w0, "t": 0}

    def step(w, dw):
        v, s, t = state["v"], state["s"], state["t"] + 1
        w, v, s = program.adam_step(w, dw, v, s, t, 0.2, 0.9, 0.999, 1e-8)
        state.update(v=v, s=s, t=t)
        return w

    def grad_fn(w):
        return steepness * (w - centre)

    return program.minimise(step, grad_fn, w0, 100)[-1]


exercise.variant(
    "MI1",
    "You ask for the gradient at the start over and over. Ask where you are now: the slope "
    "changes on the way.",
    {"dw = grad_fn(w)": "dw = grad_fn(w0)"},
)
exercise.variant(
    "MI2",
    "Your path begins after the first step. The start belongs to it, so there is one point more "
    "than there are steps.",
    {"path = [w]": "path = []"},
)
exercise.variant(
    "MI3",
    "You note each point before the step instead of after it: the start stands there twice and "
    "the last point is missing.",
    {"    w = step(w, dw)\n        path.append(w)": "    path.append(w)\n        w = step(w, dw)"},
)
exercise.variant(
    "MI4",
    "You make one step too few. `steps` counts moves, and the path has one point more.",
    {"range(steps)": "range(steps - 1)"},
)
exercise.variant(
    "MI5",
    "You make one step too many: the start is a point of the path but not a step.",
    {"range(steps)": "range(steps + 1)"},
)
exercise.variant(
    "MI6",
    "You return only the last point. The whole path is wanted, so that it can be drawn.",
    {"return path": "return w"},
)
exercise.variant(
    "MI7",
    "Every step of yours starts from `w0` again: the result is noted but you never move there.",
    {"w = step(w, dw)": "w_new = step(w, dw)", "path.append(w)": "path.append(w_new)"},
)
exercise.variant(
    "MI8",
    "You call `grad_fn` twice for each step. Each call takes the next minibatch, so every other "
    "batch is lost to you. Call it once and keep what it gives.",
    {"dw = grad_fn(w)": "grad_fn(w)\n        dw = grad_fn(w)"},
)
exercise.variant(
    "MI9",
    "You treat what `step` returns as a change and add it. It is the new point already.",
    {"w = step(w, dw)": "w = w + step(w, dw)"},
)
exercise.variant(
    "MI10",
    "`step` gets its two arguments in exchanged order: first the point, then the gradient.",
    {"w = step(w, dw)": "w = step(dw, w)"},
)
exercise.variant(
    "MI11",
    "Your path is one array. A list of points is wanted, each with the shape of `w0`.",
    {"return path": "return np.array(path)"},
)
exercise.variant(
    "MI12",
    "The gradients of your steps come one point late: it is taken, then you move, then you use "
    "it. Ask for the gradient at the point that you are about to leave.",
    {
        "    path = [w]\n": "    path = [w]\n    latest = grad_fn(w)\n",
        "        dw = grad_fn(w)\n": "        dw, latest = latest, grad_fn(w)\n",
    },
)


@exercise.variant("MI13")
def minimise_in_place(step, grad_fn, w0, steps):
    """All points of your path are one and the same array, the caller's `w0`, overwritten at each
    step. Let every step make a new array.
    """
    w = w0
    path = [w]
    for _ in range(steps):
        w += step(w, grad_fn(w)) - w
        path.append(w)
    return path


@exercise.equivalent("rows of an array")
def minimise_by_index(step, grad_fn, w0, steps):
    path = np.empty((steps + 1, *np.shape(w0)))
    path[0] = w0
    for index in range(steps):
        path[index + 1] = step(path[index], grad_fn(path[index]))
    return list(path)


@exercise.equivalent("copies")
def minimise_from_the_end(step, grad_fn, w0, steps):
    path = [np.copy(w0)]
    while len(path) <= steps:
        path += [np.copy(step(path[-1], grad_fn(path[-1])))]
    return path


@exercise.equivalent("recursive")
def minimise_recursive(step, grad_fn, w0, steps):
    if steps == 0:
        return [w0]
    return [w0, *minimise(step, grad_fn, step(w0, grad_fn(w0)), steps - 1)]
