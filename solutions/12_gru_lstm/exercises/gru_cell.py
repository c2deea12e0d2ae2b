"""Unit 12, `gru_cell`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float64, probes

from .cases import GRU, HALF, HX, OPEN, READY_MADE, SHUT, SIZES, forced, no_gradient, state, weights

exercise = Exercise("gru_cell", points=5, forbids=READY_MADE)


def gru_inputs(
    rng: np.random.Generator, examples: int, features: int, units: int, **gates: float
) -> dict[str, Any]:
    x = rng.normal(size=(examples, features))
    p = forced(weights(rng, GRU, units, features), **gates)
    return {"x": x, "h": state(rng, examples, units), "p": p}


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


@exercise.check(points=1, cases=gru_open, judge=exact(secret=False))
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


@exercise.check(points=1, cases=gru_candidates, judge=close(float64))
def gru_candidate(program, x, h, p):
    """The candidate is right (nothing is reset, z is ½)"""
    return {"new h": program.gru_cell(*probes.to_tensors([x, h, p]))}


@exercise.check(points=1, cases=gru_resets, judge=close(float64))
def gru_reset(program, x, h, p):
    """The reset gate acts on the old state that the candidate sees (z is ½)"""
    return {"new h": program.gru_cell(*probes.to_tensors([x, h, p]))}


@exercise.check(points=1, cases=gru_updates, judge=close(float64))
def gru_update(program, x, h, p):
    """The update gate weighs candidate against old state (nothing is reset)"""
    return {"new h": program.gru_cell(*probes.to_tensors([x, h, p]))}


@exercise.check(points=1, cases=gru_backward, judge=close(float64))
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


SEEN = "ops.concatenate([r * h, x], axis=1)"
H_TILDE = 'ops.tanh(ops.matmul(seen, p["W_h"]) + p["b_h"])'
NEW_H = "z * h_tilde + (1 - z) * h"
exercise.variant(
    "GR1",
    "Your update gate is turned over: at z = 0 the old state should stay, at z = 1 the candidate "
    "should take its place. (The notes' words and Keras have it your way round; the notes' "
    "formula, which is asked for, has not.)",
    {NEW_H: "(1 - z) * h_tilde + z * h"},
)
exercise.variant(
    "GR2",
    "The candidate sees the whole old state: your reset gate plays no part. It decides how much of "
    "h the candidate may look at.",
    {SEEN: HX},
)
exercise.variant(
    "GR3",
    "You reset after the matrix product, as Keras does by default. In the notes the gate "
    "multiplies the old state itself, before W_h mixes its units.",
    {H_TILDE: 'ops.tanh(r * (h @ p["W_h"][: h.shape[1]]) + x @ p["W_h"][h.shape[1] :] + p["b_h"])'},
)
exercise.variant(
    "GR4",
    "State and input are joined in the wrong order. The first rows of every W belong to h, the "
    "others to x: the order is [h, x].",
    {HX: "ops.concatenate([x, h], axis=1)", SEEN: "ops.concatenate([x, r * h], axis=1)"},
)
exercise.variant(
    "GR5",
    "Your candidate comes from a sigmoid, so it can't be negative. Gates are sigmoids; what is "
    "stored is a tanh.",
    {H_TILDE: H_TILDE.replace("tanh", "sigmoid")},
)
exercise.variant(
    "GR6",
    "The two gates are exchanged: r belongs to the old state inside the candidate, z to the "
    "weighted mean at the end.",
    {SEEN: SEEN.replace("r *", "z *"), NEW_H: "r * h_tilde + (1 - r) * h"},
)
exercise.variant(
    "GR7a",
    "The candidate comes in at full weight. New and old share one weight: where (1 - z) of the old "
    "state stays, z of the candidate comes in. So the state never leaves [-1, 1].",
    {NEW_H: "h_tilde + (1 - z) * h"},
)
exercise.variant(
    "GR7b",
    "The old state stays at full weight. New and old share one weight: where z of the candidate "
    "comes in, (1 - z) of the old state stays. So the state never leaves [-1, 1].",
    {NEW_H: "z * h_tilde + h"},
)
exercise.variant(
    "GR8",
    "Your numbers are right, but you compute with NumPy, and through NumPy no gradient comes "
    "back: such a cell can't be trained. Use keras.ops and the operators.",
    {
        "    return z * h_tilde + (1 - z) * h\n": (
            "    new = z * h_tilde + (1 - z) * h\n    return ops.convert_to_numpy(new)\n"
        )
    },
)
exercise.variant(
    "GR9",
    "Your candidate is a sum of two tanh, one for the state and one for the input. Add first, then "
    "bend: there is one tanh around everything.",
    {
        H_TILDE: 'ops.tanh((r * h) @ p["W_h"][: h.shape[1]] + p["b_h"])'
        ' + ops.tanh(x @ p["W_h"][h.shape[1] :])'
    },
)
exercise.variant(
    "GR10",
    "The bias of the candidate stands outside the tanh. It belongs to what is bent.",
    {H_TILDE: 'ops.tanh(ops.matmul(seen, p["W_h"])) + p["b_h"]'},
)


@exercise.equivalent("one fused matrix")
def gru_fused(x, h, p):
    U = h.shape[1]
    W, b = ops.concatenate([p["W_r"], p["W_z"]], 1), ops.concatenate([p["b_r"], p["b_z"]], 0)
    gates = ops.sigmoid(ops.matmul(ops.concatenate([h, x], -1), W) + b)
    r, z = gates[:, :U], gates[:, U:]
    return h + z * (ops.tanh(ops.concatenate([h * r, x], -1) @ p["W_h"] + p["b_h"]) - h)


@exercise.equivalent("separate W_x and W_h")
def gru_two_matrices(x, h, p):
    U = h.shape[-1]

    def layer(name, state):
        return state @ p["W_" + name][:U] + x @ p["W_" + name][U:] + p["b_" + name]

    r, z = ops.sigmoid(layer("r", h)), ops.sigmoid(layer("z", h))
    return (1 - z) * h + z * ops.tanh(layer("h", r * h))


@exercise.equivalent("own stable sigmoid and tanh")
def gru_own_sigmoid(x, h, p):
    def sigmoid(a):
        e = ops.exp(-ops.absolute(a))
        return ops.where(a >= 0, 1 / (1 + e), e / (1 + e))

    hx = ops.hstack([h, x])
    r, z = (sigmoid(ops.dot(hx, p["W_" + gate]) + p["b_" + gate]) for gate in "rz")
    e = ops.exp(2 * (ops.dot(ops.hstack([r * h, x]), p["W_h"]) + p["b_h"]))
    return z * (1 - 2 / (e + 1)) + h - z * h


@exercise.equivalent("in float32, sigmoid by tanh")
def gru_float32(x, h, p):
    x, h = ops.cast(x, "float32"), ops.cast(h, "float32")
    p = {name: ops.cast(value, "float32") for name, value in p.items()}
    hx = ops.concatenate([h, x], axis=1)
    r = 0.5 * (1 + ops.tanh(0.5 * (hx @ p["W_r"] + p["b_r"])))
    z = 0.5 * (1 + ops.tanh(0.5 * (hx @ p["W_z"] + p["b_z"])))
    return z * ops.tanh(ops.concatenate([r * h, x], 1) @ p["W_h"] + p["b_h"]) + (1 - z) * h


@exercise.symptom(
    "leaves_range",
    "Your new state leaves [-1, 1]. A weighted mean of the candidate and the old state can't: do "
    "the two weights add up to 1?",
)
def leaves_range(got: Any) -> bool:
    return bool(np.abs(got["new h"]).max() > 1 + 1e-6)


exercise.symptom(
    "no_gradient",
    "Somewhere on the way the gradient is lost: NumPy, `.numpy()`, `float()` and "
    "`stop_gradient` hand on numbers without it.",
)(no_gradient)
