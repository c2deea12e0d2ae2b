"""Unit 12, recurrent cells: GRU, LSTM, the loops that drive them, the same weights in Keras.

Inputs.  Numbers of examples, steps, features and units all differ within a case, so that no
transposition passes; every term is active unless a gate is forced on purpose.  A gate is forced by
weights of 0 and a bias of -50 (shut), 50 (open) or 0 (half open), which makes the parts of a cell
visible one at a time: a slip in one leaves the others their points.

All is float64, gradients with a random cotangent too.  Tensors are immutable, so there is no
check that arguments stay as they were.  What runs a sequence is checked for causality and for
independence of the examples from a start at zero, so that whoever ignores the start state loses
the values and gradients from another start alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import load_digits

from autograder import Case, Unit, accuracy, close, equal_sides, exact, float64, probes

if TYPE_CHECKING:
    import keras
    from keras import ops

unit = Unit("12_gru_lstm", framework="keras")

Weights = dict[str, np.ndarray[Any, Any]]
SHUT, HALF, OPEN = -50.0, 0.0, 50.0
GRU, LSTM = "rzh", "fiCo"
READY_MADE = tuple(
    f"keras.layers.{name}"
    for name in ("GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "SimpleRNN", "SimpleRNNCell")
)


def weights(rng: np.random.Generator, names: str, units: int, features: int) -> Weights:
    """Weights of a cell whose gates and candidates are all at work, none saturated."""
    p = {f"W_{name}": 0.6 * rng.normal(size=(units + features, units)) for name in names}
    return p | {f"b_{name}": 0.6 * rng.normal(size=units) for name in names}


def forced(p: Weights, **gates: float) -> Weights:
    """The same weights, but some gates stand still: `z=SHUT`."""
    p = dict(p)
    for name, bias in gates.items():
        p[f"W_{name}"] = np.zeros_like(p[f"W_{name}"])
        p[f"b_{name}"] = np.full_like(p[f"b_{name}"], bias)
    return p


def state(rng: np.random.Generator, *shape: int) -> np.ndarray[Any, Any]:
    """A hidden state, well inside (-1, 1) and away from 0."""
    return rng.uniform(0.2, 0.9, shape) * rng.choice([-1.0, 1.0], shape)


def gru_inputs(
    rng: np.random.Generator, examples: int, features: int, units: int, **gates: float
) -> dict[str, Any]:
    x = rng.normal(size=(examples, features))
    p = forced(weights(rng, GRU, units, features), **gates)
    return {"x": x, "h": state(rng, examples, units), "p": p}


def lstm_inputs(
    rng: np.random.Generator, examples: int, features: int, units: int, **gates: float
) -> dict[str, Any]:
    x = rng.normal(size=(examples, features))
    p = forced(weights(rng, LSTM, units, features), **gates)
    h, c = state(rng, examples, units), 2 * state(rng, examples, units)
    return {"x": x, "h": h, "c": c, "p": p}


SIZES = (
    ("five examples", (5, 3, 4)),
    ("one example", (1, 2, 3)),
    ("more features than units", (4, 6, 3)),
)

# -------------------------------------------------------------------------------------- gru_cell

gru_cell = unit.exercise("gru_cell", points=5, forbids=READY_MADE)


def gru_open(rng: np.random.Generator) -> Iterator[Case]:
    """Every part of the cell at work."""
    for label, sizes in SIZES:
        yield Case(gru_inputs(rng, *sizes), label)


def gru_candidates(rng: np.random.Generator) -> Iterator[Case]:
    """Nothing is reset and z = ½: whichever way round z is read, half of it is the candidate."""
    for label, sizes in SIZES:
        yield Case(gru_inputs(rng, *sizes, r=OPEN, z=HALF), f"r = 1, z = ½, {label}")


def gru_resets(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(gru_inputs(rng, 5, 3, 4, r=SHUT, z=HALF), "r = 0: the candidate sees only x")
    for label, sizes in SIZES:
        yield Case(gru_inputs(rng, *sizes, z=HALF), f"r at work, z = ½, {label}")


def gru_updates(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(gru_inputs(rng, 5, 3, 4, r=OPEN, z=SHUT), "z = 0: the old state is kept")
    yield Case(gru_inputs(rng, 5, 3, 4, r=OPEN, z=OPEN), "z = 1: the candidate takes its place")
    for label, sizes in SIZES:
        yield Case(gru_inputs(rng, *sizes, r=OPEN), f"z at work, r = 1, {label}")


def gru_backward(rng: np.random.Generator) -> Iterator[Case]:
    for label, sizes in SIZES:
        inputs = gru_inputs(rng, *sizes)
        yield Case(inputs | {"cotangent": rng.normal(size=inputs["h"].shape)}, label)


@gru_cell.check(points=1, cases=gru_open, judge=exact(secret=False))
def gru_form(program, x, h, p):
    """`gru_cell` returns a tensor of the state's shape; no example meddles with another"""
    x, h, p = probes.to_tensors([x, h, p])
    result = program.gru_cell(x, h, p)
    new = probes.to_arrays(result)
    form = {"shape": str(np.shape(new))}
    if np.shape(new) != h.shape:
        return form
    alone, x_moved, h_moved = (
        probes.to_arrays(program.gru_cell(*other, p))
        for other in ((x[:1], h[:1]), (x + 1, h), (x, h + 1))
    )
    return form | {
        "it is a tensor": bool(ops.is_tensor(result)),
        "x makes a difference": not np.array_equal(new, x_moved),
        "h makes a difference": not np.array_equal(new, h_moved),
        "the first example is the same alone": bool(np.allclose(new[:1], alone, atol=1e-5)),
    }


@gru_cell.check(points=1, cases=gru_candidates, judge=close(float64))
def gru_candidate(program, x, h, p):
    """The candidate is right (nothing is reset, z is ½)"""
    return {"new h": program.gru_cell(*probes.to_tensors([x, h, p]))}


@gru_cell.check(points=1, cases=gru_resets, judge=close(float64))
def gru_reset(program, x, h, p):
    """The reset gate acts on the old state that the candidate sees (z is ½)"""
    return {"new h": program.gru_cell(*probes.to_tensors([x, h, p]))}


@gru_cell.check(points=1, cases=gru_updates, judge=close(float64))
def gru_update(program, x, h, p):
    """The update gate weighs candidate against old state (nothing is reset)"""
    return {"new h": program.gru_cell(*probes.to_tensors([x, h, p]))}


@gru_cell.check(points=1, cases=gru_backward, judge=close(float64))
def gru_gradients(program, x, h, p, cotangent):
    """With all gates at work, gradients come back to `x`, `h` and every weight"""
    names = sorted(p)

    def cell(x, h, *values):
        return program.gru_cell(x, h, dict(zip(names, values, strict=True)))

    values = [p[name] for name in names]
    found = probes.vjp(cell, x, h, *values, cotangent=cotangent)
    return {
        f"gradient of {name}": gradient
        for name, gradient in zip(["x", "h", *names], found, strict=True)
    }


HX = "ops.concatenate([h, x], axis=1)"
SEEN = "ops.concatenate([r * h, x], axis=1)"
H_TILDE = 'ops.tanh(ops.matmul(seen, p["W_h"]) + p["b_h"])'
NEW_H = "z * h_tilde + (1 - z) * h"

gru_cell.variant(
    "GR1",
    "Your update gate is turned over: at z = 0 the old state should stay, at z = 1 the candidate "
    "should take its place. (The notes' words and Keras have it your way round; the notes' "
    "formula, which is asked for, has not.)",
    {NEW_H: "(1 - z) * h_tilde + z * h"},
)
gru_cell.variant(
    "GR2",
    "The candidate sees the whole old state: your reset gate plays no part. It decides how much of "
    "h the candidate may look at.",
    {SEEN: HX},
)
gru_cell.variant(
    "GR3",
    "You reset after the matrix product, as Keras does by default. In the notes the gate "
    "multiplies the old state itself, before W_h mixes its units.",
    {H_TILDE: 'ops.tanh(r * (h @ p["W_h"][: h.shape[1]]) + x @ p["W_h"][h.shape[1] :] + p["b_h"])'},
)
gru_cell.variant(
    "GR4",
    "State and input are joined in the wrong order. The first rows of every W belong to h, the "
    "others to x: the order is [h, x].",
    {HX: "ops.concatenate([x, h], axis=1)", SEEN: "ops.concatenate([x, r * h], axis=1)"},
)
gru_cell.variant(
    "GR5",
    "Your candidate comes from a sigmoid, so it can't be negative. Gates are sigmoids; what is "
    "stored is a tanh.",
    {H_TILDE: H_TILDE.replace("tanh", "sigmoid")},
)
gru_cell.variant(
    "GR6",
    "The two gates are exchanged: r belongs to the old state inside the candidate, z to the "
    "weighted mean at the end.",
    {SEEN: SEEN.replace("r *", "z *"), NEW_H: "r * h_tilde + (1 - r) * h"},
)
gru_cell.variant(
    "GR7a",
    "The candidate comes in at full weight. New and old share one weight: where (1 - z) of the old "
    "state stays, z of the candidate comes in. So the state never leaves [-1, 1].",
    {NEW_H: "h_tilde + (1 - z) * h"},
)
gru_cell.variant(
    "GR7b",
    "The old state stays at full weight. New and old share one weight: where z of the candidate "
    "comes in, (1 - z) of the old state stays. So the state never leaves [-1, 1].",
    {NEW_H: "z * h_tilde + h"},
)
gru_cell.variant(
    "GR8",
    "Your numbers are right, but you compute with NumPy, and through NumPy no gradient comes "
    "back: such a cell can't be trained. Use keras.ops and the operators.",
    {
        "    return z * h_tilde + (1 - z) * h\n": (
            "    new = z * h_tilde + (1 - z) * h\n    return ops.convert_to_numpy(new)\n"
        )
    },
)
gru_cell.variant(
    "GR9",
    "Your candidate is a sum of two tanh, one for the state and one for the input. Add first, then "
    "bend: there is one tanh around everything.",
    {
        H_TILDE: 'ops.tanh((r * h) @ p["W_h"][: h.shape[1]] + p["b_h"])'
        ' + ops.tanh(x @ p["W_h"][h.shape[1] :])'
    },
)
gru_cell.variant(
    "GR10",
    "The bias of the candidate stands outside the tanh. It belongs to what is bent.",
    {H_TILDE: 'ops.tanh(ops.matmul(seen, p["W_h"])) + p["b_h"]'},
)


def gru_fused(x, h, p):
    U = h.shape[1]
    W, b = ops.concatenate([p["W_r"], p["W_z"]], 1), ops.concatenate([p["b_r"], p["b_z"]], 0)
    gates = ops.sigmoid(ops.matmul(ops.concatenate([h, x], -1), W) + b)
    r, z = gates[:, :U], gates[:, U:]
    return h + z * (ops.tanh(ops.concatenate([h * r, x], -1) @ p["W_h"] + p["b_h"]) - h)


def gru_two_matrices(x, h, p):
    U = h.shape[-1]

    def layer(name, state):
        return state @ p["W_" + name][:U] + x @ p["W_" + name][U:] + p["b_" + name]

    r, z = ops.sigmoid(layer("r", h)), ops.sigmoid(layer("z", h))
    return (1 - z) * h + z * ops.tanh(layer("h", r * h))


def gru_own_sigmoid(x, h, p):
    def sigmoid(a):
        e = ops.exp(-ops.absolute(a))
        return ops.where(a >= 0, 1 / (1 + e), e / (1 + e))

    hx = ops.hstack([h, x])
    r, z = (sigmoid(ops.dot(hx, p["W_" + gate]) + p["b_" + gate]) for gate in "rz")
    e = ops.exp(2 * (ops.dot(ops.hstack([r * h, x]), p["W_h"]) + p["b_h"]))
    return z * (1 - 2 / (e + 1)) + h - z * h


def gru_float32(x, h, p):
    x, h = ops.cast(x, "float32"), ops.cast(h, "float32")
    p = {name: ops.cast(value, "float32") for name, value in p.items()}
    hx = ops.concatenate([h, x], axis=1)
    r = 0.5 * (1 + ops.tanh(0.5 * (hx @ p["W_r"] + p["b_r"])))
    z = 0.5 * (1 + ops.tanh(0.5 * (hx @ p["W_z"] + p["b_z"])))
    return z * ops.tanh(ops.concatenate([r * h, x], 1) @ p["W_h"] + p["b_h"]) + (1 - z) * h


gru_cell.equivalent("one fused matrix", gru_fused)
gru_cell.equivalent("separate W_x and W_h", gru_two_matrices)
gru_cell.equivalent("own stable sigmoid and tanh", gru_own_sigmoid)
gru_cell.equivalent("in float32, sigmoid by tanh", gru_float32)


@gru_cell.symptom(
    "leaves_range",
    "Your new state leaves [-1, 1]. A weighted mean of the candidate and the old state can't: do "
    "the two weights add up to 1?",
)
def leaves_range(got: Any) -> bool:
    return bool(np.abs(got["new h"]).max() > 1 + 1e-6)


@gru_cell.symptom(
    "no_gradient",
    "Somewhere on the way the gradient is lost: NumPy, `.numpy()`, `float()` and "
    "`stop_gradient` hand on numbers without it.",
)
def no_gradient(got: Any) -> bool:
    return any(value is None for name, value in got.items() if name.startswith("gradient of"))


# ------------------------------------------------------------------------------------- lstm_cell

lstm_cell = unit.exercise("lstm_cell", points=5, forbids=READY_MADE)


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


@lstm_cell.check(points=1, cases=lstm_open, judge=exact(secret=False))
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


@lstm_cell.check(points=1, cases=lstm_candidates, judge=close(float64))
def lstm_candidate(program, x, h, c, p):
    """The candidate is right (both gates of the memory stand at ½)"""
    _, memory = program.lstm_cell(*probes.to_tensors([x, h, c, p]))
    return {"new c": memory}


@lstm_cell.check(points=1, cases=lstm_memories, judge=close(float64))
def lstm_memory(program, X, h, c, p):
    """Forget and input gate act on the memory, step after step"""
    X, h, c, p = probes.to_tensors([X, h, c, p])
    for x in X:  # beside the same `h`, so that a slip in the new one stays out of this
        _, c = program.lstm_cell(x, h, c, p)
    return {"c after the last step": c}


@lstm_cell.check(points=1, cases=lstm_outputs, judge=close(float64))
def lstm_output(program, x, h, c, p):
    """`h` is the output gate times tanh of the `c` that you return with it"""
    h, c = probes.to_arrays(program.lstm_cell(*probes.to_tensors([x, h, c, p])))
    return {"new h / tanh(new c)": h / np.tanh(c)}


@lstm_cell.check(points=1, cases=lstm_backward, judge=close(float64))
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

lstm_cell.variant(
    "LS1",
    "The bias of your candidate is added outside the tanh, as the notes' odd bracket suggests. It "
    "belongs inside: the candidate stays between -1 and 1.",
    {C_TILDE: 'ops.tanh(ops.matmul(hx, p["W_C"])) + p["b_C"]'},
)
lstm_cell.variant(
    "LS2",
    "Forget and input gate are exchanged: f belongs to the old memory, i to the candidate.",
    {NEW_C: "i * c + f * c_tilde"},
)
lstm_cell.variant(
    "LS3",
    "Your hidden state shows the memory as it is. The memory may grow beyond 1; on its way out it "
    "passes a tanh, and the state stays between -1 and 1.",
    {RETURN: "return o * c, c"},
)
lstm_cell.variant(
    "LS4a",
    "Your hidden state shows the memory of the step before. Bring the memory up to date first.",
    {
        "c = f * c + i * c_tilde": "c_new = f * c + i * c_tilde",
        RETURN: "return o * ops.tanh(c), c_new",
    },
)
lstm_cell.variant(
    "LS4b",
    "Your two results come back in exchanged order: first the hidden state, then the memory.",
    {RETURN: "return c, o * ops.tanh(c)"},
)
lstm_cell.variant(
    "LS5a",
    "Your candidate comes from a sigmoid, so the memory can only be raised. Gates are sigmoids; "
    "what is stored is a tanh.",
    {C_TILDE: C_TILDE.replace("tanh", "sigmoid")},
)
lstm_cell.variant(
    "LS5b",
    "Your output gate looks at the memory. In the notes all three gates look at the same thing: "
    "the last hidden state and the input.",
    {OUTPUT_GATE: OUTPUT_GATE.replace("hx", "ops.concatenate([c, x], axis=1)")},
)
lstm_cell.variant(
    "LS6",
    "Your input gate is what the forget gate leaves over, as in a GRU. Here it has weights of its "
    "own: a cell may keep and write at the same time.",
    {NEW_C: "f * c + (1 - f) * c_tilde"},
)
lstm_cell.variant(
    "LS7",
    "Your numbers are right, but you compute with NumPy, and through NumPy no gradient comes "
    "back: such a cell can't be trained. Use keras.ops and the operators.",
    {RETURN: "return ops.convert_to_numpy(o * ops.tanh(c)), ops.convert_to_numpy(c)"},
)
lstm_cell.variant(
    "LS8",
    "State and input are joined in the wrong order. The first rows of every W belong to h, the "
    "others to x: the order is [h, x].",
    {HX: "ops.concatenate([x, h], axis=1)"},
)
lstm_cell.variant(
    "LS9",
    "The candidate enters the memory at full weight: your input gate plays no part.",
    {NEW_C: "f * c + c_tilde"},
)
lstm_cell.variant(
    "LS10",
    "The old memory stays at full weight: your forget gate plays no part, so nothing is ever "
    "forgotten.",
    {NEW_C: "c + i * c_tilde"},
)


def lstm_fused(x, h, c, p):
    W = ops.concatenate([p["W_" + name] for name in "ifCo"], axis=-1)
    b = ops.concatenate([p["b_" + name] for name in "ifCo"], axis=-1)
    i, f, new, o = ops.split(ops.matmul(ops.concatenate([h, x], axis=-1), W) + b, 4, axis=-1)
    c = ops.tanh(new) * ops.sigmoid(i) + c * ops.sigmoid(f)
    return [ops.tanh(c) * ops.sigmoid(o), c]


def lstm_two_matrices(x, h, c, p):
    U = h.shape[-1]

    def layer(name):
        return h @ p["W_" + name][:U] + (p["b_" + name] + x @ p["W_" + name][U:])

    c = ops.sigmoid(layer("f")) * c + ops.sigmoid(layer("i")) * ops.tanh(layer("C"))
    return ops.sigmoid(layer("o")) * ops.tanh(c), c


def lstm_own_sigmoid(x, h, c, p):
    hx = ops.hstack([h, x])
    f, i, o = (1 / (1 + ops.exp(-(hx @ p["W_" + name]) - p["b_" + name])) for name in "fio")
    c = f * c + i * ops.tanh(ops.einsum("bk,ku->bu", hx, p["W_C"]) + p["b_C"])
    return o * ops.tanh(c), c


def lstm_float32(x, h, c, p):
    x, h, c = (ops.cast(item, "float32") for item in (x, h, c))
    p = {name: ops.cast(value, "float32") for name, value in p.items()}
    hx = ops.concatenate([h, x], axis=1)
    gate = {name: ops.sigmoid(hx @ p[f"W_{name}"] + p[f"b_{name}"]) for name in "fio"}
    c = gate["f"] * c + gate["i"] * ops.tanh(hx @ p["W_C"] + p["b_C"])
    return gate["o"] * ops.tanh(c), c


lstm_cell.equivalent("one fused matrix", lstm_fused)
lstm_cell.equivalent("separate W_x and W_h", lstm_two_matrices)
lstm_cell.equivalent("own sigmoid", lstm_own_sigmoid)
lstm_cell.equivalent("in float32", lstm_float32)
lstm_cell.symptom(
    "no_gradient",
    "Somewhere on the way the gradient is lost: NumPy, `.numpy()`, `float()` and "
    "`stop_gradient` hand on numbers without it.",
)(no_gradient)

# --------------------------------------------------------------------------- run_gru and run_lstm

run_gru = unit.exercise("run_gru", points=2.5, uses=("gru_cell",), forbids=READY_MADE)
run_lstm = unit.exercise("run_lstm", points=2.5, uses=("lstm_cell",), forbids=READY_MADE)

RUNS = (
    ("three examples, five steps", (3, 5, 2, 4)),
    ("one step only", (4, 1, 3, 2)),
    ("more features than units", (2, 4, 5, 3)),
)


def sequences(rng: np.random.Generator, names: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Labels and inputs: sequences, start states of either kind of cell, weights."""
    for label, (examples, steps, features, units) in RUNS:
        start = {"h0": state(rng, examples, units)}
        if names == LSTM:
            start["c0"] = 2 * state(rng, examples, units)
        X = rng.normal(size=(examples, steps, features))
        yield label, {"X": X, **start, "p": weights(rng, names, units, features)}


def from_zero(inputs: dict[str, Any]) -> dict[str, Any]:
    zero = {name: np.zeros_like(inputs[name]) for name in ("h0", "c0") if name in inputs}
    return inputs | zero


def started(names: str) -> Any:
    """Sequences from start states that are not zero."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for label, inputs in sequences(rng, names):
            yield Case(inputs, f"{label}, a start state that is not zero")

    return cases


def continued(names: str) -> Any:
    """Pairs of sequences that differ after step 2, `X` and `other`."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for label, inputs in sequences(rng, names):
            if inputs["X"].shape[1] > 2:
                other = inputs["X"].copy()
                other[:, 2:] = rng.normal(size=other[:, 2:].shape)
                yield Case(from_zero(inputs) | {"other": other}, label)

    return cases


def unstarted(names: str) -> Any:
    """Sequences from a start at zero."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for label, inputs in sequences(rng, names):
            yield Case(from_zero(inputs), label)

    return cases


def traced(names: str) -> Any:
    """Sequences with a random cotangent."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        label, inputs = next(sequences(rng, names))
        shape = (*inputs["X"].shape[:2], inputs["h0"].shape[1])
        yield Case(inputs | {"cotangent": rng.normal(size=shape)}, label)

    return cases


CAUSAL = "the first two states, and the same where the sequence goes on otherwise"


@run_gru.check(points=0.5, cases=started(GRU), judge=exact(secret=False))
def run_gru_form(program, X, h0, p):
    """`run_gru` returns one tensor with a state for every example and step"""
    H = program.run_gru(*probes.to_tensors([X, h0, p]))
    return {"shape": str(np.shape(probes.to_arrays(H))), "it is a tensor": bool(ops.is_tensor(H))}


@run_gru.check(points=0.5, cases=started(GRU), judge=close(float64))
def run_gru_states(program, X, h0, p):
    """Every state follows from the one before, the first from `h0`"""
    return {"H": program.run_gru(*probes.to_tensors([X, h0, p]))}


@run_gru.check(points=0.5, cases=continued(GRU), judge=equal_sides(CAUSAL))
def run_gru_causal(program, X, other, h0, p):
    """States don't depend on later inputs"""
    X, other, h0, p = probes.to_tensors([X, other, h0, p])
    left, right = (probes.to_arrays(program.run_gru(each, h0, p)) for each in (X, other))
    return {"left": {"H[:, :2]": left[:, :2]}, "right": {"H[:, :2]": right[:, :2]}}


@run_gru.check(points=0.5, cases=unstarted(GRU), judge=close(float64))
def run_gru_alone(program, X, h0, p):
    """From a start at zero, every example goes its own way, in a batch and alone"""
    X, h0, p = probes.to_tensors([X, h0, p])
    return {
        "H": program.run_gru(X, h0, p),
        "H of the second example alone": program.run_gru(X[1:2], h0[1:2], p),
    }


@run_gru.check(points=0.5, cases=traced(GRU), judge=close(float64))
def run_gru_gradients(program, X, h0, p, cotangent):
    """Gradients come back through time, to `X`, `h0` and every weight"""
    names = sorted(p)

    def run(X, h0, *values):
        return program.run_gru(X, h0, dict(zip(names, values, strict=True)))

    values = [p[name] for name in names]
    found = probes.vjp(run, X, h0, *values, cotangent=cotangent)
    return {
        f"gradient of {name}": gradient
        for name, gradient in zip(["X", "h0", *names], found, strict=True)
    }


@run_lstm.check(points=0.5, cases=started(LSTM), judge=exact(secret=False))
def run_lstm_form(program, X, h0, c0, p):
    """`run_lstm` returns one tensor with a hidden state for every example and step"""
    H = program.run_lstm(*probes.to_tensors([X, h0, c0, p]))
    return {"shape": str(np.shape(probes.to_arrays(H))), "it is a tensor": bool(ops.is_tensor(H))}


@run_lstm.check(points=0.5, cases=started(LSTM), judge=close(float64))
def run_lstm_states(program, X, h0, c0, p):
    """Hidden state and memory follow from those before, the first from `h0` and `c0`"""
    return {"H": program.run_lstm(*probes.to_tensors([X, h0, c0, p]))}


@run_lstm.check(points=0.5, cases=continued(LSTM), judge=equal_sides(CAUSAL))
def run_lstm_causal(program, X, other, h0, c0, p):
    """Hidden states don't depend on later inputs"""
    X, other, h0, c0, p = probes.to_tensors([X, other, h0, c0, p])
    left, right = (probes.to_arrays(program.run_lstm(each, h0, c0, p)) for each in (X, other))
    return {"left": {"H[:, :2]": left[:, :2]}, "right": {"H[:, :2]": right[:, :2]}}


@run_lstm.check(points=0.5, cases=unstarted(LSTM), judge=close(float64))
def run_lstm_alone(program, X, h0, c0, p):
    """From a start at zero, every example goes its own way, in a batch and alone"""
    X, h0, c0, p = probes.to_tensors([X, h0, c0, p])
    return {
        "H": program.run_lstm(X, h0, c0, p),
        "H of the second example alone": program.run_lstm(X[1:2], h0[1:2], c0[1:2], p),
    }


@run_lstm.check(points=0.5, cases=traced(LSTM), judge=close(float64))
def run_lstm_gradients(program, X, h0, c0, p, cotangent):
    """Gradients come back through time, to `X`, `h0`, `c0` and every weight"""
    names = sorted(p)

    def run(X, h0, c0, *values):
        return program.run_lstm(X, h0, c0, dict(zip(names, values, strict=True)))

    values = [p[name] for name in names]
    found = probes.vjp(run, X, h0, c0, *values, cotangent=cotangent)
    return {
        f"gradient of {name}": gradient
        for name, gradient in zip(["X", "h0", "c0", *names], found, strict=True)
    }


# The mistakes of a loop are the same for both cells: START, STEP and X[:, t] occur in both.
STACK = "return ops.stack(states, axis=1)"
NOTED = "states.append(h)"
GRU_START, LSTM_START = "h, states = h0, []", "h, c, states = h0, c0, []"
GRU_STEP, LSTM_STEP = "h = gru_cell(X[:, t], h, p)", "h, c = lstm_cell(X[:, t], h, c, p)"

IGNORES_START = (
    "You begin with a state of zeros. The caller hands in the state to begin with: a text that is "
    "read in pieces goes on where the last piece ended."
)
run_gru.variant("RN1", IGNORES_START, {GRU_START: "h, states = ops.zeros_like(h0), []"})
run_lstm.variant(
    "RN1",
    IGNORES_START,
    {LSTM_START: "h, c, states = ops.zeros_like(h0), ops.zeros_like(c0), []"},
)
# A loop that takes the state before step 0 from the last slot of its results: those are zeros
# still, so that what comes out is what a start at zero gives.
LAST_SLOT = (
    "Before the first step you take the state from your own results, at index -1: that is the last "
    "slot, which holds zeros still. The state before the first step is the one handed in."
)
run_gru.variant(
    "RN2",
    LAST_SLOT,
    {
        GRU_START: "h, states = h0, [ops.zeros_like(h0)] * X.shape[1]",
        GRU_STEP: "states[t] = gru_cell(X[:, t], states[t - 1], p)",
        f"        {NOTED}\n": "",
    },
    same_as=("RN1",),
)
run_lstm.variant(
    "RN2",
    LAST_SLOT,
    {
        LSTM_START: "c = ops.zeros_like(c0)\n"
        "    states, memories = [ops.zeros_like(h0)] * X.shape[1], [c] * X.shape[1]",
        LSTM_STEP: "states[t], memories[t] = lstm_cell(X[:, t], states[t - 1], memories[t - 1], p)",
        f"        {NOTED}\n": "",
    },
    same_as=("RN1",),
)
SAME_INPUT = "You read the first input at every step. Step t reads `X[:, t]`."
run_gru.variant("RN3a", SAME_INPUT, {"X[:, t]": "X[:, 0]"})
run_lstm.variant("RN3a", SAME_INPUT, {"X[:, t]": "X[:, 0]"})
SAME_STATE = (
    "Every step of yours begins with the start state again, so that nothing is remembered. Hand "
    "the new state on to the next step."
)
run_gru.variant("RN3b", SAME_STATE, {GRU_STEP: "h = gru_cell(X[:, t], h0, p)"})
run_lstm.variant("RN3b", SAME_STATE, {LSTM_STEP: "h, c = lstm_cell(X[:, t], h0, c0, p)"})
RESHAPED = (
    "You reshape the batch to bring time to the front. A reshape keeps the order of the numbers, "
    "so that steps of several examples get mixed: axes change places by a transposition, or take "
    "`X[:, t]`."
)
RESHAPE = "ops.reshape(X, (X.shape[1], X.shape[0], X.shape[2]))[t]"
run_gru.variant("RN3c", RESHAPED, {"X[:, t]": RESHAPE})
run_lstm.variant("RN3c", RESHAPED, {"X[:, t]": RESHAPE})
NOT_CARRIED = (
    "The memory c is not carried on: every step begins with the one handed in. Keep both results "
    "of the cell for the next step."
)
run_lstm.variant("RN4", NOT_CARRIED, {LSTM_STEP: "h, _ = lstm_cell(X[:, t], h, c, p)"})
LOST = (
    "Your numbers are right, but you collect the states in NumPy, and no gradient comes back "
    "from there: the weights could not be trained. Collect tensors and stack them."
)
run_gru.variant("RN5", LOST, {NOTED: "states.append(ops.convert_to_numpy(h))"})
run_lstm.variant("RN5", LOST, {NOTED: "states.append(ops.convert_to_numpy(h))"})
BACKWARDS = "You read the sequence from its end. Time runs from step 0 upwards."
run_gru.variant("RN6", BACKWARDS, {"range(X.shape[1])": "reversed(range(X.shape[1]))"})
run_lstm.variant("RN6", BACKWARDS, {"range(X.shape[1])": "reversed(range(X.shape[1]))"})
LAST_ONLY = "You return the last state only. The states of all steps are wanted."
run_gru.variant("RN7", LAST_ONLY, {STACK: "return h"})
run_lstm.variant("RN7", LAST_ONLY, {STACK: "return h"})
TIME_FIRST = "Your states have time in front. The batch comes first: (B, T, U)."
run_gru.variant("RN8", TIME_FIRST, {STACK: "return ops.stack(states)"})
run_lstm.variant("RN8", TIME_FIRST, {STACK: "return ops.stack(states)"})
TOO_EARLY = (
    "You note each state before its step instead of after it: the start state stands first and the "
    "last state is missing."
)
run_gru.variant(
    "RN9",
    TOO_EARLY,
    {f"{GRU_STEP}\n        {NOTED}": f"{NOTED}\n        {GRU_STEP}"},
)
run_lstm.variant(
    "RN9",
    TOO_EARLY,
    {f"{LSTM_STEP}\n        {NOTED}": f"{NOTED}\n        {LSTM_STEP}"},
)
run_lstm.variant(
    "RN10",
    "You collect the memory c. What a layer above gets to see is the hidden state h.",
    {NOTED: "states.append(c)"},
)
run_lstm.variant(
    "RN11",
    "The memory begins as zeros, though the hidden state begins as it should. Both are handed in.",
    {LSTM_START: "h, c, states = h0, ops.zeros_like(c0), []"},
)
for run in (run_gru, run_lstm):
    run.symptom(
        "no_gradient",
        "On the way through time the gradient is lost: NumPy and `.numpy()` hand on numbers "
        "without it.",
    )(no_gradient)


def run_gru_scan(X, h0, p):
    def step(h, x):
        h = gru_cell(x, h, p)
        return h, h

    _, H = ops.scan(step, h0, ops.transpose(X, (1, 0, 2)))
    return ops.transpose(H, (1, 0, 2))


def run_gru_joined(X, h0, p):
    H = h0[:, None]
    for x in ops.unstack(X, axis=1):
        H = ops.concatenate([H, ops.expand_dims(gru_cell(x, H[:, -1], p), 1)], axis=1)
    return H[:, 1:]


def run_gru_inlined(X, h0, p):
    U, states = h0.shape[1], [h0]
    from_x = {name: X @ p["W_" + name][U:] + p["b_" + name] for name in "rzh"}
    for t in range(X.shape[1]):
        h = states[-1]
        r, z = (ops.sigmoid(h @ p["W_" + name][:U] + from_x[name][:, t]) for name in "rz")
        h_tilde = ops.tanh((r * h) @ p["W_h"][:U] + from_x["h"][:, t])
        states.append(h + z * (h_tilde - h))
    return ops.stack(states[1:], 1)


def run_lstm_scan(X, h0, c0, p):
    def step(carry, x):  # on TensorFlow, what is collected must be structured like the carry
        carry = list(lstm_cell(x, *carry, p))
        return carry, carry

    _, (H, _) = ops.scan(step, [h0, c0], ops.swapaxes(X, 0, 1))
    return ops.swapaxes(H, 0, 1)


def run_lstm_recursive(X, h0, c0, p):
    h, c = lstm_cell(X[:, 0], h0, c0, p)
    if X.shape[1] == 1:
        return h[:, None]
    return ops.concatenate([h[:, None], run_lstm(X[:, 1:], h, c, p)], axis=1)


run_gru.equivalent("keras.ops.scan", run_gru_scan)
run_gru.equivalent("grown by concatenation", run_gru_joined)
run_gru.equivalent("without the cell, inputs multiplied at once", run_gru_inlined)
run_lstm.equivalent("keras.ops.scan", run_lstm_scan)
run_lstm.equivalent("recursive", run_lstm_recursive)

# ---------------------------------------------------------------------------------- gru_to_keras

gru_to_keras = unit.exercise("gru_to_keras", points=2)


def gru_weights(rng: np.random.Generator) -> Iterator[Case]:
    for features, units in ((3, 4), (5, 2)):
        yield Case({"p": weights(rng, GRU, units, features)}, f"D = {features}, U = {units}")


@gru_to_keras.check(points=0.5, cases=gru_weights, judge=exact(secret=False))
def keras_form(program, p):
    """`gru_to_keras` returns kernel, recurrent kernel and bias as NumPy arrays"""
    found = program.gru_to_keras(probes.to_tensors(p))
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    return {
        "shapes": ", ".join(str(np.shape(probes.to_arrays(item))) for item in found),
        "all are NumPy arrays": all(isinstance(item, np.ndarray) for item in found),
    }


@gru_to_keras.check(points=0.75, cases=gru_weights, judge=close(float64))
def keras_blocks(program, p):
    """The columns of reset gate and candidate stand where Keras looks for them"""
    U = p["b_z"].shape[0]
    names = ("kernel", "recurrent kernel", "bias")
    found = probes.to_arrays(list(program.gru_to_keras(probes.to_tensors(p))))
    return {
        f"{name}, columns of r and h": item[..., U:]
        for name, item in zip(names, found, strict=True)
    }


@gru_to_keras.check(points=0.75, cases=gru_weights, judge=close(float64))
def keras_update(program, p):
    """The columns of the update gate make Keras' layer keep what yours keeps"""
    U = p["b_z"].shape[0]
    names = ("kernel", "recurrent kernel", "bias")
    found = probes.to_arrays(list(program.gru_to_keras(probes.to_tensors(p))))
    return {f"{name}, columns of z": item[..., :U] for name, item in zip(names, found, strict=True)}


KERAS_W = '[-p["W_z"], p["W_r"], p["W_h"]]'
KERAS_B = '[-p["b_z"], p["b_r"], p["b_h"]]'
KERAS_RETURN = "return [W[U:], W[:U], b]"

gru_to_keras.variant(
    "GK1",
    "Your update gate means the opposite in Keras: there z = 1 keeps the old state, in the notes z "
    "= 0 does. A sigmoid is turned over by the signs of everything that goes into it.",
    {KERAS_W: KERAS_W.replace("-", ""), KERAS_B: KERAS_B.replace("-", "")},
)
gru_to_keras.variant(
    "GK2",
    "You turn over the weights of the update gate but not its bias. 1 - sigmoid(a) = "
    "sigmoid(-a) asks for the other sign of all of a.",
    {KERAS_B: KERAS_B.replace("-", "")},
)
gru_to_keras.variant(
    "GK3",
    "You turn over the bias of the update gate but not its weights. 1 - sigmoid(a) = "
    "sigmoid(-a) asks for the other sign of all of a.",
    {KERAS_W: KERAS_W.replace("-", "")},
)
gru_to_keras.variant(
    "GK4",
    "Your blocks stand in the order r, z, h. Keras wants z, r, h.",
    {
        KERAS_W: '[p["W_r"], -p["W_z"], p["W_h"]]',
        KERAS_B: '[p["b_r"], -p["b_z"], p["b_h"]]',
    },
)
gru_to_keras.variant(
    "GK5",
    "Kernel and recurrent kernel are exchanged: the first rows of W meet h, the others x, and "
    "Keras wants those for x first.",
    {KERAS_RETURN: "return [W[:U], W[U:], b]"},
)
gru_to_keras.variant(
    "GK6",
    "You split W as if x came first. In [h, x] the first U rows belong to the state.",
    {KERAS_RETURN: "return [W[: W.shape[0] - U], W[W.shape[0] - U :], b]"},
)
gru_to_keras.variant(
    "GK7",
    "Your numbers are right, but they come as tensors. `set_weights` and files want NumPy arrays.",
    {"W, b = ops.convert_to_numpy(W), ops.convert_to_numpy(b)": "pass"},
)
gru_to_keras.variant(
    "GK8",
    "Your bias has two rows, as for `reset_after=True`. Without it there is one.",
    {KERAS_RETURN: "return [W[U:], W[:U], np.stack([b, 0 * b])]"},
)
gru_to_keras.variant(
    "GK9",
    "You turn over the whole of the candidate as well. It is a tanh, not a gate; only the update "
    "gate means something else in Keras.",
    {
        KERAS_W: '[-p["W_z"], p["W_r"], -p["W_h"]]',
        KERAS_B: '[-p["b_z"], p["b_r"], -p["b_h"]]',
    },
)


def gru_to_keras_in_numpy(p):
    p = {name: np.asarray(value) for name, value in p.items()}
    U = len(p["b_r"])
    kernel = np.hstack([-p["W_z"][U:], p["W_r"][U:], p["W_h"][U:]])
    recurrent = np.hstack([p[f"W_{gate}"][:U] * sign for gate, sign in zip("zrh", (-1, 1, 1))])  # noqa: B905
    return kernel, recurrent, np.concatenate([-p["b_z"], p["b_r"], p["b_h"]])


gru_to_keras.equivalent("in NumPy, as a tuple", gru_to_keras_in_numpy)

# ------------------------------------------------------------------------------ build_classifier

build_classifier = unit.exercise("build_classifier", points=3)

# Measured by benchmarks/calibrate.py over 20 seeds of digits and start, 400 unseen digits each:
# reference, functional form and RNN around a cell (the same numbers) mean 0.9377, sd 0.0195, 0.8800
# to 0.9650; with dropout on the rows mean 0.9327, sd 0.0140, 0.9100 to 0.9600; 3.5 to 4.2 CPU s a
# training.  The floor is the lowest mean less 2 sd (0.8988, the reference's), rounded down.  The
# worst seed falls short of it, hence three tries.
DIGITS_FLOOR, DIGITS_TYPICAL = 0.89, 0.94


def kinds(rng: np.random.Generator) -> Iterator[Case]:
    """Two kinds of cell, of different width."""
    for cell, units in (("gru", 12), ("lstm", 7)):
        inputs = {"cell": cell, "units": units, "rows": rng.uniform(0, 1, (6, 8, 8))}
        yield Case(inputs, f'cell = "{cell}", units = {units}')


def digit_task(rng: np.random.Generator) -> Iterator[Case]:
    """800 digits to learn from, 400 others; their labels stay with the grader."""
    digits = load_digits()
    order = rng.permutation(len(digits.target))
    train, new = order[:800], order[800:1200]
    images = digits.images.astype(np.uint8)
    inputs = {
        "rows": images[train],
        "labels": digits.target[train].astype(np.uint8),
        "new_rows": images[new],
    }
    yield Case(inputs, "handwritten digits, row by row", {"labels": digits.target[new]})


@build_classifier.check(points=1, cases=kinds, judge=exact(secret=False))
def classifier_form(program, cell, units, rows):
    """The model maps 8 rows of 8 pixels to 10 logits, and all of it can learn"""
    model = program.build_classifier(cell, units)
    form = {"input": str(model.input_shape), "output": str(model.output_shape)}
    if form != {"input": "(None, 8, 8)", "output": "(None, 10)"}:
        return form
    logits = probes.to_arrays(model(probes.to_tensors(rows.astype("float32"))))
    return form | {
        "outputs can be negative, as logits are": bool((logits < 0).any()),
        "outputs add up to 1, as after a softmax": bool(np.allclose(logits.sum(axis=1), 1)),
        "every layer can learn": all(layer.trainable for layer in model.layers),
    }


@build_classifier.check(points=1, cases=kinds, judge=exact(secret=False))
def classifier_recurrent(program, cell, units, rows):
    """It has one recurrent layer, of the kind and the number of units asked for"""
    found = []
    for layer in probes.layers(program.build_classifier(cell, units)):
        kind, config = layer["class"], layer["config"]
        if kind == "RNN":  # around a cell
            kind, config = config["cell"]["class_name"], config["cell"]["config"]
        if kind.removesuffix("Cell") in ("GRU", "LSTM", "SimpleRNN", "Bidirectional"):
            found.append(f"{kind.removesuffix('Cell')} of {config.get('units', '?')} units")
    return {"recurrent layers": " and ".join(found) or "none"}


@build_classifier.check(
    points=1,
    cases=digit_task,
    judge=accuracy(DIGITS_FLOOR, DIGITS_TYPICAL),
    tries=3,
    seconds=60,
)
def learns_digits(program, rows, labels, new_rows):
    """A GRU of 32 units learns to tell digits apart in 12 epochs, on unseen ones"""
    model = program.build_classifier("gru", 32)
    model.compile(
        optimizer=keras.optimizers.Adam(5e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    X = rows.astype("float32") / 16
    history = model.fit(X, labels, batch_size=32, epochs=12, verbose=0)
    logits = probes.to_arrays(model(new_rows.astype("float32") / 16))
    return {"predictions": np.argmax(logits, axis=-1), "losses": np.array(history.history["loss"])}


CLASSES = "keras.layers.Dense(10)"
RECURRENT = "layer(units)"
KINDS = '{"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[cell]'

build_classifier.variant(
    "BC1",
    "Your model ends in a softmax. Logits are wanted: the loss takes their softmax itself, and "
    "more exactly.",
    {CLASSES: 'keras.layers.Dense(10, activation="softmax")'},
)
build_classifier.variant(
    "BC2",
    "Your logits pass a relu. A logit may be negative; the last layer has no activation.",
    {CLASSES: 'keras.layers.Dense(10, activation="relu")'},
)
build_classifier.variant(
    "BC3",
    'Your model has a GRU whatever is asked for. `cell` is "gru" or "lstm".',
    {KINDS: "keras.layers.GRU"},
)
build_classifier.variant(
    "BC4",
    "The two kinds of cell are exchanged.",
    {KINDS: '{"lstm": keras.layers.GRU, "gru": keras.layers.LSTM}[cell]'},
)
build_classifier.variant(
    "BC5",
    "Your recurrent layer has a width of its own. The caller says how many units.",
    {RECURRENT: "layer(32)"},
)
build_classifier.variant(
    "BC6",
    "Your model puts out logits after every row. One set is wanted, from the last state.",
    {RECURRENT: "layer(units, return_sequences=True)"},
)
build_classifier.variant(
    "BC7",
    "Your input is a flat row of 64 pixels. A recurrent layer reads steps: 8 rows of 8 pixels.",
    {
        "keras.Input((8, 8)),": "keras.Input((64,)),\n            keras.layers.Reshape((8, 8)),",
    },
)
build_classifier.variant(
    "BC8",
    "Your model has a plain recurrent cell, without gates.",
    {KINDS: "keras.layers.SimpleRNN"},
)
build_classifier.variant(
    "BC9",
    "Your model has no recurrent layer: it looks at all the pixels at once.",
    {RECURRENT: 'keras.layers.Flatten(),\n            keras.layers.Dense(units, "tanh")'},
)
build_classifier.variant(
    "BC10",
    "Your recurrent layer is not trainable, so that only the dense layer learns.",
    {RECURRENT: "layer(units, trainable=False)"},
)


def classifier_functional(cell, units):
    rows = keras.Input(shape=(8, 8))
    layer = keras.layers.GRU if cell == "gru" else keras.layers.LSTM
    states = layer(units, return_sequences=True, name="reads")(rows)
    return keras.Model(rows, keras.layers.Dense(10, name="logits")(states[:, -1]))


def classifier_with_cells(cell, units):
    inner = {"gru": keras.layers.GRUCell, "lstm": keras.layers.LSTMCell}[cell](units)
    model = keras.Sequential([keras.layers.RNN(inner), keras.layers.Dense(10)])
    model.build((None, 8, 8))
    return model


build_classifier.equivalent("functional, last of all states", classifier_functional)
build_classifier.equivalent("RNN around a cell", classifier_with_cells)
build_classifier.equivalent("dropout on the rows", {RECURRENT: "layer(units, dropout=0.1)"})


@build_classifier.symptom(
    "flat", "The loss hardly moves: no gradient reaches the weights, or the model is not trainable."
)
def flat(got: Any) -> bool:
    losses = got.get("losses", np.zeros(0))
    return len(losses) > 3 and bool(losses[-1] > 0.95 * losses[0])
