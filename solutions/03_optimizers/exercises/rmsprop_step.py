"""Unit 03, `rmsprop_step`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, float64, unchanged

from .cases import NO_EPS, SHAPES, gradient, normal

exercise = Exercise("rmsprop_step", points=4)


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


@exercise.check(points=0.5, cases=rmsprop_first, judge=close(float64))
def rmsprop_one_update(program, w, dw, s, lr, beta2, eps):
    """The first update returns a pair `(w, s)`, with the right `w`"""
    result = program.rmsprop_step(w, dw, s, lr, beta2, eps)
    if isinstance(result, (tuple, list)) and len(result) == 2:
        result = [result[0], f"s of shape {np.shape(result[1])}"]
    return {"(w, s)": result}


@exercise.check(points=1, cases=rmsprop_six, judge=close(float64))
def rmsprop_average(program, w, dws, lr, beta2, eps):
    """`s` is right through six updates with changing gradients"""
    s = 0 * w
    seen = {}
    for number, dw in enumerate(dws, 1):
        w, s = program.rmsprop_step(w + 0.0, dw, s + 0.0, lr, beta2, eps)
        seen[f"s after update {number}"] = s
    return seen


@exercise.check(
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
    return {"move of w / (-lr * dw / root)": np.asarray(moves, np.asarray(w_new).dtype)}


@exercise.check(
    points=0.5,
    cases=rmsprop_beta0,
    judge=equal_sides("w after one update with β₂ = 0, and w - lr·sign(dW)"),
)
def rmsprop_no_memory(program, w, dw, s, lr, eps):
    """With `beta2 = 0`, every parameter moves by `-lr * sign(dw)`, whatever its gradient's size"""
    w_new, _ = program.rmsprop_step(w + 0.0, dw, s + 0.0, lr, 0.0, eps)
    return {"left": {"w": w_new}, "right": {"w": w - lr * np.sign(dw)}}


@exercise.check(points=0.5, cases=rmsprop_small, judge=close(float64))
def rmsprop_small_gradients(program, w, dws, lr, beta2, eps):
    """With gradients near 1e-5, where `eps` matters, the steps are those of the notes' formula"""
    s = 0 * w
    seen = {}
    for number, dw in enumerate(dws, 1):
        w, s = program.rmsprop_step(w + 0.0, dw, s + 0.0, lr, beta2, eps)
        seen[f"w after update {number}"] = w
    return seen


@exercise.check(
    points=0.5,
    cases=rmsprop_moving,
    judge=unchanged(),
)
def rmsprop_arguments_unchanged(program, w, dw, s, lr, beta2, eps):
    """An update leaves the caller's `w`, `dw` and `s` as they were"""
    program.rmsprop_step(w, dw, s, lr, beta2, eps)
    return {"w": w, "dw": dw, "s": s}


exercise.variant(
    "RM1",
    "You average the gradient itself. `s` is an average of *squared* gradients: it measures size, "
    "so it can't be negative, and its root always exists.",
    {"dw**2": "dw"},
)
exercise.variant(
    "RM2",
    "You divide by the average of the squares as it is. Take its root first: only then has the "
    "divisor the unit of a gradient, and the step does not depend on the gradient's scale.",
    {"(np.sqrt(s) + eps)": "(s + eps)"},
)
exercise.variant(
    "RM3",
    "You add ε under the root, as Keras does. In the notes it is added to the root. With ordinary "
    "gradients nobody sees the difference; with tiny ones your steps are far too short.",
    {"np.sqrt(s) + eps": "np.sqrt(s + eps)"},
)
exercise.variant(
    "RM4",
    "All your parameters share one average square. Each entry of W has its own gradient size, and "
    "its own entry of `s`: nothing is averaged over the array.",
    {"dw**2": "np.mean(dw**2)"},
)
exercise.variant(
    "RM5",
    "You divide by the new average square, but return the old one, so that the next update knows "
    "nothing of this gradient. Hand the new one back to the caller.",
    {"s = beta2 * s": "s_new = beta2 * s", "np.sqrt(s)": "np.sqrt(s_new)"},
)
exercise.variant(
    "RM6",
    "You divide by the average square as it was before this gradient came in; at the first update "
    "that is 0, and the step explodes. Bring `s` up to date first.",
    {
        "    s = beta2 * s + (1 - beta2) * dw**2\n    w = w - lr * dw / (np.sqrt(s) + eps)\n": (
            "    w = w - lr * dw / (np.sqrt(s) + eps)\n    s = beta2 * s + (1 - beta2) * dw**2\n"
        )
    },
)
exercise.variant(
    "RM7",
    "The two weights of your average square are exchanged: most of the old average stays, and the "
    "new square gets the small share.",
    {"beta2 * s + (1 - beta2) * dw**2": "(1 - beta2) * s + beta2 * dw**2"},
)
exercise.variant(
    "RM8",
    "Your average square gives the new square its full weight, so that `s` grows to 1/(1 - β₂) "
    "times the size of a square. The weights of old and new add up to one.",
    {"(1 - beta2) * dw**2": "dw**2"},
)
exercise.variant(
    "RM9",
    "Your divisor lacks ε. Where the gradient of a parameter has always been 0 you divide 0 by 0, "
    "and with tiny gradients your steps come out slightly long.",
    {"(np.sqrt(s) + eps)": "np.sqrt(s)"},
)
exercise.variant(
    "RM10",
    "You correct the average square for its start. In Adam that is right; RMSprop uses it "
    "uncorrected, which is why this function is not told t.",
    {"np.sqrt(s)": "np.sqrt(s / (1 - beta2))"},
)
exercise.variant(
    "RM11",
    "Your average square forgets: the `s` handed in plays no part, only the newest gradient does. "
    "It is the memory of the updates before.",
    {"beta2 * s + (1 - beta2) * dw**2": "(1 - beta2) * dw**2"},
)
exercise.variant(
    "RM12",
    "Your step lacks the gradient: a quotient with 1 on top tells how far to go but not which "
    "way, and grows where the gradient is small.",
    {"lr * dw / (": "lr / ("},
)
exercise.variant(
    "RM13",
    "Your RMSprop step goes uphill: it should lead against the gradient.",
    {"w - lr * dw": "w + lr * dw"},
)


@exercise.variant("RM14")
def rmsprop_in_place(w, dw, s, lr, beta2, eps):
    """Your numbers are right, but you write them into the caller's `w` and `s`: for an array, an
    augmented assignment changes the array itself. Compute new arrays and return those.
    """
    s *= beta2
    s += (1 - beta2) * dw**2
    w -= lr * dw / (np.sqrt(s) + eps)
    return w, s


@exercise.equivalent("in place on copies")
def rmsprop_on_copies(w, dw, s, lr, beta2, eps):
    w, s = np.array(w, dtype=float), np.array(s, dtype=float)
    s *= beta2
    s += (1 - beta2) * np.square(dw)
    w -= lr * np.asarray(dw) / (np.sqrt(s) + eps)
    return w, s


@exercise.equivalent("entry by entry")
def rmsprop_entries(w, dw, s, lr, beta2, eps):
    flat_w, flat_s = [], []
    entries = (np.ravel(x).tolist() for x in (w, dw, s))
    for w_i, dw_i, s_i in zip(*entries, strict=True):
        flat_s.append(beta2 * s_i + (1 - beta2) * dw_i * dw_i)
        flat_w.append(w_i - lr / (flat_s[-1] ** 0.5 + eps) * dw_i)
    return np.reshape(flat_w, np.shape(w)), np.reshape(flat_s, np.shape(w))


exercise.equivalent(
    "moved towards the square",
    {"beta2 * s + (1 - beta2) * dw**2": "s + (1 - beta2) * (dw * dw - s)"},
)
exercise.equivalent(
    "a rate of its own for each entry",
    {"w - lr * dw / (np.sqrt(s) + eps)": "w - (lr / (s**0.5 + eps)) * dw"},
)
