"""Unit 12, `lstm_cell`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float64, probes

from .cases import (
    HALF,
    HX,
    LSTM,
    OPEN,
    READY_MADE,
    SHUT,
    SIZES,
    forced,
    no_gradient,
    state,
    weights,
)

exercise = Exercise("lstm_cell", points=5, forbids=READY_MADE)


def lstm_inputs(
    rng: np.random.Generator, examples: int, features: int, units: int, **gates: float
) -> dict[str, Any]:
    x = rng.normal(size=(examples, features))
    p = forced(weights(rng, LSTM, units, features), **gates)
    h, c = state(rng, examples, units), 2 * state(rng, examples, units)
    return {"x": x, "h": h, "c": c, "p": p}


def lstm_open(rng: np.random.Generator) -> Iterator[Case]:
    """Every part of the cell at work."""
    for label, sizes in SIZES:
        yield Case(lstm_inputs(rng, *sizes), label)


def lstm_candidates(rng: np.random.Generator) -> Iterator[Case]:
    """f = i = ½: whichever gate is which, half of the new memory is the candidate."""
    for label, sizes in SIZES:
        yield Case(lstm_inputs(rng, *sizes, f=HALF, i=HALF), f"f = i = ½, {label}")


def lstm_memories(rng: np.random.Generator) -> Iterator[Case]:
    """Steps in a row, `X (T, B, D)`."""
    for label, steps, gates in (
        ("f = 1 and i = 0: kept over 100 steps", 100, {"f": OPEN, "i": SHUT}),
        ("f = 0 and i = 1: only the candidate", 1, {"f": SHUT, "i": OPEN}),
        ("f = i = 1: five candidates are added up", 5, {"f": OPEN, "i": OPEN}),
        ("all gates at work", 1, {}),
        ("all gates at work, six steps", 6, {}),
    ):
        inputs = lstm_inputs(rng, 5, 3, 4, **gates)
        inputs["X"] = rng.normal(size=(steps, *inputs.pop("x").shape))
        yield Case(inputs, label)


def lstm_outputs(rng: np.random.Generator) -> Iterator[Case]:
    """Output gates of which the first is shut, the second open, the others at work."""
    for label, sizes in SIZES:
        inputs = lstm_inputs(rng, *sizes)
        inputs["p"]["b_o"][:2] = SHUT, OPEN
        yield Case(inputs, f"o = 0 in unit 0, o = 1 in unit 1, {label}")


def lstm_backward(rng: np.random.Generator) -> Iterator[Case]:
    for label, sizes in SIZES:
        inputs = lstm_inputs(rng, *sizes)
        shape = (sizes[0], 2 * sizes[2])
        yield Case(inputs | {"cotangent": rng.normal(size=shape)}, label)


@exercise.check(points=1, cases=lstm_open, judge=exact(secret=False))
def lstm_form(program, x, h, c, p):
    """`lstm_cell` returns a pair of tensors of the state's shape, each example for itself"""
    x, h, c, p = probes.to_tensors([x, h, c, p])
    result = program.lstm_cell(x, h, c, p)
    pair = isinstance(result, (tuple, list)) and len(result) == 2
    new = [probes.to_arrays(item) for item in result] if pair else []
    form = {"a pair": pair, "shapes": ", ".join(str(np.shape(item)) for item in new)}
    if not pair or any(np.shape(item) != h.shape for item in new):
        return form
    alone, x_moved, h_moved, c_moved = (
        [probes.to_arrays(item) for item in program.lstm_cell(*other, p)]
        for other in (
            (x[:1], h[:1], c[:1]),
            (x + 1, h, c),
            (x, h + 1, c),
            (x, h, c + 1),
        )
    )
    return form | {
        "both are tensors": all(bool(ops.is_tensor(item)) for item in result),
        "x makes a difference": not np.array_equal(new, x_moved),
        "h makes a difference": not np.array_equal(new, h_moved),
        "c makes a difference": not np.array_equal(new, c_moved),
        "the first example is the same alone": all(
            bool(np.allclose(item[:1], other, atol=1e-5))
            for item, other in zip(new, alone, strict=True)
        ),
    }


@exercise.check(points=1, cases=lstm_candidates, judge=close(float64))
def lstm_candidate(program, x, h, c, p):
    """The candidate is right (both gates of the memory stand at ½)"""
    _, memory = program.lstm_cell(*probes.to_tensors([x, h, c, p]))
    return {"new c": memory}


@exercise.check(points=1, cases=lstm_memories, judge=close(float64))
def lstm_memory(program, X, h, c, p):
    """Forget and input gate act on the memory, step after step"""
    X, h, c, p = probes.to_tensors([X, h, c, p])
    for x in X:  # beside the same `h`, so that a slip in the new one stays out of this
        _, c = program.lstm_cell(x, h, c, p)
    return {"c after the last step": c}


@exercise.check(points=1, cases=lstm_outputs, judge=close(float64))
def lstm_output(program, x, h, c, p):
    """`h` is the output gate times tanh of the `c` that you return with it"""
    h, c = probes.to_arrays(program.lstm_cell(*probes.to_tensors([x, h, c, p])))
    return {"new h / tanh(new c)": h / np.tanh(c)}


@exercise.check(points=1, cases=lstm_backward, judge=close(float64))
def lstm_gradients(program, x, h, c, p, cotangent):
    """With all gates at work, gradients come back to `x`, `h`, `c` and every weight"""
    names = sorted(p)

    def cell(x, h, c, *values):
        pair = program.lstm_cell(x, h, c, dict(zip(names, values, strict=True)))
        return ops.concatenate(pair, axis=1)

    values = [p[name] for name in names]
    found = probes.vjp(cell, x, h, c, *values, cotangent=cotangent)
    return {
        f"gradient of {name}": gradient
        for name, gradient in zip(["x", "h", "c", *names], found, strict=True)
    }


OUTPUT_GATE = 'o = ops.sigmoid(ops.matmul(hx, p["W_o"]) + p["b_o"])'
C_TILDE = 'ops.tanh(ops.matmul(hx, p["W_C"]) + p["b_C"])'
NEW_C = "f * c + i * c_tilde"
RETURN = "return o * ops.tanh(c), c"
exercise.variant(
    "LS1",
    "The bias of your candidate is added outside the tanh, as the notes' odd bracket suggests. It "
    "belongs inside: the candidate stays between -1 and 1.",
    {C_TILDE: 'ops.tanh(ops.matmul(hx, p["W_C"])) + p["b_C"]'},
)
exercise.variant(
    "LS2",
    "Forget and input gate are exchanged: f belongs to the old memory, i to the candidate.",
    {NEW_C: "i * c + f * c_tilde"},
)
exercise.variant(
    "LS3",
    "Your hidden state shows the memory as it is. The memory may grow beyond 1; on its way out it "
    "passes a tanh, and the state stays between -1 and 1.",
    {RETURN: "return o * c, c"},
)
exercise.variant(
    "LS4a",
    "Your hidden state shows the memory of the step before. Bring the memory up to date first.",
    {
        "c = f * c + i * c_tilde": "c_new = f * c + i * c_tilde",
        RETURN: "return o * ops.tanh(c), c_new",
    },
)
exercise.variant(
    "LS4b",
    "Your two results come back in exchanged order: first the hidden state, then the memory.",
    {RETURN: "return c, o * ops.tanh(c)"},
)
exercise.variant(
    "LS5a",
    "Your candidate comes from a sigmoid, so the memory can only be raised. Gates are sigmoids; "
    "what is stored is a tanh.",
    {C_TILDE: C_TILDE.replace("tanh", "sigmoid")},
)
exercise.variant(
    "LS5b",
    "Your output gate looks at the memory. In the notes all three gates look at the same thing: "
    "the last hidden state and the input.",
    {OUTPUT_GATE: OUTPUT_GATE.replace("hx", "ops.concatenate([c, x], axis=1)")},
)
exercise.variant(
    "LS6",
    "Your input gate is what the forget gate leaves over, as in a GRU. Here it has weights of its "
    "own: a cell may keep and write at the same time.",
    {NEW_C: "f * c + (1 - f) * c_tilde"},
)
exercise.variant(
    "LS7",
    "Your numbers are right, but you compute with NumPy, and through NumPy no gradient comes "
    "back: such a cell can't be trained. Use keras.ops and the operators.",
    {RETURN: "return ops.convert_to_numpy(o * ops.tanh(c)), ops.convert_to_numpy(c)"},
)
exercise.variant(
    "LS8",
    "State and input are joined in the wrong order. The first rows of every W belong to h, the "
    "others to x: the order is [h, x].",
    {HX: "ops.concatenate([x, h], axis=1)"},
)
exercise.variant(
    "LS9",
    "The candidate enters the memory at full weight: your input gate plays no part.",
    {NEW_C: "f * c + c_tilde"},
)
exercise.variant(
    "LS10",
    "The old memory stays at full weight: your forget gate plays no part, so nothing is ever "
    "forgotten.",
    {NEW_C: "c + i * c_tilde"},
)


@exercise.equivalent("one fused matrix")
def lstm_fused(x, h, c, p):
    W = ops.concatenate([p["W_" + name] for name in "ifCo"], axis=-1)
    b = ops.concatenate([p["b_" + name] for name in "ifCo"], axis=-1)
    i, f, new, o = ops.split(ops.matmul(ops.concatenate([h, x], axis=-1), W) + b, 4, axis=-1)
    c = ops.tanh(new) * ops.sigmoid(i) + c * ops.sigmoid(f)
    return [ops.tanh(c) * ops.sigmoid(o), c]


@exercise.equivalent("separate W_x and W_h")
def lstm_two_matrices(x, h, c, p):
    U = h.shape[-1]

    def layer(name):
        return h @ p["W_" + name][:U] + (p["b_" + name] + x @ p["W_" + name][U:])

    c = ops.sigmoid(layer("f")) * c + ops.sigmoid(layer("i")) * ops.tanh(layer("C"))
    return ops.sigmoid(layer("o")) * ops.tanh(c), c


@exercise.equivalent("own sigmoid")
def lstm_own_sigmoid(x, h, c, p):
    hx = ops.hstack([h, x])
    f, i, o = (1 / (1 + ops.exp(-(hx @ p["W_" + name]) - p["b_" + name])) for name in "fio")
    c = f * c + i * ops.tanh(ops.einsum("bk,ku->bu", hx, p["W_C"]) + p["b_C"])
    return o * ops.tanh(c), c


@exercise.equivalent("in float32")
def lstm_float32(x, h, c, p):
    x, h, c = (ops.cast(item, "float32") for item in (x, h, c))
    p = {name: ops.cast(value, "float32") for name, value in p.items()}
    hx = ops.concatenate([h, x], axis=1)
    gate = {name: ops.sigmoid(hx @ p[f"W_{name}"] + p[f"b_{name}"]) for name in "fio"}
    c = gate["f"] * c + gate["i"] * ops.tanh(hx @ p["W_C"] + p["b_C"])
    return gate["o"] * ops.tanh(c), c


exercise.symptom(
    "no_gradient",
    "Somewhere on the way the gradient is lost: NumPy, `.numpy()`, `float()` and "
    "`stop_gradient` hand on numbers without it.",
)(no_gradient)
