"""Unit 02, initialisation: four schemes in NumPy, the signal by depth, symmetry, and Keras.

What is random is judged by statistics of it, five standard errors wide, never by values: normal,
uniform and truncated draws are all right.  Standard errors are those of normal numbers, the widest
of the three.  Layers have different numbers of inputs and units, so that no fan can stand in for
the other; what a scheme leaves free has checks of its own, so that a wrong shape or a bias costs
no other point.

`activation_stds` and `symmetry_report` are no dice: the former is given its parameters by a
stand-in for `init_params`, so that its own part has one right answer and a wrong `init_params`
costs it nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from autograder import Case, Unit, accuracy, close, exact, float64, unchanged, within

unit = Unit("02_initialization", framework="keras")

Array = np.ndarray[Any, Any]

# Measured by benchmarks/calibrate_02.py.  Ten hidden relu layers on 450 unseen digits, 40 seeds of
# split, start and batches for each legal distribution: normal 0.9453, sd 0.0167, 0.9044 to 0.9711;
# uniform 0.9430, sd 0.0126, 0.9222 to 0.9667; truncated 0.9479, sd 0.0169, 0.8956 to 0.9800.  The
# floor is the lowest mean less 2 sd (0.9119), less one point for the long lower tail.  Mistakes, 5
# seeds each: IN1, IN2, IN4, IN9, IN13 and IN19 end at 0.07 to 0.10, IN17 at 0.07 to 0.20, IN5 at
# 0.75 to 0.86.  Not seen here, but by statistics: IN3 and IN7, which learn like the reference.
#
# Learning rate 0.005, 8 epochs and batches of 32 follow from no theory: they were found by trying,
# on these same digits, so the numbers above hold for this setting and prove nothing about another.
# Six seeds each at other rates, 8 epochs: 0.0025 mean 0.941, sd 0.015; 0.005 0.946, 0.019; 0.01
# 0.954, 0.011; 0.02 0.920, 0.040; 0.05 0.362, 0.385 (from guessing to 0.90).  So 0.005
# lies on a flat stretch, a factor of four below the edge; 0.01 would have done as well.
DIGITS_FLOOR, DIGITS_TYPICAL = 0.90, 0.945
# The logarithm of the spread in layer 20 of 100 relu units, 1000 seeds for each distribution: means
# -0.36 to -0.34, sd 0.41 to 0.42, no draw further than 3.4 sd away (five pass).
DEEP_MEAN, DEEP_SD = -0.35, 0.42


def seed_of(rng: np.random.Generator) -> int:
    """A seed for the generator that the observation makes."""
    return int(rng.integers(2**31))


def named(observation: Callable[..., Any], name: str, claim: str) -> Callable[..., Any]:
    """The observation under another name, for one more check."""
    observation.__name__, observation.__doc__ = name, claim
    return observation


# ----------------------------------------------------------------------------------- init_params

init_params = unit.exercise("init_params", points=7)

VARIANCES: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda n_in, n_out: 1 / n_in,
    "he": lambda n_in, n_out: 2 / n_in,
    "glorot": lambda n_in, n_out: 2 / (n_in + n_out),
}


def different(rng: np.random.Generator, count: int) -> list[int]:
    """Sizes from 2 to 8, none twice; drawn, so that nobody knows the shapes beforehand."""
    return [int(size) for size in rng.permutation(np.arange(2, 9))[:count]]


def sizes(rng: np.random.Generator) -> Iterator[Case]:
    """Every scheme once, sizes that differ, one unit at the end of the last network."""
    for scheme, count in (("zeros", 3), ("fan_in", 3), ("he", 4), ("glorot", 2)):
        layer_dims = different(rng, count) + ([1] if scheme == "glorot" else [])
        inputs = {"layer_dims": layer_dims, "scheme": scheme, "seed": seed_of(rng)}
        yield Case(inputs, f"sizes {layer_dims}, {scheme}")


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
            truth |= law(f"W{layer}", std, n_in * n_out)
        inputs = {"layer_dims": layer_dims, "scheme": scheme, "seed": seed_of(rng)}
        yield Case(inputs, f"sizes {layer_dims}, {scheme}", truth)

    return drawn


def wide_sizes(rng: np.random.Generator) -> list[int]:
    """Three sizes in any order, each at least an eighth above the next smaller one.

    They are drawn, so that nobody knows a right standard deviation beforehand.
    """
    bands = ((240, 300), (340, 420), (480, 600))
    return [int(rng.integers(*bands[index], endpoint=True)) for index in rng.permutation(3)]


def law(name: str, std: float, count: int) -> dict[str, tuple[float, float]]:
    """What `count` independent numbers of mean 0 give, each with its standard error."""
    return {
        f"std of {name}": (float(std), float(std / np.sqrt(2 * count))),
        f"mean of {name}": (0.0, float(std / np.sqrt(count))),
        f"share of {name} below 0": (0.5, float(0.5 / np.sqrt(count))),
    }


def square(rng: np.random.Generator) -> Iterator[Case]:
    """Two layers of nearly one size: 130 rows and columns are in both."""
    count = 130 * 130
    truth = {
        f"correlation of {what}": (0.0, 1 / np.sqrt(n))
        for what, n in (
            ("W1 and W2", count),
            ("two calls with one rng", count),
            ("neighbouring rows", count - 130),
            ("neighbouring columns", count - 130),
        )
    }
    inputs = {"layer_dims": [150, 130, 140, 2], "seed": seed_of(rng)}
    yield Case(inputs, "sizes [150, 130, 140, 2], he", truth)


def seeds(rng: np.random.Generator) -> Iterator[Case]:
    yield Case({"layer_dims": [4, 3, 2], "seed": seed_of(rng)}, "sizes [4, 3, 2], he")


def deep(rng: np.random.Generator) -> Iterator[Case]:
    truth = {"log of the spread of A20": (DEEP_MEAN, DEEP_SD)}
    yield Case({"layer_dims": [100] * 21, "seed": seed_of(rng)}, "20 layers, relu, he", truth)


@cache
def digits() -> tuple[Array, Array]:
    """scikit-learn's handwritten digits: pixels `(64, 1797)` from 0 to 16, and labels."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return loaded.data.T.astype(np.uint8), loaded.target.astype(np.uint8)


def digits_task(rng: np.random.Generator) -> Iterator[Case]:
    """1347 digits to train with; the labels of the other 450 stay with the grader."""
    pixels, labels = digits()
    order = rng.permutation(labels.size)
    seen, unseen = order[:1347], order[1347:]
    inputs = {"pixels": pixels[:, seen], "labels": labels[seen], "unseen": pixels[:, unseen]}
    yield Case(inputs | {"seed": seed_of(rng)}, "the digits", {"labels": labels[unseen]})


# Alone: the shapes are others in each case, and right ones are a first step.
@init_params.check(points=1, cases=sizes, judge=exact(secret=False), counts_alone=True)
def form(program, layer_dims, scheme, seed):
    """`init_params` returns `W1, b1, …, WL, bL`, floats of the right shapes"""
    given = list(layer_dims)
    params = program.init_params(layer_dims, scheme, np.random.default_rng(seed))
    kinds = {np.asarray(value).dtype.kind for value in params.values()}
    return {
        "names": ", ".join(sorted(params)),
        **{f"shape of {name}": str(np.shape(params[name])) for name in sorted(params)},
        "all hold floats": kinds == {"f"},
        "layer_dims is unchanged": layer_dims == given,
    }


@init_params.check(points=0.5, cases=zero_sizes, judge=exact(secret=False))
def zero_weights(program, layer_dims, seed):
    """With `zeros` all weights are 0"""
    params = program.init_params(layer_dims, "zeros", np.random.default_rng(seed))
    weights = [value for name, value in params.items() if name.startswith("W")]
    return {
        "there are weights": bool(weights),
        "weights that are not 0": sum(int(np.count_nonzero(W)) for W in weights),
    }


@init_params.check(points=0.5, cases=sizes, judge=exact(secret=False))
def zero_biases(program, layer_dims, scheme, seed):
    """All biases are 0, whatever the scheme"""
    params = program.init_params(layer_dims, scheme, np.random.default_rng(seed))
    biases = [value for name, value in params.items() if name.startswith("b")]
    return {
        "there are biases": bool(biases),
        "biases that are not 0": sum(int(np.count_nonzero(b)) for b in biases),
    }


def weights_of(program, layer_dims, scheme, seed):
    params = program.init_params(layer_dims, scheme, np.random.default_rng(seed))
    # By number: how the first one is called is a question of form.
    names = sorted((len(name), name) for name in params if name.startswith("W"))
    seen = {}
    for layer in (1, 2):
        W = np.asarray(params[names[layer - 1][1]], dtype=float)
        seen[f"std of W{layer}"] = W.std()
        seen[f"mean of W{layer}"] = W.mean()
        seen[f"share of W{layer} below 0"] = (W < 0).mean()
    return seen


for scheme, variance in (
    ("fan_in", "1/n_in"),
    ("he", "2/n_in"),
    ("glorot", "2/(n_in + n_out)"),
):
    claim = f"With `{scheme}` weights have mean 0 and variance {variance}, in every layer"
    init_params.check(points=1, cases=wide(scheme), judge=within())(
        named(weights_of, f"{scheme}_weights", claim)
    )


# Correlations of 0, and a signal that stays: the same for everybody, so not a sign of an answer.
@init_params.check(points=0.5, cases=square, judge=within(), counts_alone=False)
def independent(program, layer_dims, seed):
    """Weights are independent: of each other, from layer to layer, from call to call"""
    rng, corners = np.random.default_rng(seed), []
    for _ in range(2):
        params = program.init_params(layer_dims, "he", rng)
        names = sorted((len(name), name) for name in params if name.startswith("W"))
        corners += [np.asarray(params[name], dtype=float)[:130, :130] for _, name in names[:2]]
    W1, W2, again, _ = corners

    def correlation(a, b):
        with np.errstate(all="ignore"):
            return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    return {
        "correlation of W1 and W2": correlation(W1, W2),
        "correlation of two calls with one rng": correlation(W1, again),
        "correlation of neighbouring rows": correlation(W1[1:], W1[:-1]),
        "correlation of neighbouring columns": correlation(W1[:, 1:], W1[:, :-1]),
    }


@init_params.check(points=0.5, cases=seeds, judge=exact(secret=False))
def repeatable(program, layer_dims, seed):
    """All randomness comes from `rng`: the same one gives the same weights, another one others"""

    def layers(seed):
        params = program.init_params(layer_dims, "he", np.random.default_rng(seed))
        return [np.ravel(params[name]) for name in sorted(params) if name[0] == "W"]

    def weights(seed):
        return np.concatenate(layers(seed))

    first, again, other = weights(seed), weights(seed), weights(seed + 1)
    return {
        "the same rng gives the same weights": bool(np.array_equal(first, again)),
        "another rng gives other weights": not np.array_equal(first, other),
        "weights of one layer differ": bool(max(np.ptp(W) for W in layers(seed)) > 0),
    }


@init_params.check(points=0.25, cases=deep, judge=within(), counts_alone=False)
def deep_signal(program, layer_dims, seed):
    """With `he`, the signal is as large as ever after 20 relu layers"""
    rng = np.random.default_rng(seed)
    params = program.init_params(layer_dims, "he", rng)
    A = rng.normal(size=(layer_dims[0], 200))
    with np.errstate(all="ignore"):
        for _, name in sorted((len(name), name) for name in params if name.startswith("W")):
            A = np.maximum(params[name] @ A, 0)
        return {"log of the spread of A20": np.log(A.std())}


@init_params.check(
    points=0.75,
    cases=digits_task,
    judge=accuracy(DIGITS_FLOOR, DIGITS_TYPICAL),
    tries=3,
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
    X, losses = (pixels / 16 - 0.3) / 0.38, []

    def activations(A):
        found = [A]
        for k in range(11):
            Z = W[k] @ found[-1] + b[k]
            found.append(np.maximum(Z, 0) if k < 10 else Z)
        return found

    with np.errstate(all="ignore"):
        for _ in range(8):
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
                        speeds[k] = 0.9 * speeds[k] - 0.005 * slope
                        values[k] = values[k] + speeds[k]
        guesses = activations((unseen / 16 - 0.3) / 0.38)[-1].argmax(axis=0)
    return {"predictions": guesses, "losses": np.array(losses)}


DRAW = "rng.normal(size=(n_out, n_in))"
SCALED = f"np.sqrt(variance) * {DRAW}"
HE = "variance = 2 / n_in\n"
GLOROT = "variance = 2 / (n_in + n_out)"
FAN_IN = "variance = 1 / n_in"

init_params.variant(
    "IN1",
    "Your weights are never negative: they come from numbers between 0 and 1, whose mean is ½. "
    "Then all units of a layer agree, and the signal explodes with depth. Draw numbers with mean "
    "0: this is the `rand` of the notes, where `randn` was meant.",
    {DRAW: "rng.random((n_out, n_in))"},
)
init_params.variant(
    "IN2",
    "You moved uniform numbers so that their mean is 0, which is right; but numbers that are "
    "uniform over an interval of length 1 have standard deviation √(1/12), not 1. Yours are 3.5 "
    "times too small.",
    {DRAW: "(rng.random((n_out, n_in)) - 0.5)"},
)
init_params.variant(
    "IN3",
    "You divide by the number of units of the layer. What counts is how many numbers each unit "
    "adds up: the number of its inputs, the size of the layer before.",
    {HE: "variance = 2 / n_out\n", FAN_IN: "variance = 1 / n_out"},
)
init_params.variant(
    "IN4",
    "You multiply by the variance. Multiplying by a number multiplies the *standard deviation* by "
    "it, and the standard deviation is the root of the variance.",
    {"np.sqrt(variance)": "variance"},
)
init_params.variant(
    "IN5",
    "Your `he` is `fan_in`: the factor 2 is missing. relu throws away half of the mean square in "
    "every layer, and the 2 makes up for it.",
    {HE: "variance = 1 / n_in\n"},
)
init_params.variant(
    "IN6",
    "Your weight matrices lie on their side. A row belongs to a unit, a column to an input: as "
    "many rows as the layer has units.",
    {"size=(n_out, n_in)": "size=(n_in, n_out)"},
)
init_params.variant(
    "IN7",
    "Every layer is cut from the same random numbers: a generator that is made anew with the same "
    "seed begins again from the same place. Draw everything from the one `rng` that you are given.",
    {DRAW: "np.random.default_rng(0).normal(size=(n_out, n_in))"},
)
init_params.variant(
    "IN8",
    "Your biases are random. They begin at 0: the random weights make the units differ already.",
    {"np.zeros((n_out, 1))": "rng.normal(size=(n_out, 1)) * 0.1"},
)
init_params.variant(
    "IN9",
    "All weights of a layer are equal. That is the notes' `wi = 1/n` to the letter; but the "
    "*variance* is meant. Equal weights make all units of a layer copies of one, for ever.",
    {SCALED: "np.full((n_out, n_in), variance)"},
)
init_params.variant(
    "IN10",
    "The last layer is missing. `layer_dims` holds the number of features, too, so there is one "
    "layer less than there are numbers; and a range ends before its end.",
    {"range(1, len(layer_dims))": "range(1, len(layer_dims) - 1)"},
)
init_params.variant(
    "IN11",
    "Your layers count from 0. They count from 1 here, as in the notes: `W1` leads from the "
    "features to the first hidden layer.",
    {
        'params[f"W{layer}"]': 'params[f"W{layer - 1}"]',
        'params[f"b{layer}"]': 'params[f"b{layer - 1}"]',
    },
)
init_params.variant(
    "IN12",
    "Your biases have one axis. They are columns, with a 1 at the end of their shape, so that "
    "they broadcast over the examples.",
    {"np.zeros((n_out, 1))": "np.zeros(n_out)"},
)
init_params.variant(
    "IN13",
    "Your weights have the same small size in every layer. The right size depends on the number "
    "of inputs; with a fixed one the signal vanishes in a deep network.",
    {"np.sqrt(variance) *": "0.01 * np.sign(variance) *"},
)
init_params.variant(
    "IN14",
    "You draw from a generator of your own, so that nobody can repeat your run. Draw from the "
    "`rng` that you are given.",
    {DRAW: "np.random.normal(size=(n_out, n_in))"},
)
init_params.variant(
    "IN15",
    "Your `glorot` lacks its 2. It stands for the *mean* of the numbers of inputs and outputs, "
    "which is half of their sum.",
    {GLOROT: "variance = 1 / (n_in + n_out)"},
)
init_params.variant(
    "IN16",
    "Your `glorot` is √3 times too wide. The root of 6/(n_in + n_out) is the end of the interval "
    "that *uniform* numbers come from, not a standard deviation.",
    {GLOROT: "variance = 6 / (n_in + n_out)"},
)
init_params.variant(
    "IN17",
    "You draw uniform numbers up to the standard deviation. Most of them are much nearer to 0: "
    "uniform between -c and c has standard deviation c/√3.",
    {DRAW: "rng.uniform(-1, 1, (n_out, n_in))"},
)
init_params.variant(
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
init_params.variant(
    "IN19",
    "All units of a layer begin with the same weights: they are random, but drawn for one unit "
    "only. Draw every weight anew.",
    {DRAW: "np.tile(rng.normal(size=(1, n_in)), (n_out, 1))"},
)
init_params.variant(
    "IN20",
    "Your `zeros` are not 0, only small. They are meant to be exactly 0 here, to show what goes "
    "wrong then.",
    {"variance = 0.0": "variance = 1e-4"},
)


def init_uniform(layer_dims, scheme, rng):
    params = {}
    for layer in range(1, len(layer_dims)):
        n_in, n_out = layer_dims[layer - 1], layer_dims[layer]
        fan = {"fan_in": n_in, "he": n_in / 2, "glorot": (n_in + n_out) / 2}
        limit = 0.0 if scheme == "zeros" else (3 / fan[scheme]) ** 0.5
        params[f"b{layer}"] = np.zeros((n_out, 1))
        params[f"W{layer}"] = rng.uniform(-limit, limit, (n_out, n_in))
    return params


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


init_params.equivalent("uniform", init_uniform)
init_params.equivalent("truncated normal", init_truncated)
init_params.equivalent("unit by unit, last layer first", init_unit_by_unit)
init_params.equivalent("float32", {DRAW: "rng.standard_normal((n_out, n_in), dtype=np.float32)"})
init_params.equivalent("transposed draws", {DRAW: "rng.normal(size=(n_in, n_out)).T"})
init_params.equivalent(
    "biases without a draw", {"np.zeros((n_out, 1))": "0.0 * np.ones((n_out, 1))"}
)


@init_params.symptom(
    "exploded",
    "The very first loss is far above log 10, that of guessing: the weights are so large that the "
    "signal explodes on its way through the layers.",
)
def exploded(got: Any) -> bool:
    return not got["losses"][0] < 10


@init_params.symptom(
    "dead",
    "The loss stays at log 10, where guessing starts: no gradient reaches the weights. The signal "
    "is too small, or all units are alike.",
)
def dead(got: Any) -> bool:
    first, late = got["losses"][0], got["losses"][168:]
    return bool(first < 10 and np.abs(late - np.log(10)).max() < 0.1)


# ------------------------------------------------------------------------------- activation_stds

activation_stds = unit.exercise("activation_stds", points=4)


def small_net(
    rng: np.random.Generator, layer_dims: list[int], g: str, scheme: str = "he"
) -> dict[str, Any]:
    """Inputs and parameters as `init_params` draws them; the signal is near 1 in every layer."""
    params: dict[str, Any] = {}
    for layer, (n_in, n_out) in enumerate(pairwise(layer_dims), 1):
        params[f"W{layer}"] = rng.normal(size=(n_out, n_in)) * np.sqrt(2 / n_in)
        params[f"b{layer}"] = np.zeros((n_out, 1))
    X = rng.normal(size=(layer_dims[0], 7))
    return {"layer_dims": layer_dims, "scheme": scheme, "g": g, "X": X, "params": params}


def nets(g: str) -> Callable[[np.random.Generator], Iterator[Case]]:
    """One layer, two, four; no two neighbours of one size."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        for layer_dims in ([4, 6], [5, 8, 6], [6, 9, 8, 7, 5]):
            yield Case(small_net(rng, layer_dims, g), f"{g}, sizes {layer_dims}")

    return drawn


def two_nets(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(small_net(rng, different(rng, 3), "tanh", "glorot"), "tanh, glorot")
    yield Case(small_net(rng, different(rng, 2), "relu", "fan_in"), "relu, fan_in")


def spreads(program, layer_dims, scheme, g, X, params):
    def init_params(layer_dims, scheme, rng):
        return params

    with probes.replaced(program, "init_params", init_params):  # noqa: F821 - beside students
        rng = np.random.default_rng(0)
        return {"stds": list(program.activation_stds(layer_dims, scheme, g, X, rng))}


for g in ("tanh", "relu", "sigmoid"):
    claim = f"With {g} in every layer, the standard deviations of A1 to AL are right"
    activation_stds.check(points=1, cases=nets(g), judge=close(float64))(
        named(spreads, f"{g}_spreads", claim)
    )


# Alone: what is handed on is another thing in each case, and handing it on is a first step.
@activation_stds.check(points=0.5, cases=two_nets, judge=exact(secret=False), counts_alone=True)
def asks_once(program, layer_dims, scheme, g, X, params):
    """The parameters come from one call of `init_params`, with what you were given"""
    calls, given = [], np.random.default_rng(0)

    def init_params(layer_dims, scheme, rng):
        calls.append({"layer_dims": str(list(layer_dims)), "scheme": scheme, "rng": rng is given})
        return params

    with probes.replaced(program, "init_params", init_params):  # noqa: F821 - beside students
        program.activation_stds(layer_dims, scheme, g, X, given)
    first = calls[0] if calls else {"layer_dims": "none", "scheme": "none", "rng": False}
    return {
        "calls of init_params": len(calls),
        "layer_dims handed on": first["layer_dims"],
        "scheme handed on": str(first["scheme"]),
        "rng handed on is yours": first["rng"],
    }


@activation_stds.check(points=0.5, cases=two_nets, judge=unchanged())
def keeps_x(program, layer_dims, scheme, g, X, params):
    """`X` stays as it was"""

    def init_params(layer_dims, scheme, rng):
        return params

    with probes.replaced(program, "init_params", init_params):  # noqa: F821 - beside students
        program.activation_stds(layer_dims, scheme, g, X, np.random.default_rng(0))
    return {"X": X}


STD = "np.std(A)"
PARAMS = "init_params(layer_dims, scheme, rng)"

activation_stds.variant(
    "AS1",
    "You measure the signal before the activation. A is what the next layer gets to see: what "
    "comes out of `g`.",
    {STD: "np.std(Z)"},
)
activation_stds.variant(
    "AS2",
    "Your list begins with the inputs. They are A0; the list is about the L layers.",
    {"stds = []": "stds = [float(np.std(X))]"},
)
activation_stds.variant(
    "AS3",
    "You measure what comes out of the activation, but hand the next layer what went in: then the "
    "layers collapse into one.",
    {
        '        if g == "tanh":\n            A = np.tanh(Z)\n': (
            '        if g == "tanh":\n            B = np.tanh(Z)\n'
        ),
        "A = np.maximum(Z, 0)": "B = np.maximum(Z, 0)",
        "A = 1 / (1 + np.exp(-Z))": "B = 1 / (1 + np.exp(-Z))",
        STD: "np.std(B)",
        "stds.append(": "A = Z\n        stds.append(",
    },
)
activation_stds.variant(
    "AS4",
    "You average the spreads of the units. Take one standard deviation over all entries: units "
    "may differ in their mean, and that belongs to the spread.",
    {STD: "np.mean(np.std(A, axis=1))"},
)
activation_stds.variant(
    "AS5",
    "You return variances. The standard deviation is their root.",
    {STD: "np.var(A)"},
)
activation_stds.variant(
    "AS6",
    "You return the root of the mean square. Subtract the mean first: after relu or sigmoid it is "
    "far from 0.",
    {STD: "np.sqrt(np.mean(A**2))"},
)
activation_stds.variant(
    "AS7",
    "You divide by one less than the number of entries. That estimates the spread of a population "
    "from a sample; asked for is the plain standard deviation of what is there, that of `np.std`.",
    {STD: "np.std(A, ddof=1)"},
)
activation_stds.variant(
    "AS8",
    "Your last layer has no activation. Here every layer uses `g`, the last one too.",
    {
        "        stds.append(": (
            "        if layer == len(layer_dims) - 1:\n            A = Z\n        stds.append("
        )
    },
)
activation_stds.variant(
    "AS9",
    "Your activation is tanh whatever is asked for. The argument `g` chooses it.",
    {"A = np.maximum(Z, 0)": "A = np.tanh(Z)", "A = 1 / (1 + np.exp(-Z))": "A = np.tanh(Z)"},
)
activation_stds.variant(
    "AS10",
    "Your list holds the last layer only. One number for each layer is asked for.",
    {"stds.append(float(np.std(A)))": "stds = [float(np.std(A))]"},
)
activation_stds.variant(
    "AS11",
    "You make a generator of your own. Hand the `rng` that you were given on to `init_params`: "
    "who calls decides about the randomness.",
    {PARAMS: "init_params(layer_dims, scheme, np.random.default_rng(0))"},
)
activation_stds.variant(
    "AS12",
    "You ask `init_params` for one scheme, whatever scheme was asked of you.",
    {PARAMS: 'init_params(layer_dims, "he", rng)'},
)
activation_stds.variant(
    "AS13",
    "You ask `init_params` for new parameters in every layer. One network is drawn once.",
    {"        Z = params": f"        params = {PARAMS}\n        Z = params"},
)
activation_stds.variant(
    "AS14",
    "Your numbers are right, but you scale the inputs inside the caller's array.",
    {"    A = X\n": "    A = X\n    X *= 1.0 + 1e-13\n"},
)


def stds_of_own_draws(layer_dims, scheme, g, X, rng):
    A, stds = X, []
    for layer in range(1, len(layer_dims)):
        n_in, n_out = layer_dims[layer - 1], layer_dims[layer]
        variance = 2 / n_in if scheme == "he" else 1 / n_in
        Z = rng.normal(size=(n_out, n_in)) * np.sqrt(variance) @ A
        A = {"tanh": np.tanh(Z), "relu": np.maximum(Z, 0), "sigmoid": 1 / (1 + np.exp(-Z))}[g]
        stds.append(A.std())
    return stds


activation_stds.variant(
    "AS15",
    "Your parameters do not come from `init_params`: a function of that name is never called. "
    "Draw them with it, so that both functions speak of the same network.",
    stds_of_own_draws,
)


def stds_recursive(layer_dims, scheme, g, X, rng):
    bend = {"tanh": np.tanh, "relu": lambda Z: Z * (Z > 0), "sigmoid": None}[g]
    if bend is None:

        def bend(Z):
            return 0.5 * (1 + np.tanh(Z / 2))

    drawn = init_params(layer_dims, scheme, rng)

    def further(A, layer):
        if layer == len(layer_dims):
            return []
        A = bend(drawn["W" + str(layer)].dot(A) + drawn["b" + str(layer)])
        return [A.std(), *further(A, layer + 1)]

    return further(X, 1)


def stds_by_hand(layer_dims, scheme, g, X, rng):
    params = init_params(rng=rng, scheme=scheme, layer_dims=layer_dims)
    stds = np.zeros(len(layer_dims) - 1)
    A = X.copy()
    for layer in range(len(stds)):
        A = np.einsum("ij,jk->ik", params[f"W{layer + 1}"], A)  # biases are 0
        if g == "relu":
            A[A < 0] = 0
        elif g == "sigmoid":
            A = np.exp(-np.logaddexp(0, -A))
        else:
            A = (np.exp(A) - np.exp(-A)) / (np.exp(A) + np.exp(-A))
        stds[layer] = np.sqrt(np.mean((A - A.mean()) ** 2))
    return stds


activation_stds.equivalent("recursive", stds_recursive)
activation_stds.equivalent("by hand, an array", stds_by_hand)
activation_stds.equivalent(
    "mean square less squared mean", {STD: "np.sqrt(np.mean(A**2) - np.mean(A) ** 2)"}
)

# ------------------------------------------------------------------------------- symmetry_report

symmetry_report = unit.exercise("symmetry_report", points=4)


def two_layers(
    rng: np.random.Generator, g: str, sizes: tuple[int, int, int] = (2, 3, 1), m: int = 6
) -> dict[str, Any]:
    """A random network with its data; no hidden relu unit is without a slope."""
    n0, n1, n2 = sizes
    while True:
        params = {
            "W1": rng.normal(size=(n1, n0)),
            "b1": np.zeros((n1, 1)),
            "W2": rng.uniform(0.5, 1.5, (n2, n1)) * rng.choice([-1.0, 1.0], (n2, n1)),
            "b2": np.zeros((n2, 1)),
        }
        X = rng.normal(size=(n0, m))
        if ((params["W1"] @ X > 1e-3).sum(axis=1) >= 2).all():
            break
    # Not as many of one label as of the other: from zeros, W2 learns by the difference alone.
    Y = np.tile((np.arange(m) % 3 == 0).astype(float), (n2, 1))
    return {"params": params, "X": X, "Y": Y, "g": g}


def changed(net: dict[str, Any], **params: Array) -> dict[str, Any]:
    """The network with other parameters."""
    return {**net, "params": net["params"] | params}


def equal_units(rng: np.random.Generator, g: str) -> dict[str, Any]:
    """Three copies of one hidden unit."""
    net = two_layers(rng, g)
    W1, W2 = net["params"]["W1"], net["params"]["W2"]
    return changed(net, W1=np.tile(W1[:1], (3, 1)), W2=np.full_like(W2, W2[0, 0]))


def falling(net: dict[str, Any]) -> dict[str, Any]:
    """The network with weights out and data for which all entries of `dW1` are negative."""
    W2 = np.abs(net["params"]["W2"])
    return {**changed(net, W2=W2), "X": np.abs(net["X"]), "Y": np.ones_like(net["Y"])}


def zero_net(rng: np.random.Generator, g: str) -> dict[str, Any]:
    net = two_layers(rng, g, (3, 4, 1))
    return changed(net, **{name: 0 * value for name, value in net["params"].items()})


def row_cases(rng: np.random.Generator) -> Iterator[Case]:
    for g in ("tanh", "relu", "sigmoid"):
        yield Case(two_layers(rng, g), f"{g}, three different units")
        yield Case(equal_units(rng, g), f"{g}, three equal units")
    net = equal_units(rng, "tanh")
    W1 = net["params"]["W1"].copy()
    W1[2] += 1
    yield Case(changed(net, W1=W1), "two equal units and a different one")
    net = falling(equal_units(rng, "tanh"))  # its rows fall from the first one on
    W2 = net["params"]["W2"] * np.array([[1.0, 2.0, 3.0]])
    yield Case(changed(net, W2=W2), "equal weights in, different weights out")
    net = two_layers(rng, "tanh", (2, 3, 2))
    W1, W2 = np.tile(net["params"]["W1"][:1], (3, 1)), np.tile(net["params"]["W2"][:, :1], (1, 3))
    yield Case(changed(net, W1=W1, W2=W2), "three equal units, two different outputs")
    net = two_layers(rng, "tanh")
    X = np.vstack([net["X"][:1], 0 * net["X"][:1]])
    yield Case({**net, "X": X}, "one feature is always 0")


def zero_cases(rng: np.random.Generator) -> Iterator[Case]:
    for g in ("tanh", "relu", "sigmoid"):
        yield Case(two_layers(rng, g), f"{g}, a random start")
        yield Case(zero_net(rng, g), f"{g}, all zeros")
    net = two_layers(rng, "sigmoid")
    yield Case(changed(net, W2=0 * net["params"]["W2"]), "only the weights out are 0")
    net = two_layers(rng, "tanh")
    yield Case(changed(net, W1=0 * net["params"]["W1"]), "only the weights in are 0")
    net = two_layers(rng, "tanh")
    X = np.vstack([net["X"][:1], -net["X"][:1]])
    yield Case({**net, "X": X}, "two features that are each other's opposite")
    net = falling(two_layers(rng, "sigmoid"))
    yield Case(net, "every entry of the gradient is negative")
    net = two_layers(rng, "relu")
    asleep = changed(net, W1=-np.abs(net["params"]["W1"]))
    yield Case({**asleep, "X": np.abs(net["X"])}, "relu units that never wake up")
    W1 = np.abs(net["params"]["W1"]) * np.array([[1.0], [-1.0], [1.0]])
    yield Case({**changed(net, W1=W1), "X": np.abs(net["X"])}, "one relu unit never wakes up")


def fifty_steps(rng: np.random.Generator) -> Iterator[Case]:
    """Networks after 50 steps of gradient descent, from symmetric starts and a random one."""
    for g in ("tanh", "relu", "sigmoid"):
        yield Case(trained(zero_net(rng, g)), f"{g}, 50 steps after all zeros")
    yield Case(trained(equal_units(rng, "tanh")), "tanh, 50 steps after equal units")
    net = trained(falling(two_layers(rng, "sigmoid")))
    yield Case(net, "sigmoid, 50 steps after a random start")


def trained(net: dict[str, Any], steps: int = 50, lr: float = 0.5) -> dict[str, Any]:
    """The network after gradient descent."""
    X, Y, params = net["X"], net["Y"], dict(net["params"])
    bend, slope = {
        "tanh": (np.tanh, lambda Z: 1 - np.tanh(Z) ** 2),
        "relu": (lambda Z: np.maximum(Z, 0), lambda Z: (Z > 0) * 1.0),
        "sigmoid": (logistic, lambda Z: logistic(Z) * logistic(-Z)),
    }[net["g"]]
    for _ in range(steps):
        Z1 = params["W1"] @ X + params["b1"]
        dZ2 = logistic(params["W2"] @ bend(Z1) + params["b2"]) - Y
        dZ1 = params["W2"].T @ dZ2 * slope(Z1)
        for layer, dZ, A in ((1, dZ1, X), (2, dZ2, bend(Z1))):
            params[f"W{layer}"] = params[f"W{layer}"] - lr * dZ @ A.T / X.shape[1]
            params[f"b{layer}"] = params[f"b{layer}"] - lr * dZ.mean(axis=1, keepdims=True)
    return {**net, "params": params}


def logistic(Z: Array) -> Array:
    value: Array = 1 / (1 + np.exp(-Z))
    return value


def small_gradients(rng: np.random.Generator) -> Iterator[Case]:
    """Differences near rounding, which are none, and gradients near 1e-9, which are some."""
    net = equal_units(rng, "tanh")
    W1 = net["params"]["W1"] * (1 + np.array([[0.0], [1e-14], [-2e-14]]))
    yield Case(changed(net, W1=W1), "units that differ by rounding only")
    net = equal_units(rng, "tanh")
    W2 = net["params"]["W2"] * (1 + np.array([[0.0, 1e-8, -2e-8]]))
    tiny = {**changed(net, W2=W2), "X": 1e-6 * net["X"]}
    yield Case(tiny, "gradients near 1e-6 that differ by 1e-14")
    net = falling(two_layers(rng, "tanh"))
    yield Case({**net, "X": 5e-9 * net["X"]}, "inputs near 1e-8")
    net = zero_net(rng, "tanh")
    yield Case(changed(net, W2=1e-15 + net["params"]["W2"]), "weights out near 1e-15")


def two_reports(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(two_layers(rng, "tanh"), "tanh")
    yield Case(two_layers(rng, "sigmoid", (3, 4, 2)), "sigmoid, two outputs")


def in_any_order(cases: Callable[[np.random.Generator], Iterator[Case]]) -> Any:
    """The cases in another order for each seed: then no list of answers fits them all."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        found = list(cases(rng))
        yield from (found[index] for index in rng.permutation(len(found)))

    return drawn


@symmetry_report.check(
    points=1.25, cases=in_any_order(row_cases), judge=exact(secret=False), counts_alone=True
)
def equal_rows(program, params, X, Y, g):
    """`rows_equal` tells whether the hidden units receive the same gradient"""
    return {"rows_equal": program.symmetry_report(params, X, Y, g)["rows_equal"]}


@symmetry_report.check(
    points=1.25, cases=in_any_order(zero_cases), judge=exact(secret=False), counts_alone=True
)
def zero_gradient(program, params, X, Y, g):
    """`dW1_zero` tells whether `W1` receives no gradient at all"""
    return {"dW1_zero": program.symmetry_report(params, X, Y, g)["dW1_zero"]}


@symmetry_report.check(points=0.5, cases=fifty_steps, judge=exact(secret=False))
def after_training(program, params, X, Y, g):
    """The report is right after 50 steps of training, too: symmetry stays"""
    report = program.symmetry_report(params, X, Y, g)
    return {name: report[name] for name in ("rows_equal", "dW1_zero")}


@symmetry_report.check(points=0.5, cases=small_gradients, judge=exact(secret=False))
def tolerance(program, params, X, Y, g):
    """Up to 1e-12 counts as equal or zero, and nothing above"""
    report = program.symmetry_report(params, X, Y, g)
    return {name: report[name] for name in ("rows_equal", "dW1_zero")}


@symmetry_report.check(points=0.5, cases=two_reports, judge=unchanged())
def keeps_network(program, params, X, Y, g):
    """Parameters, inputs and labels stay as they were"""
    program.symmetry_report(params, X, Y, g)
    return {"params": params, "X": X, "Y": Y}


ROWS, ZERO = "np.abs(dW1 - dW1[0]).max() <= 1e-12", "np.abs(dW1).max() <= 1e-12"
OF_W1 = 'gradients(params, X, Y, g)["dW1"]'

symmetry_report.variant(
    "SY1",
    "You compare columns, which belong to features. A hidden unit is a row.",
    {ROWS: "np.abs(dW1 - dW1[:, :1]).max() <= 1e-12"},
)
symmetry_report.variant(
    "SY2",
    "You compare the first two rows only. All hidden units are asked about.",
    {ROWS: "np.abs(dW1[1] - dW1[0]).max() <= 1e-12"},
)
symmetry_report.variant(
    "SY3",
    "You look at the weights. Symmetry shows in their *gradient*: equal weights in with different "
    "weights out receive different gradients.",
    {OF_W1: 'params["W1"]'},
)
symmetry_report.variant(
    "SY4",
    "You ask for equality to the last bit. Computed numbers that should be equal, or 0, often "
    "differ by rounding: allow for 1e-12.",
    {ROWS: "(dW1 == dW1[0]).all()", ZERO: "(dW1 == 0).all()"},
)
symmetry_report.variant(
    "SY5",
    "You ask whether the *sum* of the gradient is 0. Positive and negative entries can cancel: "
    "ask every single one.",
    {ZERO: "np.abs(dW1.sum()) <= 1e-12"},
)
symmetry_report.variant(
    "SY6",
    "You look at the gradient of the output layer. The report is about the hidden layer's.",
    {OF_W1: 'gradients(params, X, Y, g)["dW2"]'},
)
symmetry_report.variant(
    "SY7",
    "Your gradient is that of tanh, whatever the activation is. The argument `g` says which.",
    {OF_W1: 'gradients(params, X, Y, "tanh")["dW1"]'},
)
symmetry_report.variant(
    "SY8",
    "`np.allclose` has tolerances of its own: unless told otherwise, it takes everything below "
    "1e-8 for 0. Asked for is 1e-12, as an absolute difference.",
    {ROWS: "np.allclose(dW1, dW1[0])", ZERO: "np.allclose(dW1, 0)"},
)
symmetry_report.variant(
    "SY9",
    "You look for large entries and forget the negative ones: their size counts.",
    {ROWS: "(dW1 - dW1[0]).max() <= 1e-12", ZERO: "dW1.max() <= 1e-12"},
)
symmetry_report.variant(
    "SY10",
    "You are content with one entry that is equal, or 0. All of them have to be.",
    {
        ROWS: "(np.abs(dW1 - dW1[0]).max(axis=0) <= 1e-12).any()",
        ZERO: "(np.abs(dW1) <= 1e-12).any()",
    },
)
symmetry_report.variant(
    "SY10b",
    "One entry of the gradient that is 0 is enough for you. Every one of them has to be.",
    {ZERO: "np.abs(dW1).min() <= 1e-12"},
)
symmetry_report.variant(
    "SY11",
    "Your answers are the wrong way round: True is to mean that rows are equal, and that the "
    "gradient is 0.",
    {ROWS: "np.abs(dW1 - dW1[0]).max() > 1e-12", ZERO: "np.abs(dW1).max() > 1e-12"},
)
symmetry_report.variant(
    "SY12",
    "You measure how far the rows are apart against how large they are. When nearly nothing is "
    "left of a gradient, that compares rounding with rounding; the tolerance here is absolute.",
    {ROWS: "np.abs(dW1 - dW1[0]).max() <= 1e-12 * np.abs(dW1).max()"},
)


def report_moving_biases(params, X, Y, g):
    params["b1"] += 0.0 * params["b1"] + 1e-9
    dW1 = gradients(params, X, Y, g)["dW1"]  # noqa: F821 - the notebook's
    return {
        "rows_equal": bool(np.abs(dW1 - dW1[0]).max() <= 1e-12),
        "dW1_zero": bool(np.abs(dW1).max() <= 1e-12),
    }


symmetry_report.variant(
    "SY13",
    "Your answers may be right, but you change the caller's parameters on the way. A report only "
    "looks.",
    report_moving_biases,
)


def report_by_differences(params, X, Y, g):
    dW1 = gradients(params, X, Y, g)["dW1"]  # noqa: F821 - the notebook's
    return {
        "dW1_zero": not np.any(np.abs(dW1) > 1e-12),
        "rows_equal": np.ptp(dW1, axis=0).max() <= 1e-12,
    }


def report_own_gradient(params, X, Y, g):
    Z1 = params["W1"] @ X + params["b1"]
    if g == "sigmoid":
        A1 = 0.5 * (1 + np.tanh(Z1 / 2))
        slope = A1 - A1**2
    else:
        A1 = np.tanh(Z1) if g == "tanh" else Z1 * (Z1 > 0)
        slope = 1 - A1**2 if g == "tanh" else (Z1 > 0).astype(float)
    A2 = 0.5 * (1 + np.tanh((params["W2"] @ A1 + params["b2"]) / 2))
    rows = np.dot((params["W2"].T @ (A2 - Y)) * slope, X.T) / X.shape[1]
    same = all(np.allclose(row, rows[0], rtol=0, atol=1e-12) for row in rows)
    return {"rows_equal": same, "dW1_zero": np.allclose(rows, 0, rtol=0, atol=1e-12)}


symmetry_report.equivalent("spread of each column", report_by_differences)
symmetry_report.equivalent("a gradient of one's own, allclose", report_own_gradient)
symmetry_report.equivalent("np.max", {ZERO: "np.max(np.abs(dW1)) <= 1e-12"})

# ----------------------------------------------------------------------------- keras_initializer

keras_initializer = unit.exercise("keras_initializer", points=3)


def layers(scheme: str) -> Callable[[np.random.Generator], Iterator[Case]]:
    """A dense layer and a convolution; a kernel of 3 by 3 counts nine times on both sides."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        n_in, n_out, _ = wide_sizes(rng)
        # A convolution's channels: two of the sizes again, an eighth of them.
        c_in, c_out = (size // 8 for size in wide_sizes(rng)[:2])
        std = np.sqrt(VARIANCES[scheme](n_in, n_out))
        truth = law("the dense kernel", std, n_in * n_out)
        std = np.sqrt(VARIANCES[scheme](9 * c_in, 9 * c_out))
        truth |= law("the convolution's kernel", std, 9 * c_in * c_out)
        inputs = {"scheme": scheme, "dense": [n_in, n_out], "conv": [3, 3, c_in, c_out]}
        yield Case(inputs, f"{scheme}, a dense layer and a convolution", truth)

    return drawn


def schemes(rng: np.random.Generator) -> Iterator[Case]:
    for scheme in VARIANCES:
        yield Case({"scheme": scheme}, scheme)


def two_kernels(rng: np.random.Generator) -> Iterator[Case]:
    for scheme in ("he", "glorot"):
        truth = {"correlation of two layers": (0.0, 1 / np.sqrt(200 * 150))}
        yield Case({"scheme": scheme}, f"{scheme}, two layers of one shape", truth)


def kernels(program, scheme, dense, conv):
    initializer = program.keras_initializer(scheme)
    if isinstance(initializer, str):  # a name, which layers understand: a question of `kind`
        initializer = keras.initializers.get(initializer)  # noqa: F821 - beside students
    seen = {}
    for name, shape in (("the dense kernel", dense), ("the convolution's kernel", conv)):
        W = ops.convert_to_numpy(initializer(tuple(shape))).astype(float)  # noqa: F821
        seen[f"std of {name}"] = W.std()
        seen[f"mean of {name}"] = W.mean()
        seen[f"share of {name} below 0"] = (W < 0).mean()
    return seen


for scheme, variance in (
    ("fan_in", "1/n_in"),
    ("he", "2/n_in"),
    ("glorot", "2/(n_in + n_out)"),
):
    claim = f"With `{scheme}` a layer's kernel has mean 0 and variance {variance}"
    keras_initializer.check(points=0.75, cases=layers(scheme), judge=within())(
        named(kernels, f"{scheme}_kernels", claim)
    )


@keras_initializer.check(points=0.25, cases=schemes, judge=exact(secret=False))
def kind(program, scheme):
    """What comes back is a `keras.initializers.VarianceScaling`, or a subclass"""
    initializer = program.keras_initializer(scheme)
    scaling = keras.initializers.VarianceScaling  # noqa: F821 - beside students
    return {"is a VarianceScaling": isinstance(initializer, scaling)}


# Not alone: the correlation is 0 for everybody, and without an initializer (None) a layer takes one
# of its own, whose weights differ as well.
@keras_initializer.check(points=0.5, cases=two_kernels, judge=within(), counts_alone=False)
def apart(program, scheme):
    """Two layers of one shape begin with different weights"""
    layers = [
        keras.layers.Dense(150, kernel_initializer=program.keras_initializer(scheme))  # noqa: F821
        for _ in range(2)
    ]
    for layer in layers:
        layer.build((None, 200))
    first, second = (ops.convert_to_numpy(layer.kernel) for layer in layers)  # noqa: F821
    with np.errstate(all="ignore"):
        return {"correlation of two layers": np.corrcoef(first.ravel(), second.ravel())[0, 1]}


K_FAN_IN, K_HE = '"fan_in": (1.0, "fan_in")', '"he": (2.0, "fan_in")'
K_GLOROT = '"glorot": (1.0, "fan_avg")'
CALL = 'keras.initializers.VarianceScaling(scale, mode, "truncated_normal")'

keras_initializer.variant(
    "KI1",
    "Your `glorot` has twice the variance. `fan_avg` is the *mean* of inputs and outputs, which "
    "contains the 2 already.",
    {K_GLOROT: '"glorot": (2.0, "fan_avg")'},
)
keras_initializer.variant(
    "KI2",
    "You scale by the number of outputs. The mode is to be about what goes *into* a unit.",
    {K_FAN_IN: '"fan_in": (1.0, "fan_out")', K_HE: '"he": (2.0, "fan_out")'},
)
keras_initializer.variant(
    "KI3",
    "Your `he` lacks its 2: it is `fan_in` under another name.",
    {K_HE: '"he": (1.0, "fan_in")'},
)
keras_initializer.variant(
    "KI4",
    "You give `scale` the root of 2. It is a factor of the *variance*; Keras takes the root "
    "itself.",
    {K_HE: '"he": (2.0**0.5, "fan_in")'},
)
keras_initializer.variant(
    "KI5",
    "All layers of one shape begin with the same weights, because the seed is fixed. Leave it "
    "out, and Keras draws a new one for every initializer.",
    {CALL: CALL.replace(")", ", seed=0)")},
)
keras_initializer.variant(
    "KI6",
    "Your initializer has one standard deviation for every layer. The right one depends on the "
    "layer's size, which only the layer knows; `VarianceScaling` asks it.",
    {CALL: "keras.initializers.RandomNormal(stddev=0.05)"},
)
keras_initializer.variant(
    "KI7",
    "Your `glorot` counts inputs only. It is about both sides of the layer.",
    {K_GLOROT: '"glorot": (1.0, "fan_in")'},
)
keras_initializer.variant(
    "KI8",
    "You return the *name* of an initializer. Layers understand it, but asked for is the object.",
    {CALL: '{"fan_in": "lecun_normal", "he": "he_normal", "glorot": "glorot_normal"}[scheme]'},
)
keras_initializer.variant(
    "KI9",
    "You return the class, not an object of it: call it.",
    {CALL: "keras.initializers.VarianceScaling"},
)


def initializer_by_name(scheme):
    if scheme == "fan_in":
        return keras.initializers.LecunNormal()  # noqa: F821 - beside students
    if scheme == "he":
        return keras.initializers.HeUniform()  # noqa: F821
    return keras.initializers.GlorotUniform()  # noqa: F821


keras_initializer.equivalent("classes of their own", initializer_by_name)
keras_initializer.equivalent("uniform", {'"truncated_normal"': '"uniform"'})
keras_initializer.equivalent("normal", {'"truncated_normal"': '"untruncated_normal"'})
keras_initializer.equivalent(
    "a seed generator", {CALL: CALL.replace(")", ", seed=keras.random.SeedGenerator())")}
)
