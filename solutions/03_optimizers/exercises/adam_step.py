"""Unit 03, `adam_step`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, float64, unchanged

from .cases import NO_EPS, SHAPES, gradient, normal

exercise = Exercise("adam_step", points=5, uses=("bias_correct",))
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


@exercise.check(
    points=0.75,
    cases=adam_first,
    judge=equal_sides("w after the first update of Adam, and w - lr·sign(dW)", rtol=1e-5),
)
def adam_first_move(program, w, dw, lr, beta1, beta2, eps):
    """The first update moves every parameter by `-lr * sign(dw)`, whatever its gradient's size"""
    new = program.adam_step(w + 0.0, dw, 0 * w, 0 * w, 1, lr, beta1, beta2, eps)
    return {"left": {"w": new[0]}, "right": {"w": w - lr * np.sign(dw)}}


@exercise.check(points=0.75, cases=adam_later, judge=close(float64))
def adam_later_move(program, w, dw, v, s, t, lr, beta1, beta2, eps):
    """One later update, from right averages, moves `w` to the right place"""
    return {"w": program.adam_step(w, dw, v, s, t, lr, beta1, beta2, eps)[0]}


@exercise.observe(
    cases=adam_six_arrays,
    judge=close(float64),
    parts={
        "average": (
            0.5,
            "The returned `v` is right, and uncorrected, through six updates with changing "
            "gradients",
        ),
        "average_square": (
            0.5,
            "The returned `s` is right, and uncorrected, through six updates with changing "
            "gradients",
        ),
    },
)
def adam(program, w, dws, lr, beta1, beta2, eps):
    v, s = 0 * w, 0 * w
    seen = {"average": {}, "average_square": {}}
    for t, dw in enumerate(dws, 1):
        w, v, s = program.adam_step(w + 0.0, dw, v + 0.0, s + 0.0, t, lr, beta1, beta2, eps)
        seen["average"][f"v after update {t}"] = v
        seen["average_square"][f"s after update {t}"] = s
    return seen


@exercise.check(points=0.5, cases=adam_six, judge=close(float64))
def adam_six_updates(program, w, dws, lr, beta1, beta2, eps):
    """`w` is right through six updates, each one going on from what the last one returned"""
    v, s = 0 * w, 0 * w
    seen = {}
    for t, dw in enumerate(dws, 1):
        w, v, s = program.adam_step(w + 0.0, dw, v + 0.0, s + 0.0, t, lr, beta1, beta2, eps)
        seen[f"w after update {t}"] = w
    return seen


@exercise.check(points=0.5, cases=adam_batches, judge=close(float64))
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


@exercise.check(points=1, cases=adam_small, judge=close(float64))
def adam_small_gradients(program, w, dws, lr, beta1, beta2, eps):
    """With gradients near 1e-5, where `eps` matters, the steps are those of the notes' formula"""
    v, s = 0 * w, 0 * w
    seen = {}
    for t, dw in enumerate(dws, 1):
        w, v, s = program.adam_step(w + 0.0, dw, v + 0.0, s + 0.0, t, lr, beta1, beta2, eps)
        seen[f"w after update {t}"] = w
    return seen


@exercise.check(
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
exercise.variant(
    "AD1a",
    "Your corrections count updates from 0, so that the first one divides by 0. The `t` that you "
    "get is 1 at the first update already: use it as it is.",
    {V_HAT: V_HAT.replace("t)", "t - 1)"), S_HAT: S_HAT.replace("t)", "t - 1)")},
)
exercise.variant(
    "AD1b",
    "Your corrections lag one update behind: the first two updates are corrected alike. The `t` "
    "that you get is 1 at the first update already and needs no protection against 0.",
    {
        V_HAT: V_HAT.replace("t)", "max(t - 1, 1))"),
        S_HAT: S_HAT.replace("t)", "max(t - 1, 1))"),
    },
)
exercise.variant(
    "AD1c",
    "Your corrections run one update ahead, as if `t` began at 0. It is 1 at the first update.",
    {V_HAT: V_HAT.replace("t)", "t + 1)"), S_HAT: S_HAT.replace("t)", "t + 1)")},
)
exercise.variant(
    "AD2",
    "Your corrections multiply the decay rate by t instead of raising it to the power t. From "
    "the second update on the corrected square is negative, and its root is no number.",
    {
        V_HAT: "v_hat = v / (1 - beta1 * t)",
        S_HAT: "s_hat = s / (1 - beta2 * t)",
    },
)
exercise.variant(
    "AD3",
    "You return the corrected averages as the new state, so that the next update corrects what "
    "has been corrected before. Corrected values serve one update only; the state stays raw.",
    {"return w, v, s": "return w, v_hat, s_hat"},
)
exercise.variant(
    "AD4",
    "Each average is corrected with the decay rate of the other one. The correction makes up for "
    "the average's own start, so it needs the average's own rate.",
    {V_HAT: V_HAT.replace("beta1", "beta2"), S_HAT: S_HAT.replace("beta2", "beta1")},
)
exercise.variant(
    "AD5",
    "Your Adam uses both averages as they are. They started from 0 and are far too small at "
    "first, not equally so; correct both before you divide one by the root of the other.",
    {V_HAT: "v_hat = v", S_HAT: "s_hat = s"},
)
exercise.variant(
    "AD6a",
    "You correct the average gradient but not the average square, so the divisor is too small "
    "and the first steps are far too long.",
    {S_HAT: "s_hat = s"},
)
exercise.variant(
    "AD6b",
    "You correct the average square but not the average gradient, so the first steps are far too "
    "short.",
    {V_HAT: "v_hat = v"},
)
exercise.variant(
    "AD7a",
    "You add ε under the root. In the notes it is added to the root of the corrected square. With "
    "ordinary gradients the two agree; with tiny ones your steps are far too short.",
    {"np.sqrt(s_hat) + eps": "np.sqrt(s_hat + eps)"},
)


# Right in every other check: it equals the notes' form up to where ε stands, and only there loses.
@exercise.variant("AD7b")
def adam_paper(w, dw, v, s, t, lr, beta1, beta2, eps):
    """You fold both corrections into the learning rate, the faster order that the Adam paper offers
    and Keras uses. Then ε stands beside the root of the *uncorrected* square and weighs more than
    in the notes; with tiny gradients your steps come out short.
    """
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - rate * v / (np.sqrt(s) + eps), v, s


exercise.variant(
    "AD7c",
    "Your divisor lacks ε. A parameter whose gradient has always been 0 becomes 0/0, and with "
    "tiny gradients your steps come out slightly long.",
    {"(np.sqrt(s_hat) + eps)": "np.sqrt(s_hat)"},
)
exercise.variant(
    "AD8",
    "Your average square is fed with the square of the *averaged* gradient. Square first, then "
    "average: an average that has cancelled out says nothing about the size of the gradients.",
    {"dw**2": "v**2"},
)
exercise.variant(
    "AD9",
    "Above the root you have the newest gradient instead of the averaged one: that is RMSprop with "
    "a correction. Adam moves along the average.",
    {"lr * v_hat": "lr * dw"},
)
exercise.variant(
    "AD10",
    "You divide by the average square as it is; its root is missing, so the step depends on the "
    "scale of the gradient.",
    {"(np.sqrt(s_hat) + eps)": "(s_hat + eps)"},
)
exercise.variant(
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
exercise.variant(
    "AD12",
    "The new averages come back in exchanged order. The caller expects the parameters, then the "
    "average gradient, then the average square.",
    {"return w, v, s": "return w, s, v"},
)
exercise.variant(
    "AD13",
    "Your Adam step goes uphill: it should lead against the averaged gradient.",
    {"w - lr * v_hat": "w + lr * v_hat"},
)
exercise.variant(
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
exercise.variant(
    "MO6",
    "Your corrections behave as if `t` counted epochs: two updates in a row share one value. `t` "
    "counts updates of the parameters and goes on with every minibatch.",
    {
        V_HAT: V_HAT.replace("t)", "(t + 1) // 2)"),
        S_HAT: S_HAT.replace("t)", "(t + 1) // 2)"),
    },
)


@exercise.variant("AD15")
def adam_in_place(w, dw, v, s, t, lr, beta1, beta2, eps):
    """Your numbers are right, but you write them into the caller's arrays: for an array, an
    augmented assignment changes the array itself. Compute new arrays for all three results.
    """
    v *= beta1
    v += (1 - beta1) * dw
    s *= beta2
    s += (1 - beta2) * dw**2
    w -= lr * (v / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + eps)
    return w, v, s


@exercise.equivalent("in place on copies")
def adam_on_copies(w, dw, v, s, t, lr, beta1, beta2, eps):
    w, v, s = (np.array(x, dtype=float) for x in (w, v, s))
    v *= beta1
    v += (1 - beta1) * np.asarray(dw)
    s *= beta2
    s += (1 - beta2) * np.square(dw)
    w -= lr * (v / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + eps)
    return w, v, s


@exercise.equivalent("folded, with ε scaled alike")
def adam_scaled_eps(w, dw, v, s, t, lr, beta1, beta2, eps):
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    root = np.sqrt(1 - beta2**t)
    return w - lr * root / (1 - beta1**t) * v / (np.sqrt(s) + eps * root), v, s


@exercise.equivalent("entry by entry")
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


exercise.equivalent(
    "corrections written out",
    {V_HAT: "v_hat = v / (1 - beta1**t)", S_HAT: "s_hat = s / (1 - np.power(beta2, t))"},
)
