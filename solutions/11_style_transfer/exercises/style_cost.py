"""Unit 11, `style_cost`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    float64,
    probes,
)

from .cases import SIZES, blocks

exercise = Exercise("style_cost", points=2, uses=("gram_matrix", "style_layer_cost"))


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


@exercise.check(points=0.5, cases=one_layer, judge=close(float64))
def style_of_one(program, S, G, lambdas):
    """One layer of weight 1 is that layer's cost"""
    return {"cost": program.style_cost(*probes.to_tensors([S, G]), lambdas)}


@exercise.check(points=1, cases=several_layers, judge=close(float64))
def style_of_several(program, S, G, lambdas):
    """Of several layers it is the sum, each weighed with its λ"""
    return {"cost": program.style_cost(*probes.to_tensors([S, G]), lambdas)}


@exercise.check(points=0.5, cases=several_layers, judge=close(float64))
def gradients_of_all(program, S, G, lambdas):
    """Gradients come back to every layer"""
    targets = probes.to_tensors(S)
    found = probes.vjp(lambda *maps: program.style_cost(targets, list(maps), lambdas), *G)
    return {f"gradient of layer {number}": gradient for number, gradient in enumerate(found, 1)}


WEIGHED = "return sum(weight * style_layer_cost(aS, aG) for weight, aS, aG in layers)"
exercise.variant(
    "NS8a",
    "Your λ play no part: each layer's cost is to be weighed with its own.",
    {WEIGHED: WEIGHED.replace("weight * ", "")},
)
exercise.variant(
    "NS8b",
    "You divide by the number of layers. It is a weighted sum, not a mean.",
    {WEIGHED: WEIGHED + " / len(lambdas)"},
)
exercise.variant(
    "NS8c",
    "You divide by the sum of the λ. They need not add up to 1; the sum is taken as it is.",
    {WEIGHED: WEIGHED + " / sum(lambdas)"},
)
exercise.variant(
    "NS10",
    "Only the last layer counts in your cost. Style is wanted on all of them.",
    {WEIGHED: "return [w * style_layer_cost(aS, aG) for w, aS, aG in layers][-1]"},
)
exercise.variant(
    "SC1",
    "Your λ are squared, or used twice.",
    {"sum(weight * ": "sum(weight**2 * "},
)
exercise.variant(
    "SC2",
    "The last layer is missing from your sum.",
    {
        "zip(lambdas, maps_S, maps_G, strict=True)": (
            "zip(lambdas[:-1], maps_S[:-1], maps_G[:-1], strict=True)"
        )
    },
)


@exercise.equivalent("a loop")
def style_by_loop(maps_S, maps_G, lambdas):
    cost = 0.0
    for number in range(len(maps_S)):
        cost = cost + style_layer_cost(maps_S[number], maps_G[number]) * lambdas[number]
    return cost


@exercise.equivalent("stacked")
def style_stacked(maps_S, maps_G, lambdas):
    costs = ops.stack([style_layer_cost(*both) for both in zip(maps_S, maps_G, strict=True)])
    return ops.sum(ops.convert_to_tensor(lambdas, dtype=costs.dtype) * costs)
