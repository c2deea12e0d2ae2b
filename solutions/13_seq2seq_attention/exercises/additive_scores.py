"""Unit 13, `additive_scores`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float64, probes

from .cases import LOST, READY_MADE, Array, no_gradient

exercise = Exercise("additive_scores", points=4, forbids=READY_MADE)


def score_inputs(
    rng: np.random.Generator, B: int, T: int, S: int, E: int, A: int
) -> dict[str, Array]:
    """States and weights at which the tanh is bent, but not flat."""
    return {
        "s": rng.normal(size=(B, S)),
        "H": rng.normal(size=(B, T, E)),
        "W1": 0.6 * rng.normal(size=(S, A)),
        "W2": 0.6 * rng.normal(size=(E, A)),
        "v": rng.normal(size=A),
    }


SCORE_SIZES = (
    ("five examples, seven positions", (5, 7, 3, 4, 6)),
    ("one example", (1, 4, 2, 5, 3)),
    ("one position", (3, 1, 4, 2, 5)),
)


def scores_at_rest(rng: np.random.Generator) -> Iterator[Case]:
    """s = 0; S and E are equal, so that exchanged weights are wrong by their values.

    B = T or B = 1, so that where the state's axis is missing is not seen here.
    """
    for label, (B, T, size, A) in (
        ("one example", (1, 5, 4, 6)),
        ("four examples, four positions", (4, 4, 3, 5)),
        ("three examples, three positions", (3, 3, 5, 2)),
    ):
        inputs = score_inputs(rng, B, T, size, size, A)
        yield Case(inputs | {"s": np.zeros((B, size))}, f"s = 0, {label}")


def scores_at_work(rng: np.random.Generator) -> Iterator[Case]:
    for label, sizes in SCORE_SIZES:
        yield Case(score_inputs(rng, *sizes), label)
    yield Case(score_inputs(rng, 4, 4, 3, 5, 6), "as many examples as positions")


def scores_backward(rng: np.random.Generator) -> Iterator[Case]:
    for label, (B, T, *sizes) in SCORE_SIZES:
        inputs = score_inputs(rng, B, T, *sizes)
        yield Case(inputs | {"cotangent": rng.normal(size=(B, T))}, label)


@exercise.check(points=0.5, cases=scores_at_rest, judge=exact(secret=False))
def scores_form(program, s, H, W1, W2, v):
    """`additive_scores` returns a tensor, one score for each position"""
    result = program.additive_scores(*probes.to_tensors([s, H, W1, W2, v]))
    scores = probes.to_arrays(result)
    return {
        "shape": str(np.shape(scores)),
        "it is a tensor": bool(ops.is_tensor(result)),
        "they are numbers of either sign": bool(np.min(scores) < 0) or np.size(scores) < 6,
    }


@exercise.check(points=1, cases=scores_at_rest, judge=close(float64))
def scores_of_source(program, s, H, W1, W2, v):
    """What the source contributes is right (the decoder's state is 0)"""
    return program.additive_scores(*probes.to_tensors([s, H, W1, W2, v]))


@exercise.check(points=1.5, cases=scores_at_work, judge=close(float64))
def scores_of_both(program, s, H, W1, W2, v):
    """The scores are right: another state of the decoder asks for something else"""
    return program.additive_scores(*probes.to_tensors([s, H, W1, W2, v]))


@exercise.check(points=1, cases=scores_backward, judge=close(float64))
def scores_gradients(program, s, H, W1, W2, v, cotangent):
    """Gradients come back to both states and to all weights"""
    found = probes.vjp(program.additive_scores, s, H, W1, W2, v, cotangent=cotangent)
    names = ("s", "H", "W1", "W2", "v")
    return {f"gradient of {name}": item for name, item in zip(names, found, strict=True)}


FROM_STATE = "ops.expand_dims(ops.matmul(s, W1), axis=1)"
FROM_SOURCE = "ops.matmul(H, W2)"
HIDDEN = "ops.tanh(from_state + from_source)"
SUMMED = "return ops.sum(hidden * v, axis=-1)"
exercise.variant(
    "AT3",
    "The decoder's state plays no part in your scores: whatever is being written, the same "
    "positions get the same weight. Its state is what asks.",
    {HIDDEN: "ops.tanh(from_source)"},
)
exercise.variant(
    "AS1",
    "The tanh is missing. Without it the state adds the same number to the scores of all "
    "positions, and the softmax takes no notice of that: the decoder's state could not steer its "
    "attention.",
    {HIDDEN: "from_state + from_source"},
)
exercise.variant(
    "AS2",
    "You add up the hidden units as they are. Each has a weight of its own, in v.",
    {SUMMED: "return ops.sum(hidden, axis=-1)"},
)
exercise.variant(
    "AS3",
    "You bend both parts by themselves and add then. Add first: there is one tanh around the sum. "
    "(As it is, the state adds the same to all positions, which the softmax does not notice.)",
    {HIDDEN: "ops.tanh(from_state) + ops.tanh(from_source)"},
)
exercise.variant(
    "AS4",
    "The two matrices are exchanged: W1 belongs to the decoder's state, W2 to the source.",
    {
        FROM_STATE: FROM_STATE.replace("W1", "W2"),
        FROM_SOURCE: FROM_SOURCE.replace("W2", "W1"),
    },
)
exercise.variant(
    "AS5",
    "Your hidden layer has a sigmoid. Bahdanau's scores have a tanh.",
    {HIDDEN: "ops.sigmoid(from_state + from_source)"},
)
exercise.variant(
    "AS6",
    "You return weights: the softmax has been taken already. It belongs to `attend`, which has to "
    "mask the scores first.",
    {SUMMED: "return ops.softmax(ops.sum(hidden * v, axis=-1), axis=-1)"},
)
exercise.variant(
    "AS7",
    "The state of an example meets positions instead of its own example: it lacks the axis of "
    "time, which is the middle one. Where B = T this raises no error.",
    {FROM_STATE: "ops.matmul(s, W1)"},
)
exercise.variant(
    "AS8",
    "Your numbers are right, but you compute with NumPy, and through NumPy no gradient comes back: "
    "such scores can't be learnt. Use keras.ops and the operators.",
    {SUMMED: "return ops.convert_to_tensor(ops.convert_to_numpy(ops.sum(hidden * v, axis=-1)))"},
)
exercise.variant(
    "AS9",
    "Your scores have an axis too many, of length 1. One number for each position is wanted, (B, "
    "T).",
    {SUMMED: "return ops.sum(hidden * v, axis=-1, keepdims=True)"},
)
exercise.variant(
    "AS10",
    "You divide by the root of the number of hidden units. That is done in dot-product attention "
    "(of Transformers); here v has the scale.",
    {SUMMED: "return ops.sum(hidden * v, axis=-1) / v.shape[0] ** 0.5"},
)


@exercise.equivalent("einsum")
def scores_by_einsum(s, H, W1, W2, v):
    hidden = ops.einsum("bs,sa->ba", s, W1)[:, None, :] + ops.einsum("bte,ea->bta", H, W2)
    return ops.einsum("bta,a->bt", ops.tanh(hidden), v)


@exercise.equivalent("one matrix on [s, h]")
def scores_by_one_matrix(s, H, W1, W2, v):
    repeated = ops.repeat(s[:, None], H.shape[1], axis=1)
    joined = ops.concatenate([repeated, H], axis=-1)
    hidden = ops.tanh(joined @ ops.concatenate([W1, W2], axis=0))
    return ops.squeeze(hidden @ v[:, None], axis=-1)


@exercise.equivalent("position by position")
def scores_by_position(s, H, W1, W2, v):
    asked = s @ W1
    columns = [ops.tanh(asked + H[:, i] @ W2) @ v[:, None] for i in range(H.shape[1])]
    return ops.concatenate(columns, axis=1)


@exercise.equivalent("in float32")
def scores_float32(s, H, W1, W2, v):
    s, H, W1, W2, v = (ops.cast(x, "float32") for x in (s, H, W1, W2, v))
    return ops.sum(ops.tanh((s @ W1)[:, None] + H @ W2) * v, axis=2)


exercise.symptom("no_gradient", LOST)(no_gradient)
