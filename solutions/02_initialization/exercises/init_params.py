"""Unit 02, `init_params`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder import Case, Exercise, accuracy, digit_pictures, exact, within

from .cases import CORNER, VARIANCES, law, named, seed_of, sizes, statistics, wide_sizes

exercise = Exercise("init_params", points=7)
# Measured by benchmarks/calibrate_02.py.  Ten hidden relu layers on 450 unseen digits, 20 seeds of
# digits, start and batches for each legal distribution: normal 0.9343, sd 0.0141, 0.9067 to 0.9667;
# uniform 0.9329, sd 0.0145, 0.8978 to 0.9578; truncated 0.9346, sd 0.0133, 0.9044 to 0.9533.  The
# floor is the lowest mean less 2 sd (0.9038), less one point for the long lower tail.
#
# The falling learning rate, 8 epochs and batches of 64 follow from no theory: they were found by
# trying, on such digits, so the numbers above hold for this setting and say nothing of another.
DIGITS_FLOOR, DIGITS_TYPICAL = 0.89, 0.935
# The logarithm of the spread in layer 20 of 100 relu units, 1000 seeds for each distribution: means
# -0.36 to -0.34, sd 0.41 to 0.42, no draw further than 3.4 sd away (five pass).
DEEP_MEAN, DEEP_SD = -0.35, 0.42
SQUARE = 80  # of independent weights so many rows and columns come back


def zero_sizes(rng: np.random.Generator) -> Iterator[Case]:
    for layer_dims in ([4, 3, 2], [3, 5, 2, 4]):
        yield Case({"layer_dims": layer_dims, "seed": seed_of(rng)}, f"sizes {layer_dims}, zeros")


def wide(scheme: str) -> Callable[[np.random.Generator], Iterator[Case]]:
    """Two wide layers, the law of their weights, and a last layer that isn't looked at."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        layer_dims = [*wide_sizes(rng), 2]
        truth = {}
        for layer, (n_in, n_out) in enumerate(pairwise(layer_dims[:3]), 1):
            std = np.sqrt(VARIANCES[scheme](n_in, n_out))
            truth |= law(f"W{layer}", std, CORNER**2)
        inputs = {"layer_dims": layer_dims, "scheme": scheme, "seed": seed_of(rng)}
        yield Case(inputs | {"corner": CORNER}, f"sizes {layer_dims}, {scheme}", truth)

    return drawn


def square(rng: np.random.Generator) -> Iterator[Case]:
    """Two layers of nearly one size, of which as many rows and columns come back."""
    count = SQUARE**2
    truth = {
        f"correlation of {what}": (0.0, 1 / np.sqrt(n))
        for what, n in (
            ("W1 and W2", count),
            ("two calls with one rng", count),
            ("neighbouring rows", count - SQUARE),
            ("neighbouring columns", count - SQUARE),
        )
    }
    inputs = {"layer_dims": [150, 130, 140, 2], "seed": seed_of(rng), "corner": SQUARE}
    yield Case(inputs, "sizes [150, 130, 140, 2], he", truth)


def seeds(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"layer_dims": [4, 3, 2], "seed": seed_of(rng)}, "sizes [4, 3, 2], he")


def deep(rng: np.random.Generator) -> Iterator[Case]:
    truth = {"log of the spread of A20": (DEEP_MEAN, DEEP_SD)}
    yield Case({"layer_dims": [100] * 21, "seed": seed_of(rng)}, "20 layers, relu, he", truth)


def digits_task(rng: np.random.Generator) -> Iterator[Case]:
    """2700 digits to train with, half of them dark on bright; labels of 450 others stay here."""
    pictures, labels = digit_pictures(rng, 3150, (8, 8), (7, 8), clutter=0, noise=0.05)
    pixels = pictures.reshape(3150, 64).T
    inputs = {"pixels": pixels[:, :2700], "labels": labels[:2700], "unseen": pixels[:, 2700:]}
    yield Case(inputs | {"seed": seed_of(rng)}, "drawn digits", {"labels": labels[2700:]})


# What was drawn comes back and is measured outside: who sends numbers that pass has drawn them.
def shapes(value, inputs):
    """Names, shapes and kinds of numbers."""
    params = value["params"]
    return {
        "names": ", ".join(sorted(params)),
        **{f"shape of {name}": str(np.shape(params[name])) for name in sorted(params)},
        "all hold floats": {np.asarray(array).dtype.kind for array in params.values()} == {"f"},
        "layer_dims is unchanged": list(value["layer_dims"]) == list(inputs["layer_dims"]),
    }


@exercise.check(points=1, cases=sizes, judge=exact(secret=False), measure=shapes)
def form(program, layer_dims, scheme, seed):
    """`init_params` returns `W1, b1, …, WL, bL`, floats of the right shapes"""
    params = program.init_params(layer_dims, scheme, np.random.default_rng(seed))
    arrays = {name: np.asarray(value) for name, value in params.items()}
    return {"params": arrays, "layer_dims": list(layer_dims)}


def weights_not_0(value, inputs):
    """How many weights are not 0."""
    weights = [array for name, array in value.items() if name.startswith("W")]
    return {
        "there are weights": bool(weights),
        "weights that are not 0": sum(int(np.count_nonzero(W)) for W in weights),
    }


@exercise.check(points=0.5, cases=zero_sizes, judge=exact(secret=False), measure=weights_not_0)
def zero_weights(program, layer_dims, seed):
    """With `zeros` all weights are 0"""
    params = program.init_params(layer_dims, "zeros", np.random.default_rng(seed))
    return {name: np.asarray(value) for name, value in params.items()}


def biases_not_0(value, inputs):
    """How many biases are not 0."""
    biases = [array for name, array in value.items() if name.startswith("b")]
    return {
        "there are biases": bool(biases),
        "biases that are not 0": sum(int(np.count_nonzero(b)) for b in biases),
    }


@exercise.check(points=0.5, cases=sizes, judge=exact(secret=False), measure=biases_not_0)
def zero_biases(program, layer_dims, scheme, seed):
    """All biases are 0, whatever the scheme"""
    params = program.init_params(layer_dims, scheme, np.random.default_rng(seed))
    return {name: np.asarray(value) for name, value in params.items()}


def weights_of(program, layer_dims, scheme, seed, corner):
    params = program.init_params(layer_dims, scheme, np.random.default_rng(seed))
    # By number: how the first one is called is a question of form.
    names = sorted((len(name), name) for name in params if name.startswith("W"))
    return {
        f"W{layer}": np.asarray(params[names[layer - 1][1]])[:corner, :corner] for layer in (1, 2)
    }


for scheme, variance in (
    ("fan_in", "1/n_in"),
    ("he", "2/n_in"),
    ("glorot", "2/(n_in + n_out)"),
):
    claim = f"With `{scheme}` weights have mean 0 and variance {variance}, in every layer"
    exercise.check(
        points=1,
        cases=wide(scheme),
        judge=within(),
        counts_alone=True,
        measure=statistics,
    )(named(weights_of, f"{scheme}_weights", claim))


def correlations(value, inputs):
    """What independent weights don't have."""
    W1, W2, again = (np.asarray(value[name], dtype=float) for name in ("W1", "W2", "again"))

    def correlation(a, b):
        return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    return {
        "correlation of W1 and W2": correlation(W1, W2),
        "correlation of two calls with one rng": correlation(W1, again),
        "correlation of neighbouring rows": correlation(W1[1:], W1[:-1]),
        "correlation of neighbouring columns": correlation(W1[:, 1:], W1[:, :-1]),
    }


@exercise.check(points=0.5, cases=square, judge=within(), counts_alone=True, measure=correlations)
def independent(program, layer_dims, seed, corner):
    """Weights are independent: of each other, from layer to layer, from call to call"""
    rng, found = np.random.default_rng(seed), []
    for _ in range(2):
        params = program.init_params(layer_dims, "he", rng)
        names = sorted((len(name), name) for name in params if name.startswith("W"))
        found += [np.asarray(params[name])[:corner, :corner] for _, name in names[:2]]
    return dict(zip(("W1", "W2", "again"), found, strict=False))


def repetitions(value, inputs):
    """Whether one generator gives one set of weights, and another one another."""
    first, again, other = value["first"], value["again"], value["other"]
    together = [np.concatenate(layers) for layers in (first, again, other)]
    return {
        "the same rng gives the same weights": bool(np.array_equal(together[0], together[1])),
        "another rng gives other weights": not np.array_equal(together[0], together[2]),
        "weights of one layer differ": bool(max(np.ptp(W) for W in first) > 0),
    }


@exercise.check(points=0.5, cases=seeds, judge=exact(secret=False), measure=repetitions)
def repeatable(program, layer_dims, seed):
    """All randomness comes from `rng`: the same one gives the same weights, another one others"""

    def layers(seed):
        params = program.init_params(layer_dims, "he", np.random.default_rng(seed))
        return [np.ravel(params[name]) for name in sorted(params) if name[0] == "W"]

    return {"first": layers(seed), "again": layers(seed), "other": layers(seed + 1)}


# A signal that stays is the same for everybody, so no sign of an answer.
@exercise.check(points=0.25, cases=deep, judge=within(), counts_alone=False)
def deep_signal(program, layer_dims, seed):
    """With `he`, the signal is as large as ever after 20 relu layers"""
    rng = np.random.default_rng(seed)
    params = program.init_params(layer_dims, "he", rng)
    A = rng.normal(size=(layer_dims[0], 200))
    with np.errstate(all="ignore"):
        for _, name in sorted((len(name), name) for name in params if name.startswith("W")):
            A = np.maximum(params[name] @ A, 0)
        return {"log of the spread of A20": np.log(A.std())}


@exercise.check(
    points=0.75,
    cases=digits_task,
    judge=accuracy(DIGITS_FLOOR, DIGITS_TYPICAL),
    tries=3,
    guessed_by={"neighbour": "the topic is the start of a deep network, not what only one can do"},
)
def learns_digits(program, pixels, labels, unseen, seed):
    """From `he`, a network of ten hidden relu layers learns to read digits in eight epochs"""
    rng = np.random.default_rng(seed)
    dims = [64] * 11 + [10]
    params = program.init_params(dims, "he", rng)
    # Only the numbers count: names and shapes have a check of their own.
    names = [name for _, name in sorted((len(name), name) for name in params)]
    W, b = ([params[name] for name in names if name[0] == letter] for letter in "Wb")
    W = [np.reshape(W[k], (dims[k + 1], dims[k])) for k in range(11)]
    b = [np.reshape(b[k], (dims[k + 1], 1)) for k in range(11)]
    moving = [[0 * value for value in values] for values in (W, b)]
    X, losses = (pixels / 16 - 0.5) / 0.42, []

    def activations(A):
        found = [A]
        for k in range(11):
            Z = W[k] @ found[-1] + b[k]
            found.append(np.maximum(Z, 0) if k < 10 else Z)
        return found

    with np.errstate(all="ignore"):
        for epoch in range(8):
            rate = 0.02 * (1 - epoch / 8)
            for batch in np.array_split(rng.permutation(labels.size), 42):
                A, rows = activations(X[:, batch]), np.arange(batch.size)
                E = np.exp(A[-1] - A[-1].max(axis=0))
                dZ = E / E.sum(axis=0)
                losses.append(-np.log(dZ[labels[batch], rows] + 1e-12).mean())
                dZ[labels[batch], rows] -= 1
                for k in range(10, -1, -1):
                    slopes = dZ @ A[k].T / batch.size, dZ.mean(axis=1, keepdims=True)
                    dZ = W[k].T @ dZ * (A[k] > 0)
                    for values, speeds, slope in zip((W, b), moving, slopes, strict=True):
                        speeds[k] = 0.9 * speeds[k] - rate * slope
                        values[k] = values[k] + speeds[k]
        guesses = activations((unseen / 16 - 0.5) / 0.42)[-1].argmax(axis=0)
    return {"predictions": guesses, "losses": np.array(losses)}


DRAW = "rng.normal(size=(n_out, n_in))"
SCALED = f"np.sqrt(variance) * {DRAW}"
HE = "variance = 2 / n_in\n"
GLOROT = "variance = 2 / (n_in + n_out)"
FAN_IN = "variance = 1 / n_in"
exercise.variant(
    "IN1",
    "Your weights are never negative: they come from numbers between 0 and 1, whose mean is ½. "
    "Then all units of a layer agree, and the signal explodes with depth. Draw numbers with mean "
    "0: this is the `rand` of the notes, where `randn` was meant.",
    {DRAW: "rng.random((n_out, n_in))"},
)
exercise.variant(
    "IN2",
    "You moved uniform numbers so that their mean is 0, which is right; but numbers that are "
    "uniform over an interval of length 1 have standard deviation √(1/12), not 1. Yours are 3.5 "
    "times too small.",
    {DRAW: "(rng.random((n_out, n_in)) - 0.5)"},
)
exercise.variant(
    "IN3",
    "You divide by the number of units of the layer. What counts is how many numbers each unit "
    "adds up: the number of its inputs, the size of the layer before.",
    {HE: "variance = 2 / n_out\n", FAN_IN: "variance = 1 / n_out"},
)
exercise.variant(
    "IN4",
    "You multiply by the variance. Multiplying by a number multiplies the *standard deviation* by "
    "it, and the standard deviation is the root of the variance.",
    {"np.sqrt(variance)": "variance"},
)
exercise.variant(
    "IN5",
    "Your `he` is `fan_in`: the factor 2 is missing. relu throws away half of the mean square in "
    "every layer, and the 2 makes up for it.",
    {HE: "variance = 1 / n_in\n"},
)
exercise.variant(
    "IN6",
    "Your weight matrices lie on their side. A row belongs to a unit, a column to an input: as "
    "many rows as the layer has units.",
    {"size=(n_out, n_in)": "size=(n_in, n_out)"},
)
exercise.variant(
    "IN7",
    "Every layer is cut from the same random numbers: a generator that is made anew with the same "
    "seed begins again from the same place. Draw everything from the one `rng` that you are given.",
    {DRAW: "np.random.default_rng(0).normal(size=(n_out, n_in))"},
)
exercise.variant(
    "IN8",
    "Your biases are random. They begin at 0: the random weights make the units differ already.",
    {"np.zeros((n_out, 1))": "rng.normal(size=(n_out, 1)) * 0.1"},
)
exercise.variant(
    "IN9",
    "All weights of a layer are equal. That is the notes' `wi = 1/n` to the letter; but the "
    "*variance* is meant. Equal weights make all units of a layer copies of one, for ever.",
    {SCALED: "np.full((n_out, n_in), variance)"},
)
exercise.variant(
    "IN10",
    "The last layer is missing. `layer_dims` holds the number of features, too, so there is one "
    "layer less than there are numbers; and a range ends before its end.",
    {"range(1, len(layer_dims))": "range(1, len(layer_dims) - 1)"},
)
exercise.variant(
    "IN11",
    "Your layers count from 0. They count from 1 here, as in the notes: `W1` leads from the "
    "features to the first hidden layer.",
    {
        'params[f"W{layer}"]': 'params[f"W{layer - 1}"]',
        'params[f"b{layer}"]': 'params[f"b{layer - 1}"]',
    },
)
exercise.variant(
    "IN12",
    "Your biases have one axis. They are columns, with a 1 at the end of their shape, so that "
    "they broadcast over the examples.",
    {"np.zeros((n_out, 1))": "np.zeros(n_out)"},
)
exercise.variant(
    "IN13",
    "Your weights have the same small size in every layer. The right size depends on the number "
    "of inputs; with a fixed one the signal vanishes in a deep network.",
    {"np.sqrt(variance) *": "0.01 * np.sign(variance) *"},
)
exercise.variant(
    "IN14",
    "You draw from a generator of your own, so that nobody can repeat your run. Draw from the "
    "`rng` that you are given.",
    {DRAW: "np.random.normal(size=(n_out, n_in))"},
)
exercise.variant(
    "IN15",
    "Your `glorot` lacks its 2. It stands for the *mean* of the numbers of inputs and outputs, "
    "which is half of their sum.",
    {GLOROT: "variance = 1 / (n_in + n_out)"},
)
exercise.variant(
    "IN16",
    "Your `glorot` is √3 times too wide. The root of 6/(n_in + n_out) is the end of the interval "
    "that *uniform* numbers come from, not a standard deviation.",
    {GLOROT: "variance = 6 / (n_in + n_out)"},
)
exercise.variant(
    "IN17",
    "You draw uniform numbers up to the standard deviation. Most of them are much nearer to 0: "
    "uniform between -c and c has standard deviation c/√3.",
    {DRAW: "rng.uniform(-1, 1, (n_out, n_in))"},
)
exercise.variant(
    "IN18",
    "Every layer is scaled by the number of features. Each layer has its own number of inputs: "
    "the size of the layer before it.",
    {
        "n_in, n_out = layer_dims[layer - 1], layer_dims[layer]": (
            "n_in, n_out = layer_dims[0], layer_dims[layer]"
        ),
        "size=(n_out, n_in)": "size=(n_out, layer_dims[layer - 1])",
    },
)
exercise.variant(
    "IN19",
    "All units of a layer begin with the same weights: they are random, but drawn for one unit "
    "only. Draw every weight anew.",
    {DRAW: "np.tile(rng.normal(size=(1, n_in)), (n_out, 1))"},
)
exercise.variant(
    "IN20",
    "Your `zeros` are not 0, only small. They are meant to be exactly 0 here, to show what goes "
    "wrong then.",
    {"variance = 0.0": "variance = 1e-4"},
)


@exercise.equivalent("uniform")
def init_uniform(layer_dims, scheme, rng):
    params = {}
    for layer in range(1, len(layer_dims)):
        n_in, n_out = layer_dims[layer - 1], layer_dims[layer]
        fan = {"fan_in": n_in, "he": n_in / 2, "glorot": (n_in + n_out) / 2}
        limit = 0.0 if scheme == "zeros" else (3 / fan[scheme]) ** 0.5
        params[f"b{layer}"] = np.zeros((n_out, 1))
        params[f"W{layer}"] = rng.uniform(-limit, limit, (n_out, n_in))
    return params


@exercise.equivalent("truncated normal")
def init_truncated(layer_dims, scheme, rng):
    params = {}
    for layer in range(1, len(layer_dims)):
        n_out, n_in = layer_dims[layer], layer_dims[layer - 1]
        shape = (n_out, n_in)
        if scheme == "zeros":
            params[f"W{layer}"] = np.zeros(shape)
        else:
            scale = {"fan_in": 1 / n_in, "he": 2 / n_in, "glorot": 2 / sum(shape)}[scheme]
            W = rng.standard_normal(shape)
            while (far := np.abs(W) > 2).any():
                W[far] = rng.standard_normal(far.sum())
            params[f"W{layer}"] = W * (scale**0.5 / 0.87962566103423978)
        params[f"b{layer}"] = np.zeros((n_out, 1))
    return params


@exercise.equivalent("unit by unit, last layer first")
def init_unit_by_unit(layer_dims, scheme, rng):
    sigma = {
        "zeros": lambda a, b: 0.0,
        "fan_in": lambda a, b: a**-0.5,
        "he": lambda a, b: (2 / a) ** 0.5,
        "glorot": lambda a, b: (2 / (a + b)) ** 0.5,
    }[scheme]
    params = {}
    # From the last layer to the first: the order of drawing is free.
    for layer in reversed(range(1, len(layer_dims))):
        n_in, n_out = layer_dims[layer - 1 : layer + 1]
        rows = [rng.normal(0.0, sigma(n_in, n_out), n_in) for _ in range(n_out)]
        params[f"W{layer}"] = np.stack(rows)
        params[f"b{layer}"] = np.array([[0.0]] * n_out)
    return params


exercise.equivalent("float32", {DRAW: "rng.standard_normal((n_out, n_in), dtype=np.float32)"})
exercise.equivalent("transposed draws", {DRAW: "rng.normal(size=(n_in, n_out)).T"})
exercise.equivalent("biases without a draw", {"np.zeros((n_out, 1))": "0.0 * np.ones((n_out, 1))"})


@exercise.symptom(
    "exploded",
    "The very first loss is far above log 10, that of guessing: the weights are so large that the "
    "signal explodes on its way through the layers.",
)
def exploded(got: Any) -> bool:
    return not got["losses"][0] < 10


@exercise.symptom(
    "dead",
    "The loss stays at log 10, where guessing starts: no gradient reaches the weights. The signal "
    "is too small, or all units are alike.",
)
def dead(got: Any) -> bool:
    first, late = got["losses"][0], got["losses"][168:]
    return bool(first < 10 and np.abs(late - np.log(10)).max() < 0.1)
