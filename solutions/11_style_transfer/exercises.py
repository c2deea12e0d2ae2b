"""Unit 11, neural style transfer: content cost, Gram matrix, style costs, a step on the picture.

Inputs.  Height, width and channels all differ, so that no reshape or transposition passes; one
place or one layer alone is a case of its own, where most slips don't show, so that partial work
keeps some points.  Costs are judged in float64 with their gradients; the step in float32, which is
what pictures and networks are made of, with plain gradient descent: Adam's first step keeps nothing
of a gradient but its sign.

Laws of the Gram matrix and the costs (symmetry, no negative eigenvalue, k² and k⁴, nothing where
nothing differs) follow from the values, which are compared to a billionth; test_unit_11.py has them
for the reference.  Two are checks, since they are the idea: neither the order of places
nor the number of tiles matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder import Case, Unit, at_most, close, equal_sides, exact, float32, float64, probes

if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    from keras import ops

# Its functions take TensorFlow's tensors, and the step is a gradient tape's.
unit = Unit("11_style_transfer", framework="keras", backends=("tensorflow",))

Array = np.ndarray[Any, Any]

SIZES = ((4, 6, 3), (5, 2, 4), (3, 3, 7))


def blocks(rng: np.random.Generator, H: int, W: int, C: int) -> dict[str, Array]:
    """Two blocks of activations, positive as after a ReLU, none of them 0."""
    return {name: rng.uniform(0.1, 1.5, (H, W, C)) for name in ("a", "b")}


def named(size: tuple[int, ...]) -> str:
    return "H, W, C = {}, {}, {}".format(*size)


def pairs(rng: np.random.Generator) -> Iterator[Case]:
    for size in SIZES:
        yield Case(blocks(rng, *size), named(size))


# ------------------------------------------------------------------------------------ content_cost

content_cost = unit.exercise("content_cost", points=3)


def single_numbers(rng: np.random.Generator) -> Iterator[Case]:
    """One place with one channel: nothing to add up, and all sizes are 1."""
    for _ in range(2):
        yield Case(blocks(rng, 1, 1, 1), "one place, one channel")


@content_cost.check(points=0.25, cases=single_numbers, judge=close(float64))
def content_of_one_number(program, a, b):
    """Of one place and one channel the cost is a quarter of the squared difference, shape `()`"""
    return {"cost": program.content_cost(*probes.to_tensors([a, b]))}


@content_cost.check(points=1, cases=pairs, judge=close(float64))
def content(program, a, b):
    """The squared differences are added up and divided by 4·H·W·C"""
    return {"cost": program.content_cost(*probes.to_tensors([a, b]))}


@content_cost.check(points=0.5, cases=pairs, judge=close(float64))
def content_in_proportion(program, a, b):
    """Apart from a constant factor the cost is right: another picture's is in proportion"""
    one, other = (program.content_cost(*probes.to_tensors(pair)) for pair in ([a, b], [a, b**2]))
    return {"one cost by the other": one / other}


@content_cost.check(points=1, cases=pairs, judge=close(float64))
def content_gradient(program, a, b):
    """The gradient comes back to the generated picture's activations"""
    target = probes.to_tensors(a)
    (gradient,) = probes.vjp(lambda moved: program.content_cost(target, moved), b)
    return {"gradient of aG": gradient}


@content_cost.check(points=0.25, cases=pairs, judge=exact(secret=False))
def target_is_constant(program, a, b):
    """The content's activations are a constant: no gradient goes back to them"""
    first, second = probes.vjp(program.content_cost, a, b)
    return {
        "a gradient reaches aC": first is not None and bool(np.any(first)),
        "a gradient reaches aG": second is not None and bool(np.any(second)),
    }


DIFFERENCE = "difference = ops.stop_gradient(aC) - aG"
CONTENT = "return ops.sum(ops.square(difference)) / (4 * H * W * C)"

content_cost.variant(
    "CC1",
    "Your cost is four times as large as asked for: the notes divide by 4·H·W·C, not by the number "
    "of entries alone.",
    {"(4 * H * W * C)": "(H * W * C)"},
)
content_cost.variant(
    "CC2",
    "You have Gatys' constant, a half of the sum. Asked for is the notes': divided by 4·H·W·C, so "
    "that the cost doesn't depend on the size of the block.",
    {CONTENT: "return ops.sum(ops.square(difference)) / 2"},
)
content_cost.variant(
    "CC3",
    "You divide by the number of places only. There are H·W·C entries.",
    {"(4 * H * W * C)": "(4 * H * W)"},
)
content_cost.variant(
    "CC4",
    "You take the absolute differences. Asked for are their squares.",
    {"ops.square(difference)": "ops.absolute(difference)"},
)
content_cost.variant(
    "CC5",
    "The target pulls back: a gradient goes to the content's activations too. They are a constant.",
    {DIFFERENCE: "difference = aC - aG"},
)
content_cost.variant(
    "CC6",
    "You cut the gradient on the wrong side: the generated picture's activations are what must "
    "learn, the content's are the target.",
    {DIFFERENCE: "difference = aC - ops.stop_gradient(aG)"},
)
content_cost.variant(
    "NS9",
    "Your number is right, but no gradient comes back through it: NumPy, `.numpy()` and `float()` "
    "hand on numbers without it. Stay within keras.ops.",
    {
        CONTENT: "value = ops.sum(ops.square(difference)) / (4 * H * W * C)\n"
        "    return ops.convert_to_tensor(ops.convert_to_numpy(value))"
    },
)
content_cost.variant(
    "CC7",
    "You have the style's cost: Gram matrices forget the places. Content is compared place by "
    "place.",
    {
        DIFFERENCE: "difference = ops.einsum('hwi,hwj->ij', ops.stop_gradient(aC), aC) "
        "- ops.einsum('hwi,hwj->ij', aG, aG)"
    },
)


def content_by_mean(aC, aG):
    return ops.mean((aG - ops.stop_gradient(aC)) ** 2) / 4


def content_flat(aC, aG):
    difference = ops.reshape(aG, (-1,)) - ops.reshape(ops.stop_gradient(aC), (-1,))
    return 0.25 * ops.dot(difference, difference) / difference.shape[0]


content_cost.equivalent("mean", content_by_mean)
content_cost.equivalent("dot product", content_flat)


@content_cost.symptom(
    "no_gradient",
    "Somewhere on the way the gradient is lost: NumPy, `.numpy()` and `float()` hand on numbers "
    "without it.",
)
def no_content_gradient(got: Any) -> bool:
    return "gradient of aG" in got and got["gradient of aG"] is None


# ------------------------------------------------------------------------------------- gram_matrix

gram_matrix = unit.exercise("gram_matrix", points=4)


def places(rng: np.random.Generator) -> Iterator[Case]:
    """A single place: how channels lie in memory makes no difference."""
    for C in (3, 5):
        yield Case({"a": rng.uniform(0.1, 1.5, (1, 1, C))}, f"one place, {C} channels")


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


@gram_matrix.check(points=0.75, cases=places, judge=close(float64))
def gram_of_one_place(program, a):
    """Of a single place the Gram matrix holds the products of its channels"""
    return {"gram": program.gram_matrix(probes.to_tensors(a))}


@gram_matrix.check(points=1.75, cases=activations, judge=close(float64))
def gram(program, a):
    """Entry (i, j) is the inner product of channels i and j over all places"""
    return {"gram": program.gram_matrix(probes.to_tensors(a))}


@gram_matrix.check(
    points=0.5,
    cases=shuffled,
    judge=equal_sides("the Gram matrix of a block, and that of the block with its places shuffled"),
)
def places_are_forgotten(program, a, order):
    """Shuffled places give the same Gram matrix: style is what occurs together, anywhere"""
    moved = a.reshape(-1, a.shape[2])[order].reshape(a.shape)
    one, other = (program.gram_matrix(probes.to_tensors(x)) for x in (a, moved))
    return {"left": {"gram": one}, "right": {"gram": other}}


@gram_matrix.check(points=1, cases=weighted, judge=close(float64))
def gram_gradient(program, a, cotangent):
    """Gradients come back to the activations"""
    (gradient,) = probes.vjp(program.gram_matrix, a, cotangent=cotangent)
    return {"gradient of a": gradient}


ROWS = "places = ops.reshape(a, (-1, channels))"
GRAM = "return ops.matmul(ops.transpose(places), places)"

gram_matrix.variant(
    "NS1",
    "You reshape to `(C, H*W)` without a transpose. The numbers only change their count: a row "
    "then holds parts of all channels. Bring the channels to the front first, or keep them last.",
    {ROWS: "rows = ops.reshape(a, (channels, -1))", GRAM: "return rows @ ops.transpose(rows)"},
)
gram_matrix.variant(
    "NS2",
    "You have the products of places, `(H*W, H*W)`: which place answers like which. Asked for are "
    "those of channels.",
    {GRAM: "return ops.matmul(places, ops.transpose(places))"},
)
gram_matrix.variant(
    "NS3",
    "You divide by the number of places. The Gram matrix is a plain sum; the style cost divides, "
    "and it would do so twice.",
    {GRAM: GRAM + " / places.shape[0]"},
)
# The functions take no axis for examples (CURRICULUM 4b), so what is folded is the width.
gram_matrix.variant(
    "NS4",
    "You fold the width into the channels. Height and width are both places; of each channel there "
    "is one.",
    {ROWS: "places = ops.reshape(a, (a.shape[0], -1))"},
)
gram_matrix.variant(
    "GM1",
    "You take the mean of each channel away first. That is the covariance; the Gram matrix has "
    "plain inner products.",
    {GRAM: "places = places - ops.mean(places, axis=0)\n    " + GRAM},
)
gram_matrix.variant(
    "GM2",
    "You scale every channel to length 1: that is a matrix of cosines, whose diagonal is 1. In the "
    "Gram matrix the diagonal says how much a channel answers.",
    {GRAM: "places = places / ops.norm(places, axis=0)\n    " + GRAM},
)
gram_matrix.variant(
    "NS9",
    "Your numbers are right, but no gradient comes back through them: NumPy and `.numpy()` hand on "
    "numbers without it. Stay within keras.ops.",
    {GRAM: "places = ops.convert_to_tensor(ops.convert_to_numpy(places))\n    " + GRAM},
)


def gram_by_einsum(a):
    return ops.einsum("hwi,hwj->ij", a, a)


def gram_channels_first(a):
    rows = ops.reshape(ops.transpose(a, (2, 0, 1)), (a.shape[2], a.shape[0] * a.shape[1]))
    return rows @ ops.transpose(rows)


def gram_by_tensordot(a):
    return ops.tensordot(a, a, axes=[[0, 1], [0, 1]])


gram_matrix.equivalent("einsum", gram_by_einsum)
gram_matrix.equivalent("channels first", gram_channels_first)
gram_matrix.equivalent("tensordot", gram_by_tensordot)

# -------------------------------------------------------------------------------- style_layer_cost

style_layer_cost = unit.exercise("style_layer_cost", points=3, uses=("gram_matrix",))


@style_layer_cost.check(points=0.5, cases=single_numbers, judge=close(float64))
def style_of_one_number(program, a, b):
    """Of one place and one channel the cost is a quarter of the squared difference of squares"""
    return {"cost": program.style_layer_cost(*probes.to_tensors([a, b]))}


@style_layer_cost.check(points=1, cases=pairs, judge=close(float64))
def style_of_a_layer(program, a, b):
    """Squared differences of the Gram matrices, divided by 4·C²·(H·W)²"""
    return {"cost": program.style_layer_cost(*probes.to_tensors([a, b]))}


@style_layer_cost.check(points=0.25, cases=pairs, judge=close(float64))
def style_in_proportion(program, a, b):
    """Apart from a constant factor the cost is right: another picture's is in proportion"""
    one, other = (
        program.style_layer_cost(*probes.to_tensors(pair)) for pair in ([a, b], [a, b**2])
    )
    return {"one cost by the other": one / other}


@style_layer_cost.check(
    points=0.25,
    cases=pairs,
    judge=equal_sides("the cost of two blocks, and of both laid out twice, side by side"),
)
def tiles(program, a, b):
    """A wall of equal tiles has the style of one tile"""
    once = program.style_layer_cost(*probes.to_tensors([a, b]))
    twice = program.style_layer_cost(
        *probes.to_tensors([np.concatenate([x, x], axis=1) for x in (a, b)])
    )
    return {"left": {"cost": twice}, "right": {"cost": once}}


@style_layer_cost.check(points=1, cases=pairs, judge=close(float64))
def style_gradient(program, a, b):
    """The gradient comes back to the generated picture's activations"""
    target = probes.to_tensors(a)
    (gradient,) = probes.vjp(lambda moved: program.style_layer_cost(target, moved), b)
    return {"gradient of aG": gradient}


GRAMS = "difference = gram_matrix(aS) - gram_matrix(aG)"
SHARE = "(4 * C**2 * (H * W) ** 2)"

style_layer_cost.variant(
    "NS3a",
    "You divide by C where C² is asked for: the matrix has C² entries.",
    {SHARE: "(4 * C * (H * W) ** 2)"},
)
style_layer_cost.variant(
    "NS3b",
    "You divide by H·W where its square is asked for. An entry grows with the number of places, "
    "its square with the square of it: a picture laid out twice would cost more.",
    {SHARE: "(4 * C**2 * (H * W))"},
)
style_layer_cost.variant(
    "NS3c",
    "You divide by the number of places twice: each Gram matrix by H·W, and their squares by "
    "(H·W)² once more.",
    {GRAMS: "difference = (gram_matrix(aS) - gram_matrix(aG)) / (H * W)"},
)
style_layer_cost.variant(
    "NS3d",
    "The factor 4 is missing in the divisor.",
    {SHARE: "(C**2 * (H * W) ** 2)"},
)
style_layer_cost.variant(
    "NS5",
    "You compare the activations themselves, place by place. That asks for the style's *content*; "
    "compare the Gram matrices.",
    {GRAMS: "difference = aS - aG"},
)
style_layer_cost.variant(
    "SL1",
    "You take the absolute differences of the Gram matrices. Asked for are their squares.",
    {"ops.square(difference)": "ops.absolute(difference)"},
)
style_layer_cost.variant(
    "SL2",
    "You compare the diagonals only. What occurs together stands beside them.",
    {GRAMS: "difference = ops.diagonal(gram_matrix(aS)) - ops.diagonal(gram_matrix(aG))"},
)
style_layer_cost.variant(
    "NS9",
    "Your number is right, but no gradient comes back through it. Stay within keras.ops.",
    {GRAMS: GRAMS + "\n    difference = ops.convert_to_tensor(ops.convert_to_numpy(difference))"},
)


def style_scaled_first(aS, aG):
    H, W, C = aS.shape
    grams = [gram_matrix(a) / (2 * H * W * C) for a in (aS, aG)]
    return ops.sum((grams[1] - grams[0]) ** 2)


def style_alone(aS, aG):
    one = ops.einsum("hwi,hwj->ij", aS, aS) - ops.einsum("hwi,hwj->ij", aG, aG)
    return ops.mean(one * one) / (4 * (aG.shape[0] * aG.shape[1]) ** 2)


style_layer_cost.equivalent("scaled Gram matrices", style_scaled_first)
style_layer_cost.equivalent("without gram_matrix", style_alone)

# -------------------------------------------------------------------------------------- style_cost

style_cost = unit.exercise("style_cost", points=2, uses=("gram_matrix", "style_layer_cost"))


def layers_of(rng: np.random.Generator, sizes: Any) -> dict[str, Any]:
    found = [blocks(rng, *size) for size in sizes]
    return {"S": [pair["a"] for pair in found], "G": [pair["b"] for pair in found]}


def one_layer(rng: np.random.Generator) -> Iterator[Case]:
    for size in SIZES[:2]:
        yield Case(layers_of(rng, [size]) | {"lambdas": [1.0]}, "one layer of weight 1")


def several_layers(rng: np.random.Generator) -> Iterator[Case]:
    """Weights that don't add up to 1."""
    for count in (2, 3):
        lambdas = [float(x) for x in rng.uniform(0.4, 2.5, count)]
        yield Case(layers_of(rng, SIZES[:count]) | {"lambdas": lambdas}, f"{count} layers")


@style_cost.check(points=0.5, cases=one_layer, judge=close(float64))
def style_of_one(program, S, G, lambdas):
    """One layer of weight 1 is that layer's cost"""
    return {"cost": program.style_cost(*probes.to_tensors([S, G]), lambdas)}


@style_cost.check(points=1, cases=several_layers, judge=close(float64))
def style_of_several(program, S, G, lambdas):
    """Of several layers it is the sum, each weighed with its λ"""
    return {"cost": program.style_cost(*probes.to_tensors([S, G]), lambdas)}


@style_cost.check(points=0.5, cases=several_layers, judge=close(float64))
def gradients_of_all(program, S, G, lambdas):
    """Gradients come back to every layer"""
    targets = probes.to_tensors(S)
    found = probes.vjp(lambda *maps: program.style_cost(targets, list(maps), lambdas), *G)
    return {f"gradient of layer {number}": gradient for number, gradient in enumerate(found, 1)}


WEIGHED = "return sum(weight * style_layer_cost(aS, aG) for weight, aS, aG in layers)"

style_cost.variant(
    "NS8a",
    "Your λ play no part: each layer's cost is to be weighed with its own.",
    {WEIGHED: WEIGHED.replace("weight * ", "")},
)
style_cost.variant(
    "NS8b",
    "You divide by the number of layers. It is a weighted sum, not a mean.",
    {WEIGHED: WEIGHED + " / len(lambdas)"},
)
style_cost.variant(
    "NS8c",
    "You divide by the sum of the λ. They need not add up to 1; the sum is taken as it is.",
    {WEIGHED: WEIGHED + " / sum(lambdas)"},
)
style_cost.variant(
    "NS10",
    "Only the last layer counts in your cost. Style is wanted on all of them.",
    {WEIGHED: "return [w * style_layer_cost(aS, aG) for w, aS, aG in layers][-1]"},
)
style_cost.variant(
    "SC1",
    "Your λ are squared, or used twice.",
    {"sum(weight * ": "sum(weight**2 * "},
)
style_cost.variant(
    "SC2",
    "The last layer is missing from your sum.",
    {
        "zip(lambdas, maps_S, maps_G, strict=True)": (
            "zip(lambdas[:-1], maps_S[:-1], maps_G[:-1], strict=True)"
        )
    },
)


def style_by_loop(maps_S, maps_G, lambdas):
    cost = 0.0
    for number in range(len(maps_S)):
        cost = cost + style_layer_cost(maps_S[number], maps_G[number]) * lambdas[number]
    return cost


def style_stacked(maps_S, maps_G, lambdas):
    costs = ops.stack([style_layer_cost(*both) for both in zip(maps_S, maps_G, strict=True)])
    return ops.sum(ops.convert_to_tensor(lambdas, dtype=costs.dtype) * costs)


style_cost.equivalent("a loop", style_by_loop)
style_cost.equivalent("stacked", style_stacked)

# -------------------------------------------------------------------------------------- total_cost

total_cost = unit.exercise("total_cost", points=1)


def equal_weights(rng: np.random.Generator) -> Iterator[Case]:
    weight = float(rng.uniform(0.5, 3))
    costs = {"content": float(rng.uniform(1, 5)), "style": float(rng.uniform(1, 5))}
    yield Case(costs | {"alpha": weight, "beta": weight}, "equal weights")


def two_weights(rng: np.random.Generator) -> Iterator[Case]:
    for ratio in (4.0, 0.2):
        alpha = float(rng.uniform(1, 10))
        beta = ratio * alpha
        costs = {"content": float(rng.uniform(1, 5)), "style": float(rng.uniform(1, 5))}
        yield Case(costs | {"alpha": alpha, "beta": beta}, f"beta {ratio:g} times alpha")


@total_cost.check(points=0.25, cases=equal_weights, judge=close(float64))
def same_weights(program, content, style, alpha, beta):
    """With equal weights it is their sum, times the weight"""
    return {"cost": program.total_cost(*probes.to_tensors(np.array([content, style])), alpha, beta)}


@total_cost.check(points=0.5, cases=two_weights, judge=close(float64))
def different_weights(program, content, style, alpha, beta):
    """`alpha` weighs the content, `beta` the style"""
    return {"cost": program.total_cost(*probes.to_tensors(np.array([content, style])), alpha, beta)}


@total_cost.check(points=0.25, cases=two_weights, judge=close(float64))
def gradients_of_both(program, content, style, alpha, beta):
    """Gradients come back to both costs"""
    found = probes.vjp(
        lambda c, s: program.total_cost(c, s, alpha, beta), np.array(content), np.array(style)
    )
    return {"gradients": np.array(found, dtype=float)}


TOTAL = "return alpha * J_content + beta * J_style"

total_cost.variant(
    "NS8",
    "`alpha` and `beta` are exchanged: alpha weighs the content, beta the style.",
    {TOTAL: "return beta * J_content + alpha * J_style"},
)
total_cost.variant(
    "TC1",
    "Your weights are made to add up to 1. They are used as they are.",
    {TOTAL: "return (alpha * J_content + beta * J_style) / (alpha + beta)"},
)
total_cost.variant(
    "TC2",
    "The content's weight is missing.",
    {TOTAL: "return J_content + beta * J_style"},
)


def total_by_sum(J_content, J_style, alpha, beta):
    return sum(weight * cost for weight, cost in ((beta, J_style), (alpha, J_content)))


def total_by_ops(J_content, J_style, alpha, beta):
    return ops.add(ops.multiply(J_content, alpha), ops.multiply(J_style, beta))


total_cost.equivalent("sum", total_by_sum)
total_cost.equivalent("ops", total_by_ops)

# -------------------------------------------------------------------------------------- style_step

style_step = unit.exercise(
    "style_step",
    points=5,
    uses=("content_cost", "gram_matrix", "style_layer_cost", "style_cost", "total_cost"),
)

# The cost after 30 steps is at most this share of the first.  Measured by benchmarks/calibrate.py
# over 100 seeds of photographs' parts and filters: the reference has mean 0.054, sd 0.048, 0.014
# to 0.364, 0.8 CPU s each; over 20 seeds, the equivalents have the same as the reference to four
# digits.  The bound is the mean plus 2 sd (0.151), rounded up: two seeds exceed it, hence three
# tries.  Over 8 seeds, alpha and beta exchanged leave 0.90 to 0.99, climbing makes it 3 and more,
# a network that is trained leaves 0.1 to 3.2.  The other mistakes let it fall about as far: the
# checks of single steps are for them.
FALL = 0.2


def step_inputs(
    rng: np.random.Generator, H: int, W: int, alpha: float, beta: float, lr: float
) -> dict[str, Any]:
    """Pictures, and the weights of a network of two layers, the second at half the size."""
    shapes = [(3, 3, 3, 4), (4,), (3, 3, 4, 5), (5,)]
    return {
        "image": rng.uniform(0.3, 0.7, (H, W, 3)).astype(np.float32),
        "content": rng.uniform(0, 1, (H, W, 3)).astype(np.float32),
        "style": rng.uniform(0, 1, (H, W, 3)).astype(np.float32),
        "weights": [(0.4 * rng.normal(size=shape)).astype(np.float32) for shape in shapes],
        "lambdas": [float(x) for x in rng.uniform(0.5, 2, 2)],
        "alpha": alpha,
        "beta": beta,
        "lr": lr,
    }


def steps_of_both(rng: np.random.Generator) -> Iterator[Case]:
    """A step that no pixel leaves the range with."""
    for H, W, alpha, beta in ((8, 6, 3.0, 20.0), (6, 10, 8.0, 5.0)):
        yield Case(step_inputs(rng, H, W, alpha, beta, 0.3), f"alpha {alpha:g}, beta {beta:g}")


def steps_of_content(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(step_inputs(rng, 8, 6, 5.0, 0.0, 1.0), "beta 0: content only")


def steps_of_style(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(step_inputs(rng, 8, 6, 0.0, 20.0, 0.3), "alpha 0: style only")


def large_steps(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(step_inputs(rng, 8, 6, 8.0, 20.0, 30.0), "steps that leave the range")


def net(weights):
    """A network with two activation maps, its weights given."""
    picture = keras.Input((None, None, 3))
    one = keras.layers.Conv2D(weights[0].shape[3], 3, padding="same", activation="tanh")(picture)
    small = keras.layers.AveragePooling2D(2)(one)
    two = keras.layers.Conv2D(weights[2].shape[3], 3, padding="same", activation="tanh")(small)
    model = keras.Model(picture, [one, two])
    model.set_weights(weights)
    return model


def targets_of(model, content, style, lambdas, alpha, beta):
    """What `style_step` is to come near to."""
    style_maps = [found[0] for found in model(style[None])]
    return model(content[None])[-1][0], style_maps, lambdas, alpha, beta


def stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, steps):
    """The costs and the picture after some steps of gradient descent with momentum."""
    model = net(weights)
    picture = keras.Variable(image[None])
    optimizer = keras.optimizers.SGD(lr, momentum=0.9)
    targets = targets_of(model, content, style, lambdas, alpha, beta)
    costs = [program.style_step(picture, model, targets, optimizer) for _ in range(steps)]
    return costs, picture, model


@style_step.check(
    points=0.75, cases=steps_of_both, judge=close(float32), helpers=(net, targets_of, stepped)
)
def cost_before(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """The total cost before the step comes back"""
    costs, _, _ = stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, 1)
    return {"cost": np.array(float(costs[0]), dtype=np.float32)}


@style_step.check(
    points=0.75, cases=steps_of_content, judge=close(float32), helpers=(net, targets_of, stepped)
)
def content_only(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """Without style, the step goes towards the content's activations on the last layer"""
    _, picture, _ = stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, 1)
    return {"picture": picture}


@style_step.check(
    points=0.75, cases=steps_of_style, judge=close(float32), helpers=(net, targets_of, stepped)
)
def style_only(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """Without content, the step goes towards the style on all layers"""
    _, picture, _ = stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, 1)
    return {"picture": picture}


@style_step.check(
    points=0.75, cases=steps_of_both, judge=close(float32), helpers=(net, targets_of, stepped)
)
def two_steps(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """Two steps with one optimizer, which remembers the first"""
    costs, picture, _ = stepped(
        program, image, content, style, weights, lambdas, alpha, beta, lr, 2
    )
    return {"cost": np.array(float(costs[1]), dtype=np.float32), "picture": picture}


@style_step.check(
    points=0.75, cases=large_steps, judge=close(float32), helpers=(net, targets_of, stepped)
)
def in_range(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """Pixels that leave [0, 1] are brought back to its border after the step"""
    _, picture, _ = stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, 2)
    return {"picture": picture}


@style_step.check(
    points=0.5, cases=steps_of_both, judge=exact(secret=False), helpers=(net, targets_of, stepped)
)
def network_stays(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """The network's weights stay as they were; the picture moves; a float comes back"""
    costs, picture, model = stepped(
        program, image, content, style, weights, lambdas, alpha, beta, lr, 1
    )
    kept = zip(model.get_weights(), weights, strict=True)
    return {
        "the weights are unchanged": all(np.array_equal(now, old) for now, old in kept),
        "the picture has changed": not np.array_equal(probes.to_arrays(picture)[0], image),
        "a float comes back": isinstance(costs[0], float),
    }


def photographs(rng: np.random.Generator) -> Iterator[Case]:
    """Parts of the two photographs that scikit-learn has, 32 x 32, and random filters."""
    from sklearn.datasets import load_sample_image

    found = {}
    for role, name in (("content", "china.jpg"), ("style", "flower.jpg")):
        top, left = rng.integers(0, 427 - 192), rng.integers(0, 640 - 192)
        part = load_sample_image(name)[top : top + 192, left : left + 192] / 255
        found[role] = part.reshape(32, 6, 32, 6, 3).mean(axis=(1, 3)).astype(np.float32)
    shapes = [(3, 3, 3, 12), (12,), (3, 3, 12, 16), (16,)]
    sizes = [np.sqrt(2 / np.prod(shape[:-1])) * (len(shape) > 1) for shape in shapes]
    weights = [
        (size * rng.normal(size=shape)).astype(np.float32)
        for size, shape in zip(sizes, shapes, strict=True)
    ]
    yield Case(found | {"weights": weights}, "a palace and a flower")


def share_left(got: Any) -> float:
    """The last cost by the first, measured by the check itself."""
    return float(got["last"]) / float(got["first"])


@style_step.check(
    points=0.75,
    cases=photographs,
    judge=at_most(FALL, share_left, "The cost after 30 steps, as a share of the first,"),
    helpers=(net, targets_of),
    tries=3,
    seconds=60,
    public=False,  # the notebook's experiment is the same with larger pictures
)
def cost_falls(program, content, style, weights):
    """Thirty steps of Adam on photographs bring the cost to a fifth of the first, or less"""
    model = net(weights)
    content_map, style_maps, lambdas, alpha, beta = targets_of(
        model, content, style, [1.0, 1.0], 1.0, 100.0
    )
    picture = keras.Variable(content[None])
    optimizer = keras.optimizers.Adam(0.03)

    def cost(found):
        arrays = [np.asarray(probes.to_arrays(one))[0].astype(float) for one in model(found)]
        total = alpha * np.mean((arrays[-1] - probes.to_arrays(content_map)) ** 2) / 4
        for one, wanted in zip(arrays, probes.to_arrays(style_maps), strict=True):
            one, wanted = (x.reshape(-1, x.shape[-1]) for x in (one, np.asarray(wanted)))
            gap = (one.T @ one - wanted.T @ wanted) / (2 * one.size)
            total += beta * np.sum(gap**2)
        return total

    first = cost(picture)
    for _ in range(30):
        program.style_step(
            picture, model, (content_map, style_maps, lambdas, alpha, beta), optimizer
        )
    return {"first": first, "last": cost(picture)}


TAKEN = "gradient = record.gradient(cost, image.value)"
APPLIED = "optimizer.apply([gradient], [image])"
CLIPPED = "image.assign(ops.clip(image, 0.0, 1.0))"
MAPS = "maps = [found[0] for found in features(image)]"
J_STYLE = "J_style = style_cost(style_maps, maps, lambdas)"
J_CONTENT = "J_content = content_cost(content_map, maps[-1])"

style_step.variant(
    "NS6",
    "You train the network: its weights move, and the picture stays. Take the gradient with "
    "respect to the picture, and apply it to the picture.",
    {
        TAKEN: "moved = features.trainable_variables\n"
        "    gradients = record.gradient(cost, [variable.value for variable in moved])",
        APPLIED: "optimizer.build([image, *moved])\n"
        "    optimizer.apply([ops.zeros_like(image), *gradients], [image, *moved])",
    },
)
style_step.variant(
    "NS7a",
    "You don't clip: after the step pixels lie outside of [0, 1].",
    {CLIPPED: "pass"},
)
style_step.variant(
    "NS7b",
    "You clip on the way into the network, not the picture after the step: the pixels stay "
    "outside, and behind the border their slope is 0, so they never come back.",
    {MAPS: "maps = [found[0] for found in features(ops.clip(image, 0.0, 1.0))]", CLIPPED: "pass"},
)
style_step.variant(
    "NS7c",
    "You clip to the wrong range: pixels lie in [0, 1] here, not in [-1, 1] or [0, 255].",
    {CLIPPED: "image.assign(ops.clip(image, -1.0, 1.0))"},
)
style_step.variant(
    "NS8",
    "`alpha` and `beta` are exchanged.",
    {"total_cost(J_content, J_style, alpha, beta)": "total_cost(J_content, J_style, beta, alpha)"},
)
style_step.variant(
    "NS10a",
    "You compare the content on the first layer, or on several. Asked for is the last one alone.",
    {
        J_CONTENT: "C = content_map.shape[-1]\n"
        "        J_content = content_cost(content_map, ops.average_pool("
        "maps[0][None, :, :, :], 2)[0][:, :, :1] + ops.zeros((1, 1, C)))"
    },
)
style_step.variant(
    "NS10b",
    "You ask for the style of the last layer only. The targets have one map for each layer.",
    {J_STYLE: "J_style = style_cost(style_maps[-1:], maps[-1:], lambdas[-1:])"},
)
style_step.variant(
    "SS1",
    "You climb: the picture goes along the gradient, where the cost grows.",
    {APPLIED: "optimizer.apply([-gradient], [image])"},
)
style_step.variant(
    "SS2",
    "You return the cost after the step. Asked for is the one before it, which you have already.",
    {
        "return float(cost)": "maps = [found[0] for found in features(image)]\n"
        "    after = total_cost(content_cost(content_map, maps[-1]), "
        "style_cost(style_maps, maps, lambdas), alpha, beta)\n"
        "    return float(after)"
    },
)
style_step.variant(
    "SS3",
    "Every step has an optimizer of its own, so nothing of the steps before is remembered. Use the "
    "one that is handed over.",
    {APPLIED: "type(optimizer).from_config(optimizer.get_config()).apply([gradient], [image])"},
)
style_step.variant(
    "SS4",
    "The picture never moves: the step changes a copy.",
    {APPLIED: "optimizer.apply([gradient], [keras.Variable(image)])"},
)
style_step.variant(
    "SS5",
    "The number that comes back is a tensor. Asked for is a float.",
    {"return float(cost)": "return cost"},
)


def step_with_numbers(image, features, targets, optimizer):
    content_map, style_maps, lambdas, alpha, beta = targets

    def cost_of(picture):
        maps = [ops.squeeze(found, axis=0) for found in features(picture)]
        return total_cost(
            content_cost(content_map, maps[-1]), style_cost(style_maps, maps, lambdas), alpha, beta
        )

    picture = tf.convert_to_tensor(image)
    with tf.GradientTape() as tape:
        tape.watch(picture)
        cost = cost_of(picture)
    optimizer.apply_gradients([(tape.gradient(cost, picture), image)])
    image.assign(ops.minimum(ops.maximum(image, 0.0), 1.0))
    return float(ops.convert_to_numpy(cost))


def step_from_scratch(image, features, targets, optimizer):
    content_map, style_maps, lambdas, alpha, beta = targets
    with tf.GradientTape() as tape:
        maps = features(image)
        cost = alpha * tf.reduce_mean((maps[-1][0] - content_map) ** 2) / 4
        for weight, wanted, found in zip(lambdas, style_maps, maps, strict=True):
            places = tf.cast(tf.shape(found)[1] * tf.shape(found)[2], tf.float32)
            gap = tf.einsum("nhwi,nhwj->ij", found, found)
            gap = (gap - tf.einsum("hwi,hwj->ij", wanted, wanted)) / places
            cost += beta * weight * tf.reduce_mean(gap**2) / 4
    optimizer.apply(tape.gradient(cost, [image.value]), [image])
    image.assign(tf.clip_by_value(image.value, 0, 1))
    return cost.numpy().item()


style_step.equivalent("a watched tensor", step_with_numbers)
style_step.equivalent("from scratch", step_from_scratch)


@style_step.symptom(
    "stands_still",
    "The cost hardly moves: does the picture change, and in the right direction?",
)
def stands_still(got: Any) -> bool:
    return "last" in got and bool(got["last"] > 0.98 * got["first"])
