"""Unit 13, `attend`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float64, probes

from .cases import LOST, READY_MADE, Array, no_gradient, states

exercise = Exercise("attend", points=4, forbids=READY_MADE)
ATTEND_SIZES = (
    ("five examples, seven positions", (5, 7, 3)),
    ("one example", (1, 4, 6)),
    ("more features than positions", (4, 3, 8)),
)


def some_padding(rng: np.random.Generator, B: int, T: int) -> Array:
    """At least one real position in each row, and one padded one; the first of several has one."""
    lengths = rng.integers(1, T, size=B)
    lengths[0] = 1 if B > 1 else rng.integers(2, T)
    return np.arange(T) < lengths[:, None]


def open_scores(rng: np.random.Generator) -> Iterator[Case]:
    for label, sizes in ATTEND_SIZES:
        yield Case(states(rng, *sizes), label)
    inputs = states(rng, 4, 6, 3)
    inputs["scores"] += 2000.0 * rng.choice([-1.0, 1.0], (4, 1))
    yield Case(inputs, "scores near 2000 and near -2000")


def padded_scores(rng: np.random.Generator) -> Iterator[Case]:
    for label, (B, T, E) in ATTEND_SIZES:
        yield Case(states(rng, B, T, E) | {"mask": some_padding(rng, B, T)}, label)
    mask = np.array([rng.permutation(6) < 4 for _ in range(4)])  # holes anywhere
    inputs = states(rng, 4, 6, 3)
    high, low = inputs["scores"] + 50 * ~mask, inputs["scores"] - 200
    yield Case(inputs | {"scores": high, "mask": mask}, "padding has the highest scores")
    yield Case(inputs | {"scores": low, "mask": mask}, "all scores are far below 0")
    yield Case(inputs | {"mask": np.ones((4, 6), bool)}, "nothing is padded")


def contexts(rng: np.random.Generator) -> Iterator[Case]:
    for label, sizes in ATTEND_SIZES:
        inputs = states(rng, *sizes)
        yield Case(inputs | {"scores": np.full(sizes[:2], rng.normal())}, f"equal scores, {label}")
        yield Case(inputs, label)
    inputs = states(rng, 4, 6, 3)
    inputs["scores"][np.arange(4), rng.integers(0, 6, 4)] = 80.0
    yield Case(inputs, "one position has by far the highest score")


def attend_backward(rng: np.random.Generator) -> Iterator[Case]:
    for label, (B, T, E) in ATTEND_SIZES:
        inputs = states(rng, B, T, E) | {"mask": some_padding(rng, B, T)}
        yield Case(inputs | {"cotangent": rng.normal(size=(B, E + T))}, label)


@exercise.check(points=0.5, cases=padded_scores, judge=exact(secret=False))
def attend_form(program, scores, H, mask):
    """`attend` returns the context and the weights, tensors of the shapes (B, E) and (B, T)"""
    result = program.attend(*probes.to_tensors([scores, H, mask]))
    pair = isinstance(result, (tuple, list)) and len(result) == 2
    return {
        "a pair": pair,
        "shapes": ", ".join(str(np.shape(probes.to_arrays(item))) for item in result),
        "both are tensors": all(bool(ops.is_tensor(item)) for item in result),
    }


@exercise.check(points=1, cases=open_scores, judge=close(float64))
def weights_open(program, scores, H):
    """Without a mask, the weights are the softmax of the scores over the source's positions"""
    _, alpha = program.attend(*probes.to_tensors([scores, H]), None)
    return {"alpha": alpha}


@exercise.check(points=1, cases=padded_scores, judge=close(float64))
def weights_masked(program, scores, H, mask):
    """Padded positions get no weight, and the others add up to 1"""
    _, alpha = program.attend(*probes.to_tensors([scores, H, mask]))
    return {"alpha": alpha}


@exercise.check(points=0.75, cases=contexts, judge=close(float64))
def context_mean(program, scores, H):
    """The context is the mean of the source's states, by these weights"""
    context, _ = program.attend(*probes.to_tensors([scores, H]), None)
    return {"context": context}


@exercise.check(points=0.75, cases=attend_backward, judge=close(float64))
def attend_gradients(program, scores, H, mask, cotangent):
    """Gradients come back to scores and states, past the mask"""
    hidden = probes.to_tensors(mask)

    def both(scores, H):
        context, alpha = program.attend(scores, H, hidden)
        return ops.concatenate([context, alpha], axis=1)

    found = probes.vjp(both, scores, H, cotangent=cotangent)
    return {f"gradient of {name}": item for name, item in zip(("scores", "H"), found, strict=True)}


MASKED = "scores = ops.where(mask, scores, -1e9)"
ALPHA = "alpha = ops.softmax(scores, axis=1)"
MEAN = "context = ops.sum(ops.expand_dims(alpha, axis=-1) * H, axis=1)"
BACK = "return context, alpha"
exercise.variant(
    "AT1",
    "Your softmax runs over the examples of the batch. Each example has weights of its own: they "
    "add up to 1 over the positions of the source.",
    {ALPHA: ALPHA.replace("axis=1", "axis=0")},
)
exercise.variant(
    "AT1b",
    "All your weights are 1: the softmax was taken over an axis of length 1. It runs over the "
    "positions of the source.",
    {ALPHA: "alpha = ops.softmax(ops.expand_dims(scores, axis=-1), axis=-1)[:, :, 0]"},
)
exercise.variant(
    "AT2a",
    "You multiply the weights by the mask after the softmax. Then they no longer add up to 1: hide "
    "padded positions before, by a score so low that nothing is left of it.",
    {
        MASKED: "pass",
        ALPHA: f"{ALPHA}\n    if mask is not None:\n"
        "        alpha = alpha * ops.cast(mask, alpha.dtype)",
    },
)
exercise.variant(
    "AT2b",
    "Padded positions get a score of 0, and exp(0) is 1: they take part. Only a very low score "
    "leaves nothing of them.",
    {MASKED: "scores = scores * ops.cast(mask, scores.dtype)"},
)
exercise.variant(
    "AT2c",
    "Your mask is turned over: True means that a position is real.",
    {MASKED: "scores = ops.where(mask, -1e9, scores)"},
)
exercise.variant(
    "AT2d",
    "You don't use the mask: padding takes part like the rest.",
    {MASKED: "pass"},
)
exercise.variant(
    "AT2e",
    "You lower the scores of padded positions, but not by enough: what is left has some weight, "
    "and more where all scores are low. Use something like -1e9.",
    {MASKED: "scores = ops.where(mask, scores, -10.0)"},
)
exercise.variant(
    "AT4a",
    "Your context is the largest of the weighted states. It is their sum.",
    {MEAN: MEAN.replace("ops.sum", "ops.max")},
)
exercise.variant(
    "AT4b",
    "Your context has the weighted states one after the other. Add them up over the source, so "
    "that the context has as many features as one state.",
    {
        MEAN: "context = ops.reshape(ops.expand_dims(alpha, axis=-1) * H, "
        "(H.shape[0], H.shape[1] * H.shape[2]))"
    },
)
exercise.variant(
    "AT4c",
    "Your context is the plain mean of all states: the weights play no part.",
    {MEAN: "context = ops.mean(H, axis=1)"},
)
exercise.variant(
    "AT4d",
    "You divide by the number of positions as well. The weights add up to 1 already.",
    {MEAN: MEAN.replace("ops.sum", "ops.mean")},
)
exercise.variant(
    "AT6",
    "Context and weights come back in exchanged order.",
    {BACK: "return alpha, context"},
)
exercise.variant(
    "AT7",
    "You take exp of the scores as they are: large ones overflow, of very low ones nothing is "
    "left, and the quotient is not a number. Take away each row's maximum first, or use the "
    "softmax of keras.ops.",
    {ALPHA: "alpha = ops.exp(scores) / ops.sum(ops.exp(scores), axis=1, keepdims=True)"},
)
exercise.variant(
    "AT8",
    "You weigh the states by the scores themselves. Weights are what the softmax makes of them.",
    {MEAN: MEAN.replace("alpha", "scores")},
)
exercise.variant(
    "AT9",
    "Your numbers are right, but you compute with NumPy, and through NumPy no gradient comes back. "
    "Use keras.ops and the operators.",
    {ALPHA: "alpha = ops.convert_to_tensor(ops.convert_to_numpy(ops.softmax(scores, axis=1)))"},
)
exercise.variant(
    "AT10",
    "You divide the scores by the root of the number of features. That is done in dot-product "
    "attention; additive scores are taken as they are.",
    {ALPHA: "alpha = ops.softmax(scores / H.shape[-1] ** 0.5, axis=1)"},
)


@exercise.equivalent("own softmax, masked before the sum")
def attend_by_hand(scores, H, mask):
    e = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))
    if mask is not None:
        low = ops.min(scores) - 1
        shifted = scores - ops.max(ops.where(mask, scores, low), axis=1, keepdims=True)
        e = ops.where(mask, ops.exp(ops.minimum(shifted, 0)), ops.zeros_like(scores))
    alpha = e / ops.sum(e, axis=-1, keepdims=True)
    return ops.einsum("bt,bte->be", alpha, H), alpha


@exercise.equivalent("minus infinity, matmul")
def attend_minus_infinity(scores, H, mask):
    if mask is not None:
        scores = ops.where(mask, scores, -float("inf"))
    alpha = ops.softmax(scores, axis=-1)
    return ops.squeeze(alpha[:, None] @ H, axis=1), alpha


@exercise.equivalent("penalty added, logsumexp")
def attend_added_penalty(scores, H, mask):
    if mask is not None:
        scores = scores + (1.0 - ops.cast(mask, scores.dtype)) * -1e9
    alpha = ops.exp(scores - ops.logsumexp(scores, axis=1, keepdims=True))
    return [ops.sum(H * alpha[..., None], 1), alpha]


@exercise.symptom(
    "not_one",
    "Your weights don't add up to 1 over the positions of the source.",
)
def not_one(got: Any) -> bool:
    return bool(np.abs(got["alpha"].sum(axis=1) - 1).max() > 1e-6)


exercise.symptom("no_gradient", LOST)(no_gradient)
