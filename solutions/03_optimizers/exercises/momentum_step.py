"""Unit 03, `momentum_step`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, float64, unchanged

from .cases import SHAPES, gradient, normal

exercise = Exercise("momentum_step", points=4)


def momentum_first(rng: np.random.Generator) -> Iterator[Case]:
    """The first update, from rest."""
    for (label, shape), beta1 in zip(SHAPES, (0.9, 0.8, 0.95), strict=True):
        w, dw = normal(rng, shape), gradient(rng, shape)
        yield Case({"w": w, "dw": dw, "v": 0 * w, "lr": 0.1, "beta1": beta1}, label)


def momentum_six(rng: np.random.Generator) -> Iterator[Case]:
    """Six updates from rest, the gradient changing in size and sign."""
    for (label, shape), beta1 in zip(SHAPES, (0.9, 0.8, 0.95), strict=True):
        dws = [gradient(rng, shape) for _ in range(6)]
        yield Case({"w": normal(rng, shape), "dws": dws, "lr": 0.3, "beta1": beta1}, label)


def momentum_moving(rng: np.random.Generator) -> Iterator[Case]:
    """One update in the middle of training, on arrays."""
    for label, shape in SHAPES[1:]:
        inputs = {"w": normal(rng, shape), "dw": gradient(rng, shape), "v": gradient(rng, shape)}
        yield Case(inputs | {"lr": 0.2, "beta1": 0.9}, label)


def momentum_from_zero(rng: np.random.Generator) -> Iterator[Case]:
    """One update in the middle of training, from w = 0; old average and gradient don't cancel."""
    for label, shape in SHAPES:
        dw = gradient(rng, shape)
        v = abs(gradient(rng, shape)) * np.sign(dw)
        w = 0 * dw
        yield Case({"w": w, "dw": dw, "v": v, "lr": 0.2, "beta1": 0.9}, f"{label}, at w = 0")


def momentum_constant(rng: np.random.Generator) -> Iterator[Case]:
    """A gradient that stays the same."""
    for (label, shape), beta1 in zip(SHAPES, (0.9, 0.7, 0.99), strict=True):
        w, dw = normal(rng, shape), gradient(rng, shape)
        yield Case({"w": w, "dw": dw, "lr": 0.1, "beta1": beta1}, label)


def momentum_beta0(rng: np.random.Generator) -> Iterator[Case]:
    """β₁ = 0, with an old average that must not matter."""
    for label, shape in SHAPES:
        inputs = {"w": normal(rng, shape), "dw": gradient(rng, shape), "v": gradient(rng, shape)}
        yield Case(inputs | {"lr": 0.2}, label)


@exercise.check(points=0.75, cases=momentum_first, judge=close(float64))
def momentum_one_update(program, w, dw, v, lr, beta1):
    """The first update returns a pair `(w, v)`, with the right `w`"""
    result = program.momentum_step(w, dw, v, lr, beta1)
    if isinstance(result, (tuple, list)) and len(result) == 2:
        result = [result[0], f"v of shape {np.shape(result[1])}"]
    return {"(w, v)": result}


@exercise.check(points=1, cases=momentum_six, judge=close(float64))
def momentum_average(program, w, dws, lr, beta1):
    """`v` is right through six updates with changing gradients"""
    v = 0 * w
    seen = {}
    for number, dw in enumerate(dws, 1):
        w, v = program.momentum_step(w + 0.0, dw, v + 0.0, lr, beta1)
        seen[f"v after update {number}"] = v
    return seen


@exercise.check(
    points=1,
    cases=momentum_from_zero,
    judge=close(float64),
    counts_alone=False,  # always 1
)
def momentum_move(program, w, dw, v, lr, beta1):
    """`w` moves by `-lr` times the average that you return with it"""
    w_new, v_new = program.momentum_step(w + 0.0, dw, v + 0.0, lr, beta1)
    moves = w_new / (-lr * np.asarray(v_new))
    return {"move of w / (-lr * new v)": moves}


@exercise.check(
    points=0.25,
    cases=momentum_constant,
    judge=equal_sides("v after t updates with the same dW, and (1 - β₁ᵗ)·dW"),
)
def momentum_constant_gradient(program, w, dw, lr, beta1):
    """Under a constant gradient `dw`, `v` grows towards it as `(1 - beta1**t) * dw`"""
    v = 0 * w
    left, right = {}, {}
    for t in range(1, 9):
        w, v = program.momentum_step(w + 0.0, dw, v + 0.0, lr, beta1)
        left[f"v after update {t}"] = v
        right[f"v after update {t}"] = (1 - beta1**t) * dw
    return {"left": left, "right": right}


@exercise.check(
    points=0.5,
    cases=momentum_beta0,
    judge=close(float64),
)
def momentum_no_memory(program, w, dw, v, lr):
    """With `beta1 = 0`, one update is plain gradient descent"""
    return program.momentum_step(w, dw, v, lr, 0.0)[0]


@exercise.check(
    points=0.5,
    cases=momentum_moving,
    judge=unchanged(),
)
def momentum_arguments_unchanged(program, w, dw, v, lr, beta1):
    """An update leaves the caller's `w`, `dw` and `v` as they were"""
    program.momentum_step(w, dw, v, lr, beta1)
    return {"w": w, "dw": dw, "v": v}


exercise.variant(
    "MO1",
    "Your average gives the new gradient its full weight. In the notes' form the weights of old "
    "and new add up to one, so the new gradient gets what β₁ leaves over. (Without it you have "
    "the classic form of momentum, whose steps are 1/(1 - β₁) times as long.)",
    {"(1 - beta1) * dw": "dw"},
)
exercise.variant(
    "MO2",
    "Your `v` is a velocity, with the learning rate and the minus sign inside, as in some other "
    "courses. In the notes `v` is an average of gradients; learning rate and sign come in only "
    "when W is updated.",
    {
        "beta1 * v + (1 - beta1) * dw": "beta1 * v - lr * dw",
        "w - lr * v": "w + v",
    },
)
exercise.variant(
    "MO3a",
    "Every update of yours begins with an empty average: the `v` handed in plays no part. "
    "It is the memory of the updates before.",
    {"beta1 * v + (1 - beta1) * dw": "(1 - beta1) * dw"},
)
exercise.variant(
    "MO3b",
    "You use the new average for the step, but return the old one, so that it is lost when the "
    "next update begins. Hand the new average back to the caller.",
    {"v = beta1 * v": "v_new = beta1 * v", "w - lr * v": "w - lr * v_new"},
)
exercise.variant(
    "MO4",
    "The two weights of your average are exchanged: with β₁ = 0.9 most of the old average stays, "
    "and the new gradient gets the small share.",
    {"beta1 * v + (1 - beta1) * dw": "(1 - beta1) * v + beta1 * dw"},
)
exercise.variant(
    "MO5",
    "Your step uses a corrected average. The notes define the correction, but momentum moves "
    "along the plain one; that is why this function is not told t.",
    {"w - lr * v": "w - lr * v / (1 - beta1)"},
)
exercise.variant(
    "MO7",
    "Your step goes uphill: the gradient points to where the cost grows.",
    {"w - lr * v": "w + lr * v"},
)
exercise.variant(
    "MO8",
    "Your step follows the new gradient alone. The average is computed and returned, but the "
    "parameters never feel it.",
    {"w - lr * v": "w - lr * dw"},
)
exercise.variant(
    "MO9",
    "Your step is taken with the average as it was before this gradient came in, so that every "
    "gradient acts one update late. Bring the average up to date first.",
    {
        "    v = beta1 * v + (1 - beta1) * dw\n    w = w - lr * v\n": (
            "    w = w - lr * v\n    v = beta1 * v + (1 - beta1) * dw\n"
        )
    },
)


@exercise.variant("MO10")
def momentum_in_place(w, dw, v, lr, beta1):
    """Your numbers are right, but you write them into the caller's `w` and `v`: for an array, an
    augmented assignment changes the array itself. Whoever keeps the old point to compare with, or
    to draw the path, finds it gone. Compute new arrays.
    """
    v *= beta1
    v += (1 - beta1) * dw
    w -= lr * v
    return w, v


@exercise.equivalent("in place on copies")
def momentum_on_copies(w, dw, v, lr, beta1):
    w, v = np.array(w, dtype=float), np.array(v, dtype=float)
    v *= beta1
    v += (1 - beta1) * np.asarray(dw)
    w -= lr * v
    return w, v


@exercise.equivalent("ufuncs")
def momentum_out(w, dw, v, lr, beta1):
    new_v = np.multiply(v, beta1)
    new_v = np.add(new_v, np.multiply(dw, 1 - beta1))
    return np.subtract(w, np.multiply(new_v, lr)), new_v


@exercise.equivalent("entry by entry")
def momentum_entries(w, dw, v, lr, beta1):
    flat_w, flat_v = [], []
    entries = (np.ravel(x).tolist() for x in (w, dw, v))
    for w_i, dw_i, v_i in zip(*entries, strict=True):
        flat_v.append(v_i * beta1 + dw_i * (1 - beta1))
        flat_w.append(w_i - lr * flat_v[-1])
    return np.reshape(flat_w, np.shape(w)), np.reshape(flat_v, np.shape(w))


exercise.equivalent(
    "moved towards dw", {"beta1 * v + (1 - beta1) * dw": "v + (1 - beta1) * (dw - v)"}
)
exercise.equivalent("list returned", {"return w, v": "return [np.asarray(w), np.asarray(v)]"})
