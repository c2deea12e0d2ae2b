"""Unit 11, `gram_matrix`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    equal_sides,
    float64,
    probes,
)

from .cases import SIZES, named, places

exercise = Exercise("gram_matrix", points=4)


def activations(rng: np.random.Generator) -> Iterator[Case]:
    for size in SIZES:
        yield Case({"a": rng.uniform(0.1, 1.5, size)}, named(size))


def shuffled(rng: np.random.Generator) -> Iterator[Case]:
    for size in SIZES:
        order = rng.permutation(size[0] * size[1])
        yield Case({"a": rng.uniform(0.1, 1.5, size), "order": order}, named(size))


def weighted(rng: np.random.Generator) -> Iterator[Case]:
    for size in SIZES:
        inputs = {"a": rng.uniform(0.1, 1.5, size), "cotangent": rng.normal(size=size[2:] * 2)}
        yield Case(inputs, named(size))


@exercise.check(points=0.75, cases=places, judge=close(float64))
def gram_of_one_place(program, a):
    """Of a single place the Gram matrix holds the products of its channels"""
    return {"gram": program.gram_matrix(probes.to_tensors(a))}


@exercise.check(points=1.75, cases=activations, judge=close(float64))
def gram(program, a):
    """Entry (i, j) is the inner product of channels i and j over all places"""
    return {"gram": program.gram_matrix(probes.to_tensors(a))}


@exercise.check(
    points=0.5,
    cases=shuffled,
    judge=equal_sides("the Gram matrix of a block, and that of the block with its places shuffled"),
)
def places_are_forgotten(program, a, order):
    """Shuffled places give the same Gram matrix: style is what occurs together, anywhere"""
    moved = a.reshape(-1, a.shape[2])[order].reshape(a.shape)
    one, other = (program.gram_matrix(probes.to_tensors(x)) for x in (a, moved))
    return {"left": {"gram": one}, "right": {"gram": other}}


@exercise.check(points=1, cases=weighted, judge=close(float64))
def gram_gradient(program, a, cotangent):
    """Gradients come back to the activations"""
    (gradient,) = probes.vjp(program.gram_matrix, a, cotangent=cotangent)
    return {"gradient of a": gradient}


ROWS = "places = ops.reshape(a, (-1, channels))"
GRAM = "return ops.matmul(ops.transpose(places), places)"
exercise.variant(
    "NS1",
    "You reshape to `(C, H*W)` without a transpose. The numbers only change their count: a row "
    "then holds parts of all channels. Bring the channels to the front first, or keep them last.",
    {ROWS: "rows = ops.reshape(a, (channels, -1))", GRAM: "return rows @ ops.transpose(rows)"},
)
exercise.variant(
    "NS2",
    "You have the products of places, `(H*W, H*W)`: which place answers like which. Asked for are "
    "those of channels.",
    {GRAM: "return ops.matmul(places, ops.transpose(places))"},
)
exercise.variant(
    "NS3",
    "You divide by the number of places. The Gram matrix is a plain sum; the style cost divides, "
    "and it would do so twice.",
    {GRAM: GRAM + " / places.shape[0]"},
)
# The functions take no axis for examples, so what is folded is the width.
exercise.variant(
    "NS4",
    "You fold the width into the channels. Height and width are both places; of each channel there "
    "is one.",
    {ROWS: "places = ops.reshape(a, (a.shape[0], -1))"},
)
exercise.variant(
    "GM1",
    "You take the mean of each channel away first. That is the covariance; the Gram matrix has "
    "plain inner products.",
    {GRAM: "places = places - ops.mean(places, axis=0)\n    " + GRAM},
)
exercise.variant(
    "GM2",
    "You scale every channel to length 1: that is a matrix of cosines, whose diagonal is 1. In the "
    "Gram matrix the diagonal says how much a channel answers.",
    {GRAM: "places = places / ops.norm(places, axis=0)\n    " + GRAM},
)
exercise.variant(
    "NS9",
    "Your numbers are right, but no gradient comes back through them: NumPy and `.numpy()` hand on "
    "numbers without it. Stay within keras.ops.",
    {GRAM: "places = ops.convert_to_tensor(ops.convert_to_numpy(places))\n    " + GRAM},
)


@exercise.equivalent("einsum")
def gram_by_einsum(a):
    return ops.einsum("hwi,hwj->ij", a, a)


@exercise.equivalent("channels first")
def gram_channels_first(a):
    rows = ops.reshape(ops.transpose(a, (2, 0, 1)), (a.shape[2], a.shape[0] * a.shape[1]))
    return rows @ ops.transpose(rows)


@exercise.equivalent("tensordot")
def gram_by_tensordot(a):
    return ops.tensordot(a, a, axes=[[0, 1], [0, 1]])
