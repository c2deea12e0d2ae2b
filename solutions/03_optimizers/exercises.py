"""Unit 03, optimisers: momentum, RMSprop, bias correction, Adam, and the loop that drives them.

Inputs.  Gradients stay between 0.1 and 2 in size and change from update to update, ε is 1e-15, so
that no case but `small_gradients` can tell where ε stands; there gradients are near 1e-5 and ε is
1e-8.  Decay rates are never 0.5, where β and 1 - β are the same.

Averages and moves are judged apart: averages from the gradients alone, a move by the averages that
the same call returned, or that the case handed in.  One slip leaves what is right its points.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Unit, at_most, close, equal_sides, exact, float64, unchanged

unit = Unit("03_optimizers")

Shape = tuple[int, ...]
SHAPES: tuple[tuple[str, Shape], ...] = (
    ("a single number", ()),
    ("three parameters", (3,)),
    ("a matrix of parameters", (2, 3)),
)
NO_EPS = 1e-15


def normal(rng: np.random.Generator, shape: Shape, scale: float = 1.0) -> Any:
    """Numbers around 0; a Python float for the shape `()`."""
    drawn = scale * rng.normal(size=shape)
    return float(drawn) if shape == () else drawn


def gradient(rng: np.random.Generator, shape: Shape, scale: Any = 1.0) -> Any:
    """Gradients of either sign, 0.1 to 2 times `scale` in size."""
    drawn = scale * rng.uniform(0.1, 2.0, shape) * rng.choice([-1.0, 1.0], shape)
    return float(drawn) if shape == () else drawn


# --------------------------------------------------------------------------------- momentum_step

momentum_step = unit.exercise("momentum_step", points=4)


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


@momentum_step.check(points=0.75, cases=momentum_first, judge=close(float64))
def momentum_one_update(program, w, dw, v, lr, beta1):
    """The first update returns a pair `(w, v)`, with the right `w`"""
    result = program.momentum_step(w, dw, v, lr, beta1)
    if isinstance(result, (tuple, list)) and len(result) == 2:
        result = [result[0], f"v of shape {np.shape(result[1])}"]
    return {"(w, v)": result}


@momentum_step.check(points=1, cases=momentum_six, judge=close(float64))
def momentum_average(program, w, dws, lr, beta1):
    """`v` is right through six updates with changing gradients"""
    v = 0 * w
    seen = {}
    for number, dw in enumerate(dws, 1):
        w, v = program.momentum_step(w + 0.0, dw, v + 0.0, lr, beta1)
        seen[f"v after update {number}"] = v
    return seen


@momentum_step.check(
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


@momentum_step.check(
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


@momentum_step.check(
    points=0.5,
    cases=momentum_beta0,
    judge=close(float64),
)
def momentum_no_memory(program, w, dw, v, lr):
    """With `beta1 = 0`, one update is plain gradient descent"""
    return program.momentum_step(w, dw, v, lr, 0.0)[0]


@momentum_step.check(
    points=0.5,
    cases=momentum_moving,
    judge=unchanged(),
)
def momentum_arguments_unchanged(program, w, dw, v, lr, beta1):
    """An update leaves the caller's `w`, `dw` and `v` as they were"""
    program.momentum_step(w, dw, v, lr, beta1)
    return {"w": w, "dw": dw, "v": v}


momentum_step.variant(
    "MO1",
    "Your average gives the new gradient its full weight. In the notes' form the weights of old "
    "and new add up to one, so the new gradient gets what β₁ leaves over. (Without it you have "
    "the classic form of momentum, whose steps are 1/(1 - β₁) times as long.)",
    {"(1 - beta1) * dw": "dw"},
)
momentum_step.variant(
    "MO2",
    "Your `v` is a velocity, with the learning rate and the minus sign inside, as in some other "
    "courses. In the notes `v` is an average of gradients; learning rate and sign come in only "
    "when W is updated.",
    {
        "beta1 * v + (1 - beta1) * dw": "beta1 * v - lr * dw",
        "w - lr * v": "w + v",
    },
)
momentum_step.variant(
    "MO3a",
    "Every update of yours begins with an empty average: the `v` handed in plays no part. "
    "It is the memory of the updates before.",
    {"beta1 * v + (1 - beta1) * dw": "(1 - beta1) * dw"},
)
momentum_step.variant(
    "MO3b",
    "You use the new average for the step, but return the old one, so that it is lost when the "
    "next update begins. Hand the new average back to the caller.",
    {"v = beta1 * v": "v_new = beta1 * v", "w - lr * v": "w - lr * v_new"},
)
momentum_step.variant(
    "MO4",
    "The two weights of your average are exchanged: with β₁ = 0.9 most of the old average stays, "
    "and the new gradient gets the small share.",
    {"beta1 * v + (1 - beta1) * dw": "(1 - beta1) * v + beta1 * dw"},
)
momentum_step.variant(
    "MO5",
    "Your step uses a corrected average. The notes define the correction, but momentum moves "
    "along the plain one; that is why this function is not told t.",
    {"w - lr * v": "w - lr * v / (1 - beta1)"},
)
momentum_step.variant(
    "MO7",
    "Your step goes uphill: the gradient points to where the cost grows.",
    {"w - lr * v": "w + lr * v"},
)
momentum_step.variant(
    "MO8",
    "Your step follows the new gradient alone. The average is computed and returned, but the "
    "parameters never feel it.",
    {"w - lr * v": "w - lr * dw"},
)
momentum_step.variant(
    "MO9",
    "Your step is taken with the average as it was before this gradient came in, so that every "
    "gradient acts one update late. Bring the average up to date first.",
    {
        "    v = beta1 * v + (1 - beta1) * dw\n    w = w - lr * v\n": (
            "    w = w - lr * v\n    v = beta1 * v + (1 - beta1) * dw\n"
        )
    },
)


def momentum_in_place(w, dw, v, lr, beta1):
    v *= beta1
    v += (1 - beta1) * dw
    w -= lr * v
    return w, v


momentum_step.variant(
    "MO10",
    "Your numbers are right, but you write them into the caller's `w` and `v`: for an array, an "
    "augmented assignment changes the array itself. Whoever keeps the old point to compare with, "
    "or to draw the path, finds it gone. Compute new arrays.",
    momentum_in_place,
)


def momentum_on_copies(w, dw, v, lr, beta1):
    w, v = np.array(w, dtype=float), np.array(v, dtype=float)
    v *= beta1
    v += (1 - beta1) * np.asarray(dw)
    w -= lr * v
    return w, v


def momentum_out(w, dw, v, lr, beta1):
    new_v = np.multiply(v, beta1)
    new_v = np.add(new_v, np.multiply(dw, 1 - beta1))
    return np.subtract(w, np.multiply(new_v, lr)), new_v


def momentum_entries(w, dw, v, lr, beta1):
    flat_w, flat_v = [], []
    entries = (np.ravel(x).tolist() for x in (w, dw, v))
    for w_i, dw_i, v_i in zip(*entries, strict=True):
        flat_v.append(v_i * beta1 + dw_i * (1 - beta1))
        flat_w.append(w_i - lr * flat_v[-1])
    return np.reshape(flat_w, np.shape(w)), np.reshape(flat_v, np.shape(w))


momentum_step.equivalent("in place on copies", momentum_on_copies)
momentum_step.equivalent("ufuncs", momentum_out)
momentum_step.equivalent("entry by entry", momentum_entries)
momentum_step.equivalent(
    "moved towards dw", {"beta1 * v + (1 - beta1) * dw": "v + (1 - beta1) * (dw - v)"}
)
momentum_step.equivalent("list returned", {"return w, v": "return [np.asarray(w), np.asarray(v)]"})

# ---------------------------------------------------------------------------------- rmsprop_step

rmsprop_step = unit.exercise("rmsprop_step", points=4)


def rmsprop_first(rng: np.random.Generator) -> Iterator[Case]:
    """The first update, from s = 0."""
    for (label, shape), beta2 in zip(SHAPES, (0.9, 0.99, 0.8), strict=True):
        w, dw = normal(rng, shape), gradient(rng, shape)
        inputs = {"w": w, "dw": dw, "s": 0 * w, "lr": 0.1, "beta2": beta2, "eps": NO_EPS}
        yield Case(inputs, label)


def rmsprop_six(rng: np.random.Generator) -> Iterator[Case]:
    """Six updates from s = 0, the gradient changing in size and sign."""
    for (label, shape), beta2 in zip(SHAPES, (0.9, 0.99, 0.8), strict=True):
        dws = [gradient(rng, shape) for _ in range(6)]
        inputs = {"w": normal(rng, shape), "dws": dws, "lr": 0.1, "beta2": beta2, "eps": NO_EPS}
        yield Case(inputs, label)


def rmsprop_moving(rng: np.random.Generator) -> Iterator[Case]:
    """One update in the middle of training, on arrays."""
    for label, shape in SHAPES[1:]:
        inputs = {"w": normal(rng, shape), "dw": gradient(rng, shape)}
        inputs |= {"s": gradient(rng, shape) ** 2, "lr": 0.1, "beta2": 0.9, "eps": NO_EPS}
        yield Case(inputs, label)


def rmsprop_from_zero(rng: np.random.Generator) -> Iterator[Case]:
    """One update in the middle of training, from w = 0.

    No average becomes negative, whatever is averaged: that is another check's.
    """
    for label, shape in SHAPES:
        dw = gradient(rng, shape)
        inputs = {"w": 0 * dw, "dw": dw, "s": 0.3 + gradient(rng, shape) ** 2}
        yield Case(inputs | {"lr": 0.1, "beta2": 0.9, "eps": NO_EPS}, f"{label}, at w = 0")


def rmsprop_beta0(rng: np.random.Generator) -> Iterator[Case]:
    """β₂ = 0, gradients over six decades, and an old average that must not matter."""
    for label, shape in SHAPES:
        scale = 1.0 if shape == () else 10.0 ** rng.integers(0, 6, shape)
        inputs = {"w": normal(rng, shape), "dw": gradient(rng, shape, scale)}
        inputs |= {"s": gradient(rng, shape) ** 2, "lr": 0.2, "eps": NO_EPS}
        yield Case(inputs, label)


def rmsprop_small(rng: np.random.Generator) -> Iterator[Case]:
    """Gradients near 1e-5 with ε = 1e-8; in the last case one of them is 0."""
    for label, shape in (*SHAPES, ("one of the gradients is 0", (3,))):
        dws = [gradient(rng, shape, 1e-5) for _ in range(3)]
        if label not in dict(SHAPES):
            dws = [dw * np.array([1.0, 0.0, 1.0]) for dw in dws]
        inputs = {"w": normal(rng, shape, 0.1), "dws": dws}
        yield Case(inputs | {"lr": 0.01, "beta2": 0.9, "eps": 1e-8}, label)


@rmsprop_step.check(points=0.5, cases=rmsprop_first, judge=close(float64))
def rmsprop_one_update(program, w, dw, s, lr, beta2, eps):
    """The first update returns a pair `(w, s)`, with the right `w`"""
    result = program.rmsprop_step(w, dw, s, lr, beta2, eps)
    if isinstance(result, (tuple, list)) and len(result) == 2:
        result = [result[0], f"s of shape {np.shape(result[1])}"]
    return {"(w, s)": result}


@rmsprop_step.check(points=1, cases=rmsprop_six, judge=close(float64))
def rmsprop_average(program, w, dws, lr, beta2, eps):
    """`s` is right through six updates with changing gradients"""
    s = 0 * w
    seen = {}
    for number, dw in enumerate(dws, 1):
        w, s = program.rmsprop_step(w + 0.0, dw, s + 0.0, lr, beta2, eps)
        seen[f"s after update {number}"] = s
    return seen


@rmsprop_step.check(
    points=1,
    cases=rmsprop_from_zero,
    judge=close(float64),
    counts_alone=False,  # always 1
)
def rmsprop_move(program, w, dw, s, lr, beta2, eps):
    """`w` moves by `-lr * dw` over the root of the average that you return with it"""
    w_new, s_new = program.rmsprop_step(w + 0.0, dw, s + 0.0, lr, beta2, eps)
    moves = w_new * (np.sqrt(s_new) + eps) / (-lr * dw)
    # In the precision of `w`, so that float32 is judged as such.
    return {"move of w / (-lr * dw / root)": np.asarray(moves, np.result_type(w_new))}


@rmsprop_step.check(
    points=0.5,
    cases=rmsprop_beta0,
    judge=equal_sides("w after one update with β₂ = 0, and w - lr·sign(dW)"),
)
def rmsprop_no_memory(program, w, dw, s, lr, eps):
    """With `beta2 = 0`, every parameter moves by `-lr * sign(dw)`, whatever its gradient's size"""
    w_new, _ = program.rmsprop_step(w + 0.0, dw, s + 0.0, lr, 0.0, eps)
    return {"left": {"w": w_new}, "right": {"w": w - lr * np.sign(dw)}}


@rmsprop_step.check(points=0.5, cases=rmsprop_small, judge=close(float64))
def rmsprop_small_gradients(program, w, dws, lr, beta2, eps):
    """With gradients near 1e-5, where `eps` matters, the steps are those of the notes' formula"""
    s = 0 * w
    seen = {}
    for number, dw in enumerate(dws, 1):
        w, s = program.rmsprop_step(w + 0.0, dw, s + 0.0, lr, beta2, eps)
        seen[f"w after update {number}"] = w
    return seen


@rmsprop_step.check(
    points=0.5,
    cases=rmsprop_moving,
    judge=unchanged(),
)
def rmsprop_arguments_unchanged(program, w, dw, s, lr, beta2, eps):
    """An update leaves the caller's `w`, `dw` and `s` as they were"""
    program.rmsprop_step(w, dw, s, lr, beta2, eps)
    return {"w": w, "dw": dw, "s": s}


rmsprop_step.variant(
    "RM1",
    "You average the gradient itself. `s` is an average of *squared* gradients: it measures size, "
    "so it can't be negative, and its root always exists.",
    {"dw**2": "dw"},
)
rmsprop_step.variant(
    "RM2",
    "You divide by the average of the squares as it is. Take its root first: only then has the "
    "divisor the unit of a gradient, and the step does not depend on the gradient's scale.",
    {"(np.sqrt(s) + eps)": "(s + eps)"},
)
rmsprop_step.variant(
    "RM3",
    "You add ε under the root, as Keras does. In the notes it is added to the root. With ordinary "
    "gradients nobody sees the difference; with tiny ones your steps are far too short.",
    {"np.sqrt(s) + eps": "np.sqrt(s + eps)"},
)
rmsprop_step.variant(
    "RM4",
    "All your parameters share one average square. Each entry of W has its own gradient size, and "
    "its own entry of `s`: nothing is averaged over the array.",
    {"dw**2": "np.mean(dw**2)"},
)
rmsprop_step.variant(
    "RM5",
    "You divide by the new average square, but return the old one, so that the next update knows "
    "nothing of this gradient. Hand the new one back to the caller.",
    {"s = beta2 * s": "s_new = beta2 * s", "np.sqrt(s)": "np.sqrt(s_new)"},
)
rmsprop_step.variant(
    "RM6",
    "You divide by the average square as it was before this gradient came in; at the first update "
    "that is 0, and the step explodes. Bring `s` up to date first.",
    {
        "    s = beta2 * s + (1 - beta2) * dw**2\n    w = w - lr * dw / (np.sqrt(s) + eps)\n": (
            "    w = w - lr * dw / (np.sqrt(s) + eps)\n    s = beta2 * s + (1 - beta2) * dw**2\n"
        )
    },
)
rmsprop_step.variant(
    "RM7",
    "The two weights of your average square are exchanged: most of the old average stays, and the "
    "new square gets the small share.",
    {"beta2 * s + (1 - beta2) * dw**2": "(1 - beta2) * s + beta2 * dw**2"},
)
rmsprop_step.variant(
    "RM8",
    "Your average square gives the new square its full weight, so that `s` grows to 1/(1 - β₂) "
    "times the size of a square. The weights of old and new add up to one.",
    {"(1 - beta2) * dw**2": "dw**2"},
)
rmsprop_step.variant(
    "RM9",
    "Your divisor lacks ε. Where the gradient of a parameter has always been 0 you divide 0 by 0, "
    "and with tiny gradients your steps come out slightly long.",
    {"(np.sqrt(s) + eps)": "np.sqrt(s)"},
)
rmsprop_step.variant(
    "RM10",
    "You correct the average square for its start. In Adam that is right; RMSprop uses it "
    "uncorrected, which is why this function is not told t.",
    {"np.sqrt(s)": "np.sqrt(s / (1 - beta2))"},
)
rmsprop_step.variant(
    "RM11",
    "Your average square forgets: the `s` handed in plays no part, only the newest gradient does. "
    "It is the memory of the updates before.",
    {"beta2 * s + (1 - beta2) * dw**2": "(1 - beta2) * dw**2"},
)
rmsprop_step.variant(
    "RM12",
    "Your step lacks the gradient: a quotient with 1 on top tells how far to go but not which "
    "way, and grows where the gradient is small.",
    {"lr * dw / (": "lr / ("},
)
rmsprop_step.variant(
    "RM13",
    "Your RMSprop step goes uphill: it should lead against the gradient.",
    {"w - lr * dw": "w + lr * dw"},
)


def rmsprop_in_place(w, dw, s, lr, beta2, eps):
    s *= beta2
    s += (1 - beta2) * dw**2
    w -= lr * dw / (np.sqrt(s) + eps)
    return w, s


rmsprop_step.variant(
    "RM14",
    "Your numbers are right, but you write them into the caller's `w` and `s`: for an array, an "
    "augmented assignment changes the array itself. Compute new arrays and return those.",
    rmsprop_in_place,
)


def rmsprop_on_copies(w, dw, s, lr, beta2, eps):
    w, s = np.array(w, dtype=float), np.array(s, dtype=float)
    s *= beta2
    s += (1 - beta2) * np.square(dw)
    w -= lr * np.asarray(dw) / (np.sqrt(s) + eps)
    return w, s


def rmsprop_entries(w, dw, s, lr, beta2, eps):
    flat_w, flat_s = [], []
    entries = (np.ravel(x).tolist() for x in (w, dw, s))
    for w_i, dw_i, s_i in zip(*entries, strict=True):
        flat_s.append(beta2 * s_i + (1 - beta2) * dw_i * dw_i)
        flat_w.append(w_i - lr / (flat_s[-1] ** 0.5 + eps) * dw_i)
    return np.reshape(flat_w, np.shape(w)), np.reshape(flat_s, np.shape(w))


rmsprop_step.equivalent("in place on copies", rmsprop_on_copies)
rmsprop_step.equivalent("entry by entry", rmsprop_entries)
rmsprop_step.equivalent(
    "moved towards the square",
    {"beta2 * s + (1 - beta2) * dw**2": "s + (1 - beta2) * (dw * dw - s)"},
)
rmsprop_step.equivalent(
    "a rate of its own for each entry",
    {"w - lr * dw / (np.sqrt(s) + eps)": "w - (lr / (s**0.5 + eps)) * dw"},
)

# ---------------------------------------------------------------------------------- bias_correct

bias_correct = unit.exercise("bias_correct", points=3)


def averages(rng: np.random.Generator) -> Iterator[Case]:
    """Averages of any kind, after two updates or more."""
    for (label, shape), beta in zip(SHAPES, (0.9, 0.8, 0.999), strict=True):
        for t in (2, 7, 40):
            v = normal(rng, shape)
            yield Case({"v": v, "beta": beta, "t": t}, f"{label}, β = {beta}, t = {t}")


def first_averages(rng: np.random.Generator) -> Iterator[Case]:
    """The average after the first update."""
    for (label, shape), beta in zip(SHAPES, (0.9, 0.8, 0.999), strict=True):
        yield Case({"v": normal(rng, shape), "beta": beta, "t": 1}, f"{label}, β = {beta}, t = 1")


def constants(rng: np.random.Generator) -> Iterator[Case]:
    """A gradient that stays the same."""
    for (label, shape), beta in zip(SHAPES, (0.9, 0.7, 0.999), strict=True):
        yield Case({"dw": gradient(rng, shape), "beta": beta}, f"{label}, β = {beta}")


def average_arrays(rng: np.random.Generator) -> Iterator[Case]:
    """Averages as arrays."""
    for label, shape in SHAPES[1:]:
        yield Case({"v": normal(rng, shape), "beta": 0.9, "t": 3}, label)


@bias_correct.check(points=0.5, cases=first_averages, judge=close(float64))
def first_correction(program, v, beta, t):
    """After the first update, `t = 1`, the correction is right"""
    return {"v_hat": program.bias_correct(v, beta, t)}


@bias_correct.check(points=1, cases=averages, judge=close(float64))
def later_corrections(program, v, beta, t):
    """After more updates the correction is right, too, for averages of every shape"""
    return {"v_hat": program.bias_correct(v, beta, t)}


@bias_correct.check(
    points=1,
    cases=constants,
    judge=equal_sides("the corrected average of equal gradients, and that gradient"),
)
def correction_constant_gradient(program, dw, beta):
    """If all gradients were the same, the corrected average is that gradient, for every `t`"""
    v = 0 * dw
    left, right = {}, {}
    for t in range(1, 13):
        v = beta * v + (1 - beta) * dw
        left[f"v_hat at t = {t}"] = program.bias_correct(v + 0.0, beta, t)
        right[f"v_hat at t = {t}"] = dw
    return {"left": left, "right": right}


@bias_correct.check(
    points=0.5,
    cases=average_arrays,
    judge=unchanged(),
)
def correction_arguments_unchanged(program, v, beta, t):
    """The correction leaves the caller's `v` as it was"""
    program.bias_correct(v, beta, t)
    return {"v": v}


bias_correct.variant(
    "BC1",
    "You count updates from 0: at the first update your divisor is 0. The first update is t = 1.",
    {"beta**t": "beta ** (t - 1)"},
)
bias_correct.variant(
    "BC2",
    "You multiply β by t. The weight of an old gradient shrinks by the factor β at *every* "
    "update; over t updates factors multiply, so t is an exponent.",
    {"beta**t": "beta * t"},
)
bias_correct.variant(
    "BC3",
    "You multiply by the sum of the weights, which makes an average that is too small even "
    "smaller. Undo the missing weight.",
    {"v / (1 - beta**t)": "v * (1 - beta**t)"},
)
bias_correct.variant(
    "BC4",
    "Your correction is the same at every update; it is right only at t = 1. It has to fade as "
    "the average fills up.",
    {"beta**t": "beta"},
)
bias_correct.variant(
    "BC5",
    "You count one update too many: your first correction is the one that belongs to t = 2.",
    {"beta**t": "beta ** (t + 1)"},
)
bias_correct.variant(
    "BC6",
    "Only β is raised to the power t, not the whole of 1 - β.",
    {"(1 - beta**t)": "(1 - beta) ** t"},
)
bias_correct.variant(
    "BC7",
    "You divide by the weight that the average's start from 0 still has. Divide by the weight "
    "that the gradients have: what is left of 1.",
    {"(1 - beta**t)": "beta**t"},
)
bias_correct.variant(
    "BC8",
    "Your divisor is negative, so the corrected average points the other way.",
    {"(1 - beta**t)": "(beta**t - 1)"},
)


def bias_correct_in_place(v, beta, t):
    v /= 1 - beta**t
    return v


bias_correct.variant(
    "BC9",
    "Your numbers are right, but you write them into the caller's `v`. In Adam that average is "
    "the memory of all updates so far; the next update would start from the corrected one.",
    bias_correct_in_place,
)


def bias_correct_summed(v, beta, t):
    weight = (1 - beta) * sum(beta**age for age in range(t))
    return v / weight


def bias_correct_expm1(v, beta, t):
    return np.divide(v, -np.expm1(t * np.log(beta)))


bias_correct.equivalent("weights summed", bias_correct_summed)
bias_correct.equivalent("expm1", bias_correct_expm1)
bias_correct.equivalent("reciprocal", {"v / (1 - beta**t)": "1 / (1 - np.power(beta, t)) * v"})
bias_correct.equivalent("a float t", {"beta**t": "beta ** float(t)"})

# ------------------------------------------------------------------------------------- adam_step

adam_step = unit.exercise("adam_step", points=5, uses=("bias_correct",))

BETAS = ((0.9, 0.999), (0.8, 0.99), (0.95, 0.9))


def adam_first(rng: np.random.Generator) -> Iterator[Case]:
    """The first update, with gradients of very different sizes."""
    for label, shape, scale in (
        ("a single number, gradient near 1", (), 1.0),
        ("three gradients near 1000", (3,), 1e3),
        ("three gradients near 0.01", (3,), 1e-2),
        ("six gradients from 0.01 to 1000", (2, 3), np.geomspace(1e-2, 1e3, 6).reshape(2, 3)),
    ):
        inputs = {"w": normal(rng, shape), "dw": gradient(rng, shape, scale)}
        yield Case(inputs | {"lr": 0.05, "beta1": 0.9, "beta2": 0.999, "eps": NO_EPS}, label)


def adam_six(rng: np.random.Generator) -> Iterator[Case]:
    """Six updates from rest, the gradient changing in size and sign."""
    for (label, shape), (beta1, beta2) in zip(SHAPES, BETAS, strict=True):
        dws = [gradient(rng, shape) for _ in range(6)]
        inputs = {"w": normal(rng, shape), "dws": dws, "lr": 0.05}
        yield Case(inputs | {"beta1": beta1, "beta2": beta2, "eps": NO_EPS}, label)


def adam_six_arrays(rng: np.random.Generator) -> Iterator[Case]:
    """The same without the plain number, whose division by 0 would end all six updates."""
    yield from list(adam_six(rng))[1:]


def adam_later(rng: np.random.Generator) -> Iterator[Case]:
    """One later update, from averages as they are after t - 1 right ones."""
    for (label, shape), (beta1, beta2), t in zip(SHAPES, BETAS, (2, 5, 12), strict=True):
        inputs = {"w": normal(rng, shape), "dw": gradient(rng, shape), "v": 0.0, "s": 0.0, "t": t}
        for _ in range(t - 1):
            dw = gradient(rng, shape)
            inputs["v"] = beta1 * inputs["v"] + (1 - beta1) * dw
            inputs["s"] = beta2 * inputs["s"] + (1 - beta2) * dw**2
        inputs |= {"lr": 0.05, "beta1": beta1, "beta2": beta2, "eps": NO_EPS}
        yield Case(inputs, f"{label}, t = {t}")


def adam_batches(rng: np.random.Generator) -> Iterator[Case]:
    """Two epochs of two minibatches: the gradients of a linear least-squares cost."""
    X = rng.normal(size=(3, 8))
    Y = 5 + rng.normal(size=(1, 8))
    inputs = {"W": rng.normal(size=(1, 3)), "batches": [[X[:, :4], Y[:, :4]], [X[:, 4:], Y[:, 4:]]]}
    inputs |= {"epochs": 2, "lr": 0.05, "beta1": 0.9, "beta2": 0.999, "eps": NO_EPS}
    yield Case(inputs, "two epochs of two minibatches")


def adam_small(rng: np.random.Generator) -> Iterator[Case]:
    """Gradients near 1e-5 with ε = 1e-8; in the last case one of them is 0."""
    for label, shape in (*SHAPES, ("one of the gradients is 0", (3,))):
        dws = [gradient(rng, shape, 1e-5) for _ in range(3)]
        if label not in dict(SHAPES):
            dws = [dw * np.array([1.0, 0.0, 1.0]) for dw in dws]
        inputs = {"w": normal(rng, shape, 0.1), "dws": dws, "lr": 0.01}
        yield Case(inputs | {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, label)


def adam_moving(rng: np.random.Generator) -> Iterator[Case]:
    """One update in the middle of training, on arrays."""
    for label, shape in SHAPES[1:]:
        inputs = {"w": normal(rng, shape), "dw": gradient(rng, shape), "v": gradient(rng, shape)}
        inputs |= {"s": gradient(rng, shape) ** 2, "t": 4, "lr": 0.05}
        yield Case(inputs | {"beta1": 0.9, "beta2": 0.999, "eps": NO_EPS}, label)


@adam_step.check(
    points=0.75,
    cases=adam_first,
    judge=equal_sides("w after the first update of Adam, and w - lr·sign(dW)", rtol=1e-5),
)
def adam_first_move(program, w, dw, lr, beta1, beta2, eps):
    """The first update moves every parameter by `-lr * sign(dw)`, whatever its gradient's size"""
    new = program.adam_step(w + 0.0, dw, 0 * w, 0 * w, 1, lr, beta1, beta2, eps)
    return {"left": {"w": new[0]}, "right": {"w": w - lr * np.sign(dw)}}


@adam_step.check(points=0.75, cases=adam_later, judge=close(float64))
def adam_later_move(program, w, dw, v, s, t, lr, beta1, beta2, eps):
    """One later update, from right averages, moves `w` to the right place"""
    return {"w": program.adam_step(w, dw, v, s, t, lr, beta1, beta2, eps)[0]}


@adam_step.check(points=0.5, cases=adam_six_arrays, judge=close(float64))
def adam_average(program, w, dws, lr, beta1, beta2, eps):
    """The returned `v` is right, and uncorrected, through six updates with changing gradients"""
    v, s = 0 * w, 0 * w
    seen = {}
    for t, dw in enumerate(dws, 1):
        w, v, s = program.adam_step(w + 0.0, dw, v + 0.0, s + 0.0, t, lr, beta1, beta2, eps)
        seen[f"v after update {t}"] = v
    return seen


@adam_step.check(points=0.5, cases=adam_six_arrays, judge=close(float64))
def adam_average_square(program, w, dws, lr, beta1, beta2, eps):
    """The returned `s` is right, and uncorrected, through six updates with changing gradients"""
    v, s = 0 * w, 0 * w
    seen = {}
    for t, dw in enumerate(dws, 1):
        w, v, s = program.adam_step(w + 0.0, dw, v + 0.0, s + 0.0, t, lr, beta1, beta2, eps)
        seen[f"s after update {t}"] = s
    return seen


@adam_step.check(points=0.5, cases=adam_six, judge=close(float64))
def adam_six_updates(program, w, dws, lr, beta1, beta2, eps):
    """`w` is right through six updates, each one going on from what the last one returned"""
    v, s = 0 * w, 0 * w
    seen = {}
    for t, dw in enumerate(dws, 1):
        w, v, s = program.adam_step(w + 0.0, dw, v + 0.0, s + 0.0, t, lr, beta1, beta2, eps)
        seen[f"w after update {t}"] = w
    return seen


@adam_step.check(points=0.5, cases=adam_batches, judge=close(float64))
def adam_minibatches(program, W, batches, epochs, lr, beta1, beta2, eps):
    """With two minibatches in an epoch, `t` counts updates (1, 2, 3, 4), not epochs (1, 1, 2, 2)"""
    v, s, t = 0 * W, 0 * W, 0
    seen = {}
    for _ in range(epochs):
        for X, Y in batches:
            t += 1
            dW = (W @ X - Y) @ X.T / X.shape[1]
            W, v, s = program.adam_step(W + 0.0, dW, v + 0.0, s + 0.0, t, lr, beta1, beta2, eps)
            seen[f"W after update {t}"] = W
    return seen


@adam_step.check(points=1, cases=adam_small, judge=close(float64))
def adam_small_gradients(program, w, dws, lr, beta1, beta2, eps):
    """With gradients near 1e-5, where `eps` matters, the steps are those of the notes' formula"""
    v, s = 0 * w, 0 * w
    seen = {}
    for t, dw in enumerate(dws, 1):
        w, v, s = program.adam_step(w + 0.0, dw, v + 0.0, s + 0.0, t, lr, beta1, beta2, eps)
        seen[f"w after update {t}"] = w
    return seen


@adam_step.check(
    points=0.5,
    cases=adam_moving,
    judge=unchanged(),
)
def adam_arguments_unchanged(program, w, dw, v, s, t, lr, beta1, beta2, eps):
    """An update leaves the caller's `w`, `dw`, `v` and `s` as they were"""
    program.adam_step(w, dw, v, s, t, lr, beta1, beta2, eps)
    return {"w": w, "dw": dw, "v": v, "s": s}


V_HAT = "v_hat = bias_correct(v, beta1, t)"
S_HAT = "s_hat = bias_correct(s, beta2, t)"

adam_step.variant(
    "AD1a",
    "Your corrections count updates from 0, so that the first one divides by 0. The `t` that you "
    "get is 1 at the first update already: use it as it is.",
    {V_HAT: V_HAT.replace("t)", "t - 1)"), S_HAT: S_HAT.replace("t)", "t - 1)")},
)
adam_step.variant(
    "AD1b",
    "Your corrections lag one update behind: the first two updates are corrected alike. The `t` "
    "that you get is 1 at the first update already and needs no protection against 0.",
    {
        V_HAT: V_HAT.replace("t)", "max(t - 1, 1))"),
        S_HAT: S_HAT.replace("t)", "max(t - 1, 1))"),
    },
)
adam_step.variant(
    "AD1c",
    "Your corrections run one update ahead, as if `t` began at 0. It is 1 at the first update.",
    {V_HAT: V_HAT.replace("t)", "t + 1)"), S_HAT: S_HAT.replace("t)", "t + 1)")},
)
adam_step.variant(
    "AD2",
    "Your corrections multiply the decay rate by t instead of raising it to the power t. From "
    "the second update on the corrected square is negative, and its root is no number.",
    {
        V_HAT: "v_hat = v / (1 - beta1 * t)",
        S_HAT: "s_hat = s / (1 - beta2 * t)",
    },
)
adam_step.variant(
    "AD3",
    "You return the corrected averages as the new state, so that the next update corrects what "
    "has been corrected before. Corrected values serve one update only; the state stays raw.",
    {"return w, v, s": "return w, v_hat, s_hat"},
)
adam_step.variant(
    "AD4",
    "Each average is corrected with the decay rate of the other one. The correction makes up for "
    "the average's own start, so it needs the average's own rate.",
    {V_HAT: V_HAT.replace("beta1", "beta2"), S_HAT: S_HAT.replace("beta2", "beta1")},
)
adam_step.variant(
    "AD5",
    "Your Adam uses both averages as they are. They started from 0 and are far too small at "
    "first, not equally so; correct both before you divide one by the root of the other.",
    {V_HAT: "v_hat = v", S_HAT: "s_hat = s"},
)
adam_step.variant(
    "AD6a",
    "You correct the average gradient but not the average square, so the divisor is too small "
    "and the first steps are far too long.",
    {S_HAT: "s_hat = s"},
)
adam_step.variant(
    "AD6b",
    "You correct the average square but not the average gradient, so the first steps are far too "
    "short.",
    {V_HAT: "v_hat = v"},
)
adam_step.variant(
    "AD7a",
    "You add ε under the root. In the notes it is added to the root of the corrected square. With "
    "ordinary gradients the two agree; with tiny ones your steps are far too short.",
    {"np.sqrt(s_hat) + eps": "np.sqrt(s_hat + eps)"},
)


def adam_paper(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - rate * v / (np.sqrt(s) + eps), v, s


# Right in every other check: it equals the notes' form up to where ε stands, and only there loses.
adam_step.variant(
    "AD7b",
    "You fold both corrections into the learning rate, the faster order that the Adam paper "
    "offers and Keras uses. Then ε stands beside the root of the *uncorrected* square and weighs "
    "more than in the notes; with tiny gradients your steps come out short.",
    adam_paper,
)
adam_step.variant(
    "AD7c",
    "Your divisor lacks ε. A parameter whose gradient has always been 0 becomes 0/0, and with "
    "tiny gradients your steps come out slightly long.",
    {"(np.sqrt(s_hat) + eps)": "np.sqrt(s_hat)"},
)
adam_step.variant(
    "AD8",
    "Your average square is fed with the square of the *averaged* gradient. Square first, then "
    "average: an average that has cancelled out says nothing about the size of the gradients.",
    {"dw**2": "v**2"},
)
adam_step.variant(
    "AD9",
    "Above the root you have the newest gradient instead of the averaged one: that is RMSprop with "
    "a correction. Adam moves along the average.",
    {"lr * v_hat": "lr * dw"},
)
adam_step.variant(
    "AD10",
    "You divide by the average square as it is; its root is missing, so the step depends on the "
    "scale of the gradient.",
    {"(np.sqrt(s_hat) + eps)": "(s_hat + eps)"},
)
adam_step.variant(
    "AD11",
    "The two decay rates are exchanged: β₁ belongs to the average gradient, β₂ to the average "
    "square.",
    {
        "beta1 * v + (1 - beta1) * dw": "beta2 * v + (1 - beta2) * dw",
        "beta2 * s + (1 - beta2) * dw**2": "beta1 * s + (1 - beta1) * dw**2",
        V_HAT: V_HAT.replace("beta1", "beta2"),
        S_HAT: S_HAT.replace("beta2", "beta1"),
    },
)
adam_step.variant(
    "AD12",
    "The new averages come back in exchanged order. The caller expects the parameters, then the "
    "average gradient, then the average square.",
    {"return w, v, s": "return w, s, v"},
)
adam_step.variant(
    "AD13",
    "Your Adam step goes uphill: it should lead against the averaged gradient.",
    {"w - lr * v_hat": "w + lr * v_hat"},
)
adam_step.variant(
    "AD14",
    "You use the new averages for the step but return the old ones, so that every update starts "
    "without memory. Hand the new ones back to the caller.",
    {
        "v = beta1 * v + (1 - beta1) * dw": "v_new = beta1 * v + (1 - beta1) * dw",
        "s = beta2 * s + (1 - beta2) * dw**2": "s_new = beta2 * s + (1 - beta2) * dw**2",
        V_HAT: V_HAT.replace("(v", "(v_new"),
        S_HAT: S_HAT.replace("(s", "(s_new"),
    },
)
# The notes' own reading, with two updates in an epoch, as in `minibatches`.
adam_step.variant(
    "MO6",
    "Your corrections behave as if `t` counted epochs: two updates in a row share one value. `t` "
    "counts updates of the parameters and goes on with every minibatch.",
    {
        V_HAT: V_HAT.replace("t)", "(t + 1) // 2)"),
        S_HAT: S_HAT.replace("t)", "(t + 1) // 2)"),
    },
)


def adam_in_place(w, dw, v, s, t, lr, beta1, beta2, eps):
    v *= beta1
    v += (1 - beta1) * dw
    s *= beta2
    s += (1 - beta2) * dw**2
    w -= lr * (v / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + eps)
    return w, v, s


adam_step.variant(
    "AD15",
    "Your numbers are right, but you write them into the caller's arrays: for an array, an "
    "augmented assignment changes the array itself. Compute new arrays for all three results.",
    adam_in_place,
)


def adam_on_copies(w, dw, v, s, t, lr, beta1, beta2, eps):
    w, v, s = (np.array(x, dtype=float) for x in (w, v, s))
    v *= beta1
    v += (1 - beta1) * np.asarray(dw)
    s *= beta2
    s += (1 - beta2) * np.square(dw)
    w -= lr * (v / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + eps)
    return w, v, s


def adam_scaled_eps(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    root = np.sqrt(1 - beta2**t)
    return w - lr * root / (1 - beta1**t) * v / (np.sqrt(s) + eps * root), v, s


def adam_entries(w, dw, v, s, t, lr, beta1, beta2, eps):
    rows = []
    entries = (np.ravel(x).tolist() for x in (w, dw, v, s))
    for w_i, dw_i, v_i, s_i in zip(*entries, strict=True):
        v_i += (1 - beta1) * (dw_i - v_i)
        s_i += (1 - beta2) * (dw_i * dw_i - s_i)
        size = (s_i / (1 - beta2**t)) ** 0.5 + eps
        rows.append((w_i - lr / (1 - beta1**t) * v_i / size, v_i, s_i))
    new_w, new_v, new_s = (np.reshape(column, np.shape(w)) for column in zip(*rows, strict=True))
    return new_w, new_v, new_s


adam_step.equivalent("in place on copies", adam_on_copies)
adam_step.equivalent("folded, with ε scaled alike", adam_scaled_eps)
adam_step.equivalent("entry by entry", adam_entries)
adam_step.equivalent(
    "corrections written out",
    {V_HAT: "v_hat = v / (1 - beta1**t)", S_HAT: "s_hat = s / (1 - np.power(beta2, t))"},
)

# -------------------------------------------------------------------------------------- minimise

minimise = unit.exercise("minimise", points=4, uses=("momentum_step", "bias_correct", "adam_step"))

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


@minimise.check(points=1, cases=bowls, judge=exact(secret=False))
def path_form(program, w0, centre, steepness, lr, steps):
    """The path is a list of `steps + 1` points, `w0` first"""

    def step(w, dw):
        return w - lr * dw

    def grad_fn(w):
        return steepness * (w - centre)

    start = w0 + 0.0
    path = program.minimise(step, grad_fn, w0, steps)
    points = list(path) if np.ndim(path) or isinstance(path, (list, tuple)) else []
    return {
        "type of the path": "list" if isinstance(path, tuple) else type(path).__name__,
        "number of points": len(points),
        "w0 is the first point": bool(points) and bool(np.array_equal(points[0], start)),
        "the last point is another": bool(points) and not np.array_equal(points[-1], start),
    }


@minimise.check(points=0.5, cases=bowls, judge=close(float64))
def path_values(program, w0, centre, steepness, lr, steps):
    """Each point after the start is one step after the last"""

    def step(w, dw):
        return w - lr * dw

    def grad_fn(w):
        return steepness * (w - centre)

    path = program.minimise(step, grad_fn, w0, steps)
    return {"points after the start": list(path)[-steps:]}


@minimise.check(points=0.5, cases=bowls, judge=close(float64))
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


@minimise.check(points=0.5, cases=two_batches, judge=close(float64))
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


@minimise.check(
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


@minimise.check(
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


@minimise.check(
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


@minimise.check(
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


minimise.variant(
    "MI1",
    "You ask for the gradient at the start over and over. Ask where you are now: the slope "
    "changes on the way.",
    {"dw = grad_fn(w)": "dw = grad_fn(w0)"},
)
minimise.variant(
    "MI2",
    "Your path begins after the first step. The start belongs to it, so there is one point more "
    "than there are steps.",
    {"path = [w]": "path = []"},
)
minimise.variant(
    "MI3",
    "You note each point before the step instead of after it: the start stands there twice and "
    "the last point is missing.",
    {"    w = step(w, dw)\n        path.append(w)": "    path.append(w)\n        w = step(w, dw)"},
)
minimise.variant(
    "MI4",
    "You make one step too few. `steps` counts moves, and the path has one point more.",
    {"range(steps)": "range(steps - 1)"},
)
minimise.variant(
    "MI5",
    "You make one step too many: the start is a point of the path but not a step.",
    {"range(steps)": "range(steps + 1)"},
)
minimise.variant(
    "MI6",
    "You return only the last point. The whole path is wanted, so that it can be drawn.",
    {"return path": "return w"},
)
minimise.variant(
    "MI7",
    "Every step of yours starts from `w0` again: the result is noted but you never move there.",
    {"w = step(w, dw)": "w_new = step(w, dw)", "path.append(w)": "path.append(w_new)"},
)
minimise.variant(
    "MI8",
    "You call `grad_fn` twice for each step. Each call takes the next minibatch, so every other "
    "batch is lost to you. Call it once and keep what it gives.",
    {"dw = grad_fn(w)": "grad_fn(w)\n        dw = grad_fn(w)"},
)
minimise.variant(
    "MI9",
    "You treat what `step` returns as a change and add it. It is the new point already.",
    {"w = step(w, dw)": "w = w + step(w, dw)"},
)
minimise.variant(
    "MI10",
    "`step` gets its two arguments in exchanged order: first the point, then the gradient.",
    {"w = step(w, dw)": "w = step(dw, w)"},
)
minimise.variant(
    "MI11",
    "Your path is one array. A list of points is wanted, each with the shape of `w0`.",
    {"return path": "return np.array(path)"},
)
minimise.variant(
    "MI12",
    "The gradients of your steps come one point late: it is taken, then you move, then you use "
    "it. Ask for the gradient at the point that you are about to leave.",
    {
        "    path = [w]\n": "    path = [w]\n    latest = grad_fn(w)\n",
        "        dw = grad_fn(w)\n": "        dw, latest = latest, grad_fn(w)\n",
    },
)


def minimise_in_place(step, grad_fn, w0, steps):
    w = w0
    path = [w]
    for _ in range(steps):
        w += step(w, grad_fn(w)) - w
        path.append(w)
    return path


minimise.variant(
    "MI13",
    "All points of your path are one and the same array, the caller's `w0`, overwritten at each "
    "step. Let every step make a new array.",
    minimise_in_place,
)


def minimise_by_index(step, grad_fn, w0, steps):
    path = np.empty((steps + 1, *np.shape(w0)))
    path[0] = w0
    for index in range(steps):
        path[index + 1] = step(path[index], grad_fn(path[index]))
    return list(path)


def minimise_from_the_end(step, grad_fn, w0, steps):
    path = [np.copy(w0)]
    while len(path) <= steps:
        path += [np.copy(step(path[-1], grad_fn(path[-1])))]
    return path


def minimise_recursive(step, grad_fn, w0, steps):
    if steps == 0:
        return [w0]
    return [w0, *minimise(step, grad_fn, step(w0, grad_fn(w0)), steps - 1)]


minimise.equivalent("rows of an array", minimise_by_index)
minimise.equivalent("copies", minimise_from_the_end)
minimise.equivalent("recursive", minimise_recursive)
