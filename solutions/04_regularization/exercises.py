"""Unit 04, regularisation: dropout, L2 and L1, early stopping, augmentation, in NumPy.

What is random is drawn from a generator that the observation makes itself.  How often something
happens is judged by its law; everything else is judged in a form in which the draw does not
matter: an entry that is kept over the entry that it was, an image over the images that it can have
become.  So `u < keep`, `u > 1 - keep` and a binomial draw are all right.

Probabilities are never one half alone, where keeping and dropping are the same; λ is never 1, and
neither is m.  A check that a function without an answer would pass (nothing is dropped, nothing
moves) also asks that something happens.  And where a pass counts alone, its answers are others for
every seed: probabilities, factors, stretches of a script are drawn with the case.

What no check here can see, since no function of this unit is told:
- ES4, the training cost monitored instead of the validation cost: `update` gets one number.
- AU3 in its form of augmented validation images: `random_shift` gets images, whatever they are for.
  What can be seen is an array that is written to, so that the validation part of one data set
  changes with the training part (`shift_arguments_unchanged`).
- L2d in its form of a decay in the training loop beside the gradient: the loop is not the
  student's.  What can be seen is an `l2_grad` that shrinks the weights itself.
The notebook shows the first of them at work ("Break it").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder import (
    Case,
    Unit,
    accuracy,
    at_most,
    close,
    equal_sides,
    exact,
    float64,
    probes,
    unchanged,
    within,
)

unit = Unit("04_regularization")


def new_seed(rng: np.random.Generator) -> int:
    """A seed for the generator that the student's function gets."""
    return int(rng.integers(2**31))


def share(p: float, n: int) -> tuple[float, float]:
    """What is known of a share among `n`: its expected value and its standard error."""
    return p, float(np.sqrt(p * (1 - p) / n))


# ------------------------------------------------------------------------------ dropout_forward

dropout_forward = unit.exercise("dropout_forward", points=4)

LARGE = (250, 400)  # 100,000 entries


def probabilities(rng: np.random.Generator) -> list[float]:
    """A high, a middling and a low one; at 0.5 alone keeping and dropping would agree."""
    return [round(float(rng.uniform(*ends)), 3) for ends in ((0.7, 0.85), (0.4, 0.6), (0.2, 0.35))]


def both_kept(p: float, pairs: int) -> tuple[float, float]:
    """The law of the share of neighbours that are both kept; pairs overlap."""
    variance = p**2 * (1 - p**2) + 2 * (p**3 - p**4)
    return p**2, float(np.sqrt(variance / pairs))


MEAN = "mean of the activations afterwards"


def many_entries(rng: np.random.Generator) -> Iterator[Case]:
    """100,000 entries at three probabilities."""
    n, m = LARGE
    for keep_prob in probabilities(rng):
        truth = {
            "share of kept entries": share(keep_prob, n * m),
            "share of kept pairs, units": both_kept(keep_prob, (n - 1) * m),
            "share of kept pairs, examples": both_kept(keep_prob, n * (m - 1)),
        }
        inputs = {"keep_prob": keep_prob, "shape": list(LARGE), "seed": new_seed(rng)}
        yield Case(inputs, f"keep_prob = {keep_prob}", truth)


def expected_values(rng: np.random.Generator) -> Iterator[Case]:
    """The same with other activations each, and the law of their mean.

    It holds for who takes keep_prob for the probability of dropping, too (`DO2`), whose mean is
    less certain at a high one: the larger error of the two.
    """
    for case in many_entries(rng):
        p, ends = case.inputs["keep_prob"], [float(rng.uniform(0.3, 0.8)), float(rng.uniform(1, 2))]
        A = np.linspace(*ends, LARGE[0] * LARGE[1])
        rarer = min(p, 1 - p)
        error = float(np.sqrt((A**2).sum() * (1 - rarer) / rarer) / A.size)
        yield Case(case.inputs | {"ends": ends}, case.label, {MEAN: (float(A.mean()), error)})


def activations(rng: np.random.Generator) -> Iterator[Case]:
    """Activations of either sign, none near 0."""
    for keep_prob, (n, m) in zip(probabilities(rng), ((12, 15), (9, 20), (14, 11)), strict=True):
        A = rng.uniform(0.5, 2, (n, m)) * rng.choice([-1.0, 1.0], (n, m))
        inputs = {"A": A, "keep_prob": keep_prob, "seed": new_seed(rng)}
        yield Case(inputs, f"keep_prob = {keep_prob}")


def output_of(result):
    """The first of a pair; or what came back instead of one, which loses elsewhere."""
    return np.asarray(result[0] if isinstance(result, (tuple, list)) else result)


@dropout_forward.check(points=0.75, cases=many_entries, judge=within(), helpers=(output_of,))
def kept_share(program, keep_prob, shape, seed):
    """Each entry is kept with probability `keep_prob`, independently of its neighbours"""
    A = np.linspace(0.5, 1.5, shape[0] * shape[1]).reshape(shape)
    rng = np.random.default_rng(seed)
    out = output_of(program.dropout_forward(A, keep_prob, rng, True))
    kept = np.broadcast_to(out != 0, A.shape)
    return {
        "share of kept entries": kept.mean(),
        "share of kept pairs, units": (kept[1:] & kept[:-1]).mean(),
        "share of kept pairs, examples": (kept[:, 1:] & kept[:, :-1]).mean(),
    }


@dropout_forward.check(points=0.5, cases=expected_values, judge=within(), helpers=(output_of,))
def expectation(program, keep_prob, shape, seed, ends):
    """The mean of the activations stays what it was, up to chance"""
    A = np.linspace(*ends, shape[0] * shape[1]).reshape(shape)
    rng = np.random.default_rng(seed)
    out = output_of(program.dropout_forward(A, keep_prob, rng, True))
    # Where nothing is dropped the mean is no achievement.
    return {"mean of the activations afterwards": np.mean(out) if np.any(out == 0) else np.nan}


@dropout_forward.check(points=0.75, cases=activations, judge=close(float64), helpers=(output_of,))
def kept_value(program, A, keep_prob, seed):
    """An entry that is kept is divided by `keep_prob`"""
    before, rng = A.copy(), np.random.default_rng(seed)
    out = output_of(program.dropout_forward(A, keep_prob, rng, True))
    factors = (out / before)[out != 0]
    if factors.size in (0, A.size):
        return {"entries that are kept": "all" if factors.size else "none"}
    return {"after / before, where kept": [factors.min(), factors.max()]}


@dropout_forward.check(points=0.5, cases=activations, judge=exact(secret=False))
def mask_fits(program, A, keep_prob, seed):
    """The mask is 0 where an entry was dropped, and 1 where it was kept"""
    out, mask = program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), True)
    mask, dropped = np.asarray(mask, dtype=float), np.asarray(out) == 0
    # A mask that holds 1 / keep_prob is as good, beside a backward pass that knows it.
    alike = any(np.allclose(mask[mask != 0], one, rtol=1e-9) for one in (1, 1 / keep_prob))
    return {
        "shape of the mask": str(mask.shape),
        "shape of the output": str(dropped.shape),
        "something is dropped": bool(dropped.any()),
        "0 exactly where dropped": bool(
            np.array_equal(np.broadcast_to(mask == 0, A.shape), dropped)
        ),
        "elsewhere 1": bool(alike),
    }


@dropout_forward.check(
    points=0.5, cases=activations, judge=exact(secret=False), helpers=(output_of,)
)
def fresh_mask(program, A, keep_prob, seed):
    """Every unit, example and call gets its own mask, and `rng` decides which"""
    rng = np.random.default_rng(seed)
    results = [program.dropout_forward(A.copy(), keep_prob, rng, True) for _ in range(2)]
    results += [program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), True)]
    first, second, again = (output_of(result) != 0 for result in results)
    return {
        "examples have different masks": bool((first != first[:, :1]).any()),
        "units have different masks": bool((first != first[:1]).any()),
        "a second call has another mask": bool((first != second).any()),
        "an rng in the same state gives the same mask": bool((first == again).all()),
    }


@dropout_forward.check(points=0.5, cases=activations, judge=exact(secret=False))
def inference(program, A, keep_prob, seed):
    """With `training=False` nothing changes, and the mask is all ones"""
    trained = program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), True)[0]
    out, mask = program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), False)
    factors = np.asarray(out) / A
    alike = bool(np.ptp(factors) < 1e-9)
    return {
        "entries dropped with training=True": bool((np.asarray(trained) == 0).any()),
        "entries dropped with training=False": bool((factors == 0).any()),
        "factor": float(f"{factors.mean():.9g}") if alike else "differs from entry to entry",
        "shape of the mask": str(np.shape(mask)),
        "mask is all ones": bool(np.all(np.asarray(mask, dtype=float) == 1)),
    }


@dropout_forward.check(points=0.25, cases=activations, judge=exact(secret=False))
def keep_all(program, A, keep_prob, seed):
    """With `keep_prob=1` nothing is dropped"""
    some = program.dropout_forward(A.copy(), 0.5, np.random.default_rng(seed), True)[0]
    out, mask = program.dropout_forward(A.copy(), 1.0, np.random.default_rng(seed), True)
    return {
        "entries dropped with keep_prob=0.5": bool((np.asarray(some) == 0).any()),
        "the output is A": bool(np.array_equal(out, A)),
        "mask is all ones": bool(np.all(np.asarray(mask, dtype=float) == 1)),
    }


@dropout_forward.check(points=0.25, cases=activations, judge=unchanged())
def activations_unchanged(program, A, keep_prob, seed):
    """The forward pass leaves the caller's `A` as it was"""
    program.dropout_forward(A, keep_prob, np.random.default_rng(seed), True)
    return {"A": A}


DRAW = "(rng.random(A.shape) < keep_prob).astype(float)"
KEPT_OUTPUT = "return A * mask / keep_prob, mask"
IDENTITY = "return A, np.ones_like(A)"

dropout_forward.variant(
    "DO1",
    "What you keep stays as large as it was, so the next layer receives too little while training. "
    "The division makes up for what is dropped.",
    {KEPT_OUTPUT: "return A * mask, mask"},
)
dropout_forward.variant(
    "DO2",
    "You take `keep_prob` for the probability that an entry is dropped, like `rate` in Keras. Here "
    "it is the probability that it is kept.",
    {
        DRAW: "(rng.random(A.shape) >= keep_prob).astype(float)",
        KEPT_OUTPUT: "return A * mask / (1 - keep_prob + (keep_prob == 1)), mask",
    },
)
dropout_forward.variant(
    "DO2b",
    "You keep an entry when you should drop it: `keep_prob` is the probability that it is kept. "
    "(Your division is by `keep_prob`, as it should be.)",
    {DRAW: "(rng.random(A.shape) >= keep_prob).astype(float)"},
)
dropout_forward.variant(
    "DO2c",
    "You keep the right share of the entries, but divide by the share that is dropped. What is "
    "kept has to stand in for the rest: divide by the probability of being kept.",
    {KEPT_OUTPUT: "return A * mask / (1 - keep_prob + (keep_prob == 1)), mask"},
)
dropout_forward.variant(
    "DO3",
    "You divide at test time, too. There nothing is dropped, so there is nothing to make up for.",
    {IDENTITY: "return A / keep_prob, np.ones_like(A)"},
)
dropout_forward.variant(
    "DO3b",
    "You scale at test time instead of while training: that is the form of the first paper. "
    "Inverted dropout, asked for here, divides while training and leaves test time alone.",
    {KEPT_OUTPUT: "return A * mask, mask", IDENTITY: "return A * keep_prob, np.ones_like(A)"},
)
dropout_forward.variant(
    "DO6",
    "All examples share one mask: a unit is dropped for the whole minibatch or not at all. Draw "
    "for every example anew.",
    {DRAW: "np.ones_like(A) * (rng.random((A.shape[0], 1)) < keep_prob)"},
)
dropout_forward.variant(
    "DO6b",
    "All units of an example share one mask: the example is dropped whole, or not at all. Draw for "
    "every unit anew.",
    {DRAW: "np.ones_like(A) * (rng.random((1, A.shape[1])) < keep_prob)"},
)
dropout_forward.variant(
    "DO7",
    "You compare *normal* random numbers with `keep_prob`. How often those lie below it is another "
    "probability: near 0.79 for 0.8, by chance, but 0.62 for 0.3. Draw numbers that are equally "
    "likely everywhere between 0 and 1.",
    {DRAW: "(rng.standard_normal(A.shape) < keep_prob).astype(float)"},
)
dropout_forward.variant(
    "DO8",
    "You drop entries with `training=False`, too: the network would answer the same question "
    "differently each time. Look at the argument `training`.",
    {"if not training:": "if not training and keep_prob > 2:"},
)
dropout_forward.variant(
    "DO9",
    "You multiply by `keep_prob`, which makes what is too small smaller still. Divide by it.",
    {KEPT_OUTPUT: "return A * mask * keep_prob, mask"},
)
dropout_forward.variant(
    "DO10",
    "Your mask does not come from the `rng` that you are given, but from NumPy's global generator. "
    "Then nobody can repeat your run.",
    {DRAW: "(np.random.random(A.shape) < keep_prob).astype(float)"},
)
dropout_forward.variant(
    "DO11",
    "You make a generator of your own with a fixed seed: every call drops the very same entries. "
    "Draw from the `rng` that you are given; it moves on with every draw.",
    {DRAW: "(np.random.default_rng(0).random(A.shape) < keep_prob).astype(float)"},
)
dropout_forward.variant(
    "DO12",
    "Your numbers are right, but you write them into the caller's array: an augmented assignment "
    "changes the array itself. Make a new one.",
    {KEPT_OUTPUT: "A *= mask / keep_prob\n    return A, mask"},
)
dropout_forward.variant(
    "DO13",
    "You divide by the share that happened to be kept this time. Divide by `keep_prob`, the "
    "probability: then each entry is right on average, and does not depend on the others' luck.",
    {KEPT_OUTPUT: "return A * mask / mask.mean(), mask"},
)
dropout_forward.variant(
    "DO14",
    "Your mask is the wrong way round: it is 1 where an entry was dropped. It should say what was "
    "kept.",
    {KEPT_OUTPUT: "return A * mask / keep_prob, 1 - mask"},
)
dropout_forward.variant(
    "DO15",
    "You return the mask first and the activations second; they are expected the other way round.",
    {KEPT_OUTPUT: "return mask, A * mask / keep_prob", IDENTITY: "return np.ones_like(A), A"},
)


dropout_forward.variant(
    "DO16",
    "You return the activations only. The mask is needed on the way back: return the pair.",
    {KEPT_OUTPUT: "return A * mask / keep_prob", IDENTITY: "return A"},
)


def dropout_binomial(A, keep_prob, rng, training):
    mask = rng.binomial(1, keep_prob if training else 1.0, size=A.shape)
    return np.where(mask, A / keep_prob if training else A, 0.0), mask


def dropout_upper_end(A, keep_prob, rng, training):
    mask = np.ones(A.shape, dtype=bool)
    if training and keep_prob < 1:
        mask = rng.uniform(size=A.shape) > 1 - keep_prob
        A = A * mask * (1 / keep_prob)
    return A, mask


def dropout_entries(A, keep_prob, rng, training):
    out, mask = A.copy(), np.ones(A.shape)
    if training:
        for index in np.ndindex(A.shape):
            if rng.random() < keep_prob:
                out[index] /= keep_prob
            else:
                out[index] = mask[index] = 0
    return out, mask


def dropout_scaled_mask(A, keep_prob, rng, training):
    if training:
        mask = rng.choice([0.0, 1 / keep_prob], size=A.shape, p=[1 - keep_prob, keep_prob])
    else:
        mask = np.ones(A.shape)
    return A * mask, mask


dropout_forward.equivalent("binomial", dropout_binomial)
dropout_forward.equivalent("upper end", dropout_upper_end)
dropout_forward.equivalent("entry by entry", dropout_entries)
dropout_forward.equivalent("mask holds 1 / keep_prob", dropout_scaled_mask)

# ------------------------------------------------------------------------------- noisy digits

# Measured by benchmarks/calibrate_04.py over 40 seeds (30 for the penalties) of digits, wrong
# labels and start, 1000 unseen digits each; floors are the mean less 2 sd, rounded down.
#                        unseen digits                        noisy training labels
#   dropout              mean 0.867, sd 0.017, from 0.834     0.873 to 0.947
#   L2                   mean 0.847, sd 0.025, from 0.783     0.867 to 0.920
#   L1                   mean 0.840, sd 0.024, from 0.780     0.873 to 0.933
#   no regularisation    mean 0.812, sd 0.022, from 0.765     0.993 to 1.000
# So it is the noisy labels that tell whether anything is regularised at all; the accuracy tells
# that nothing else broke.  Not seen here, but by values (5 and 3 seeds): DO4, DO4b, DO4c, DO5,
# DO5b, DO5c (Adam minds no factor; 0.863 to 0.873), L2a (0.835), L2b.*, L1k, L1m.
# An answer without a solution may train as well (DO4c is one): this counts beside another check.
DROPOUT_FLOOR, DROPOUT_TYPICAL = 0.83, 0.87
L2_FLOOR, L2_TYPICAL = 0.79, 0.85
L1_FLOOR, L1_TYPICAL = 0.79, 0.84
NOISY_BELOW = 0.99


def noisy_digits(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    """150 digits with 22 wrong labels to train with; 1000 others, whose labels stay here."""
    from sklearn.datasets import load_digits  # only drawing cases needs it

    digits = load_digits()
    order = rng.permutation(len(digits.target))
    images = digits.images.reshape(-1, 64).T.astype(np.uint8)  # 0 to 16
    old, new = order[:150], order[150:1150]
    labels = digits.target[old]
    wrong = rng.choice(150, 22, replace=False)
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, 22)) % 10
    inputs = {"X": images[:, old], "y": labels, "X_new": images[:, new], "seed": new_seed(rng)}
    return inputs, {"labels": digits.target[new], "train_labels": labels}


def l2_digits(rng: np.random.Generator) -> Iterator[Case]:
    inputs, truth = noisy_digits(rng)
    yield Case(inputs | {"lam": 3.0}, "150 noisy digits, λ = 3", truth)


def l1_digits(rng: np.random.Generator) -> Iterator[Case]:
    inputs, truth = noisy_digits(rng)
    yield Case(inputs | {"lam": 0.3}, "150 noisy digits, λ = 0.3", truth)


def dropout_digits(rng: np.random.Generator) -> Iterator[Case]:
    inputs, truth = noisy_digits(rng)
    yield Case(inputs | {"keep_prob": 0.5}, "150 noisy digits, keep_prob = 0.5", truth)


def trained(X, y, X_new, seed, decay=None, drop=None, back=None):
    """Predictions of a 64-128-128-10 relu network after 50 epochs of Adam, as in the notebook.

    `decay(W)` is added to every weight's gradient; `drop(A, rng, training)` and `back(dA, mask)`
    are the two halves of dropout, after each hidden layer.
    """
    rng = np.random.default_rng(seed)
    X, X_new, Y = X / 16, X_new / 16, np.eye(10)[:, y]
    m, sizes, params = len(y), (64, 128, 128, 10), {}
    for layer in (1, 2, 3):
        n0, n1 = sizes[layer - 1], sizes[layer]
        params[f"W{layer}"] = rng.normal(size=(n1, n0)) * np.sqrt(2 / n0)
        params[f"b{layer}"] = np.zeros((n1, 1))

    def forward(X, training):
        A, masks = [X], []
        for layer in (1, 2):
            hidden = np.maximum(params[f"W{layer}"] @ A[-1] + params[f"b{layer}"], 0)
            if drop is not None:
                hidden, mask = drop(hidden, rng, training)
                masks.append(mask)
            A.append(hidden)
        return A, masks, params["W3"] @ A[-1] + params["b3"]

    def gradients(batch):
        A, masks, Z = forward(X[:, batch], True)
        E = np.exp(Z - Z.max(axis=0))
        dZ, grads = (E / E.sum(axis=0) - Y[:, batch]) / len(batch), {}
        for layer in (3, 2, 1):
            W = params[f"W{layer}"]
            grads[f"W{layer}"] = dZ @ A[layer - 1].T + (0 if decay is None else decay(W.copy()))
            grads[f"b{layer}"] = dZ.sum(axis=1, keepdims=True)
            if layer > 1:
                dA = W.T @ dZ
                dA = dA if back is None else back(dA, masks[layer - 2])
                dZ = dA * (A[layer - 1] > 0)
        return grads

    v, s, t = {name: 0.0 for name in params}, {name: 0.0 for name in params}, 0
    for _ in range(50):
        for batch in np.split(rng.permutation(m), m // 25):
            t += 1
            for name, dw in gradients(batch).items():
                v[name] = 0.9 * v[name] + 0.1 * dw
                s[name] = 0.999 * s[name] + 0.001 * dw**2
                rate = 0.002 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
                params[name] = params[name] - rate * v[name] / (np.sqrt(s[name]) + 1e-8)
    return {
        "predictions": forward(X_new, False)[2].argmax(axis=0),
        "train_predictions": forward(X, False)[2].argmax(axis=0),
    }


# ----------------------------------------------------------------------------- dropout_backward

dropout_backward = unit.exercise("dropout_backward", points=3, uses=("dropout_forward",))


def dropped_layers(rng: np.random.Generator) -> Iterator[Case]:
    """A layer and the gradient that comes back to it, none of it near 0."""
    for case in activations(rng):
        shape = case.inputs["A"].shape
        dA = rng.uniform(0.5, 2, shape) * rng.choice([-1.0, 1.0], shape)
        yield Case(case.inputs | {"dA": dA}, case.label)


def masked_layers(rng: np.random.Generator) -> Iterator[Case]:
    """The same, and which entries the mask keeps."""
    for case in dropped_layers(rng):
        kept = rng.random(case.inputs["A"].shape) < case.inputs["keep_prob"]
        yield Case(case.inputs | {"kept": kept}, case.label)


def small_layers(rng: np.random.Generator) -> Iterator[Case]:
    """Layers small enough to measure every slope."""
    for keep_prob, shape in ((0.8, (4, 6)), (0.3, (5, 7))):
        inputs = {"A": rng.normal(size=shape), "dA": rng.normal(size=shape)}
        inputs |= {"keep_prob": keep_prob, "seed": new_seed(rng)}
        yield Case(inputs, f"keep_prob = {keep_prob}")


def gap(got: Any) -> float:
    """The largest distance between gradient and measured slope, relative to the largest slope."""
    gradient, measured = np.asarray(got["gradient"]), np.asarray(got["measured"])
    if gradient.shape != measured.shape:
        raise ValueError("not of one shape")
    return float(np.abs(gradient - measured).max() / np.abs(measured).max())


@dropout_backward.check(points=0.75, cases=dropped_layers, judge=close(float64))
def kept_slope(program, A, dA, keep_prob, seed):
    """Where an entry was kept, its gradient is divided by `keep_prob`"""
    out, mask = program.dropout_forward(A, keep_prob, np.random.default_rng(seed), True)
    kept, given = np.asarray(out) != 0, dA.copy()
    if not kept.any():
        return {"entries that are kept": "none"}
    factors = (np.asarray(program.dropout_backward(dA, mask, keep_prob)) / given)[kept]
    return {"gradient after / before, where kept": [factors.min(), factors.max()]}


def mask_like(out, mask, kept):
    """A mask that keeps what the case says, in the form of the student's own.

    There may be flags in it, or 1 / keep_prob.
    """
    through, mask = np.asarray(out) != 0, np.broadcast_to(mask, np.shape(out))
    one = mask[through].flat[0] if through.any() else 1
    zero = 0 if through.all() else mask[~through].flat[0]
    return np.where(kept, one, zero).astype(mask.dtype)


@dropout_backward.check(points=0.5, cases=masked_layers, judge=close(float64), helpers=(mask_like,))
def dropped_slope(program, A, dA, keep_prob, seed, kept):
    """Where an entry was dropped, and only there, its gradient is 0"""
    result = program.dropout_forward(A, keep_prob, np.random.default_rng(seed), True)
    mask = mask_like(*result, kept)
    gradient = np.asarray(program.dropout_backward(dA, mask, keep_prob), dtype=float)
    if gradient.shape != kept.shape:
        return {"shape of the gradient": str(gradient.shape)}
    found = {
        "shape of the gradient": str(gradient.shape),
        "all 0 where dropped": bool((gradient[~kept] == 0).all()),
        "none 0 where kept": bool((gradient[kept] != 0).all()),
    }
    # Whatever its factor, which another check asks for.
    right = all(found.values())
    return found | {"gradient / its largest": gradient / np.abs(gradient).max() if right else 0.0}


@dropout_backward.check(
    points=0.75,
    cases=small_layers,
    judge=at_most(1e-6, of=gap, what="The distance of your gradient from the measured slopes"),
)
def measured_slope(program, A, dA, keep_prob, seed):
    """The gradient is the slope of your own forward pass, measured with a frozen mask"""

    def cost(X):
        # The same seed, and so the same mask, in every call.
        out, _ = program.dropout_forward(X, keep_prob, np.random.default_rng(seed), True)
        return np.sum(dA * out)

    _, mask = program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), True)
    gradient = program.dropout_backward(dA.copy(), mask, keep_prob)
    return {"gradient": gradient, "measured": probes.numerical_gradient(cost, A)}


@dropout_backward.check(points=0.25, cases=dropped_layers, judge=unchanged())
def gradient_unchanged(program, A, dA, keep_prob, seed):
    """The backward pass leaves the caller's `dA` and `mask` as they were"""
    _, mask = program.dropout_forward(A, keep_prob, np.random.default_rng(seed), True)
    before = np.array(mask)
    program.dropout_backward(dA, mask, keep_prob)
    return {"dA": dA, "mask": "as it was" if np.array_equal(mask, before) else "changed"}


@dropout_backward.check(
    points=0.75,
    cases=dropout_digits,
    judge=accuracy(DROPOUT_FLOOR, DROPOUT_TYPICAL, train_below=NOISY_BELOW),
    counts_alone=False,
    tries=3,
    seconds=60,
    helpers=(trained,),
)
def dropout_trains(program, X, y, X_new, keep_prob, seed):
    """With your dropout a network learns the digits, and not the wrong labels among them"""
    return trained(
        X,
        y,
        X_new,
        seed,
        drop=lambda A, rng, training: program.dropout_forward(A, keep_prob, rng, training),
        back=lambda dA, mask: program.dropout_backward(dA, mask, keep_prob),
    )


BACK = "return dA * mask / keep_prob"

dropout_backward.variant(
    "DO4",
    "Your gradient passes where entries were dropped. What was switched off had no influence on "
    "the cost: its slope is 0. Use the mask.",
    {BACK: "return dA / keep_prob"},
)
dropout_backward.variant(
    "DO4b",
    "You draw a new mask on the way back. It must be the one of the forward pass: other entries "
    "had no influence on the cost.",
    {BACK: "return dA * (np.random.random(dA.shape) < keep_prob) / keep_prob"},
)
dropout_backward.variant(
    "DO4c",
    "Your gradient comes back as it went in: dropout has to be undone on the way back, mask and "
    "division alike.",
    {BACK: "return dA.copy()"},
)
dropout_backward.variant(
    "DO5",
    "You apply the mask, but the factor is missing. Going forward a kept entry was divided by "
    "`keep_prob`; so its slope is 1 / keep_prob.",
    {BACK: "return dA * mask"},
)
dropout_backward.variant(
    "DO5b",
    "You multiply by `keep_prob` to undo the division. A gradient is not undone but multiplied by "
    "the same factor once more: it is divided as well.",
    {BACK: "return dA * mask * keep_prob"},
)
dropout_backward.variant(
    "DO5c",
    "You divide by the probability of being dropped. The factor is the one of the forward pass.",
    {BACK: "return dA * mask / (1 - keep_prob)"},
)
dropout_backward.variant(
    "DO17",
    "Your gradient is the wrong way round: it is 0 where an entry was kept and passes where it was "
    "dropped.",
    {BACK: "return dA * (1 - mask) / keep_prob"},
)
dropout_backward.variant(
    "DO18",
    "You divide by the share that happened to be kept. The forward pass divides by `keep_prob`.",
    {BACK: "return dA * mask / np.mean(mask)"},
)
dropout_backward.variant(
    "DO19",
    "Your numbers are right, but you write them into the caller's array. Make a new one.",
    {BACK: "dA *= mask / keep_prob\n    return dA"},
)


def back_where_kept(dA, mask, keep_prob):
    return np.where(np.asarray(mask) > 0, np.divide(dA, keep_prob), 0.0)


def back_by_copy(dA, mask, keep_prob):
    dA_prev = dA.copy()
    dA_prev[mask == 0] = 0
    dA_prev /= keep_prob
    return dA_prev


def back_by_factor(dA, mask, keep_prob):
    return np.einsum("ij,ij,->ij", dA, mask, 1 / keep_prob)


dropout_backward.equivalent("where", back_where_kept)
dropout_backward.equivalent("on a copy", back_by_copy)
dropout_backward.equivalent("einsum", back_by_factor)

# ----------------------------------------------------------------------------------- penalties

Params = dict[str, Any]


def layers(rng: np.random.Generator, sizes: tuple[int, ...], biases: bool) -> Params:
    """Parameters of a network; biases are 0, or larger than any weight."""
    params = {}
    for layer, (n0, n1) in enumerate(pairwise(sizes), 1):
        params[f"W{layer}"] = rng.normal(size=(n1, n0))
        params[f"b{layer}"] = rng.uniform(3, 4, (n1, 1)) * biases
    return params


def penalties(sizes: tuple[tuple[int, ...], ...], biases: bool) -> Callable[..., Any]:
    """Cases for networks of the given sizes."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for (lam, m), layout in zip(((0.7, 5), (3.0, 40)), sizes, strict=True):
            label = f"{len(layout) - 1} layer{'s' if len(layout) > 2 else ''}, λ = {lam}, m = {m}"
            yield Case({"params": layers(rng, layout, biases), "lam": lam, "m": m}, label)

    return cases


one_layer = penalties(((3, 4), (6, 2)), biases=False)
more_layers = penalties(((3, 4, 2), (5, 2, 6, 3)), biases=False)
with_biases = penalties(((3, 4), (5, 2, 3)), biases=True)


def weights(rng: np.random.Generator) -> Iterator[Case]:
    """One weight matrix each, no entry near 0."""
    for (lam, m), shape in zip(((0.7, 5), (3.0, 40)), ((4, 3), (2, 6)), strict=True):
        W = rng.uniform(0.2, 2, shape) * rng.choice([-1.0, 1.0], shape)
        yield Case({"W": W, "lam": lam, "m": m}, f"λ = {lam}, m = {m}")


def growing(cases: Callable[..., Any]) -> Callable[..., Any]:
    """The cases, each with a factor for λ and one for m, which stays a whole number."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        for case in cases(rng):
            factors = {"factor": float(rng.uniform(1.5, 4)), "times": int(rng.integers(2, 6))}
            yield Case(case.inputs | factors, case.label)

    return drawn


# Only one check of a penalty asks for its size; the others look at ratios, which a wrong factor
# leaves as they are.

l2_penalty = unit.exercise("l2_penalty", points=2)


@l2_penalty.check(points=0.75, cases=one_layer, judge=close(float64))
def l2_value(program, params, lam, m):
    """`l2_penalty` is λ/(2m) times the sum of the squared weights"""
    return {"penalty": program.l2_penalty(params, lam, m)}


@l2_penalty.check(points=0.5, cases=growing(one_layer), judge=close(float64))
def l2_growth(program, params, lam, m, factor, times):
    """The penalty grows with λ and with the square of the weights, and falls with m"""
    larger = {name: factor * value for name, value in params.items()}
    flipped = {name: value * (-1) ** np.arange(value.shape[1]) for name, value in params.items()}
    penalty, f = program.l2_penalty(params, lam, m), f"{factor:.3g}"
    return {
        f"growth if λ is {f} times as large": program.l2_penalty(params, factor * lam, m) / penalty,
        f"growth if m is {times} times as large": program.l2_penalty(params, lam, times * m)
        / penalty,
        f"growth if the weights are {f} times as large": program.l2_penalty(larger, lam, m)
        / penalty,
        "growth if signs change": program.l2_penalty(flipped, lam, m) / penalty,
    }


@l2_penalty.check(points=0.25, cases=more_layers, judge=close(float64))
def l2_layers(program, params, lam, m):
    """All layers count, each with its own weights"""
    penalty, shares = program.l2_penalty(params, lam, m), {}
    for name in params:
        if name.startswith("W"):
            alone = {key: value * (key == name) for key, value in params.items()}
            shares[f"share of {name}"] = program.l2_penalty(alone, lam, m) / penalty
    return shares


@l2_penalty.check(
    points=0.5,
    cases=with_biases,
    judge=close(float64),
    counts_alone=False,  # always 1
)
def l2_biases(program, params, lam, m):
    """Biases cost nothing"""
    without = {name: value * name.startswith("W") for name, value in params.items()}
    penalty = program.l2_penalty(params, lam, m)
    return {"with biases / without": penalty / program.l2_penalty(without, lam, m)}


L2_SUM = 'sum(np.sum(W**2) for name, W in params.items() if name.startswith("W"))'
L2_RESULT = "return float(lam / (2 * m) * squares)"

l2_penalty.variant(
    "L2b",
    "Your penalty is twice too large: the factor is λ/(2m). The 2 is there to cancel when you take "
    "the slope. (Keras' own L2 has neither the ½ nor 1/m.)",
    {L2_RESULT: "return float(lam / m * squares)"},
)
l2_penalty.variant(
    "L2c",
    "You penalise the biases, too. Only weights count: the entries whose names begin with `W`.",
    {L2_SUM: "sum(np.sum(p**2) for p in params.values())"},
)
l2_penalty.variant(
    "L2c.last",
    "Only the last layer is penalised. Add up the weights of all layers.",
    {L2_SUM: 'np.sum(params[f"W{len(params) // 2}"] ** 2)'},
)
l2_penalty.variant(
    "L2c.first",
    "Only the first layer is penalised. Add up the weights of all layers.",
    {L2_SUM: 'np.sum(params["W1"] ** 2)'},
)
l2_penalty.variant(
    "L2e",
    "You take the root of the sum of squares. The penalty is made of the squares themselves.",
    {L2_SUM: 'sum(np.linalg.norm(W) for name, W in params.items() if name.startswith("W"))'},
)
l2_penalty.variant(
    "L2f",
    "The number of examples is missing: λ is divided by 2m.",
    {L2_RESULT: "return float(lam / 2 * squares)"},
)
l2_penalty.variant(
    "L2g",
    "You average the squares of a layer. They are added up.",
    {L2_SUM: L2_SUM.replace("np.sum", "np.mean")},
)
l2_penalty.variant(
    "L2h",
    "You square the sum of the weights, so that positive and negative ones cancel. Square each "
    "weight, then add up.",
    {L2_SUM: L2_SUM.replace("np.sum(W**2)", "np.sum(W) ** 2")},
)
l2_penalty.variant(
    "L2i",
    "You add up the weights' sizes, not their squares: that is L1.",
    {L2_SUM: L2_SUM.replace("W**2", "np.abs(W)")},
)


def l2_by_products(params, lam, m):
    total = 0.0
    for layer in range(1, len(params) // 2 + 1):
        W = params["W" + str(layer)]
        total += np.trace(W @ W.T)
    return total * lam / m / 2


def l2_by_norms(params, lam, m):
    norms = [np.linalg.norm(W) for name, W in params.items() if "W" in name]
    return 0.5 * lam / m * np.dot(norms, norms)


def l2_at_once(params, lam, m):
    every = np.concatenate([W.ravel() for name, W in params.items() if name[0] == "W"])
    return np.array(lam * (every @ every) / (2 * m))


l2_penalty.equivalent("traces", l2_by_products)
l2_penalty.equivalent("norms", l2_by_norms)
l2_penalty.equivalent("one vector, a 0-d array", l2_at_once)

# -------------------------------------------------------------------------------------- l2_grad

l2_grad = unit.exercise("l2_grad", points=2, uses=("l2_penalty",))


@l2_grad.check(points=0.5, cases=weights, judge=close(float64))
def l2_slope(program, W, lam, m):
    """`l2_grad` is λ/m times the weights"""
    return {"gradient": program.l2_grad(W, lam, m)}


@l2_grad.check(points=0.5, cases=growing(weights), judge=close(float64))
def l2_proportions(program, W, lam, m, factor, times):
    """The gradient is in proportion to each weight and to λ, and falls with m"""
    gradient = np.asarray(program.l2_grad(W.copy(), lam, m), dtype=float)
    if gradient.shape != W.shape:
        return {"shape of the gradient": str(gradient.shape)}
    size = np.abs(gradient).max() or 1.0  # any factor will do here
    return {
        "shape of the gradient": str(gradient.shape),
        "gradient / its largest": gradient / size,
        f"the same with λ {factor:.3g} times as large": program.l2_grad(W.copy(), factor * lam, m)
        / size,
        f"the same with m {times} times as large": program.l2_grad(W.copy(), lam, times * m) / size,
    }


@l2_grad.check(
    points=0.25,
    cases=weights,
    judge=equal_sides("the gradient, and the measured slope of your own `l2_penalty`", rtol=1e-6),
)
def l2_measured(program, W, lam, m):
    """`l2_grad` is the slope of your own `l2_penalty`, measured by central differences"""
    bias = np.zeros((len(W), 1))

    def penalty(V):
        return program.l2_penalty({"W1": V, "b1": bias}, lam, m)

    measured = probes.numerical_gradient(penalty, W)
    return {"left": program.l2_grad(W, lam, m), "right": measured}


@l2_grad.check(points=0.25, cases=weights, judge=unchanged())
def l2_weights_unchanged(program, W, lam, m):
    """`l2_grad` leaves the weights as they were: to change them is the optimiser's task"""
    program.l2_grad(W, lam, m)
    return {"W": W}


@l2_grad.check(
    points=0.5,
    cases=l2_digits,
    judge=accuracy(L2_FLOOR, L2_TYPICAL, train_below=NOISY_BELOW),
    counts_alone=False,
    tries=3,
    seconds=60,
    helpers=(trained,),
)
def l2_trains(program, X, y, X_new, lam, seed):
    """With your L2 a network learns the digits, and not the wrong labels among them"""
    return trained(X, y, X_new, seed, decay=lambda W: program.l2_grad(W, lam, len(y)))


L2_GRADIENT = "return lam / m * W"

l2_grad.variant(
    "L2a",
    "Your gradient is one number, made of the sum of all weights. Each weight has a slope of its "
    "own, which depends on itself alone.",
    {L2_GRADIENT: "return lam / m * np.sum(W)"},
)
l2_grad.variant(
    "L2a.filled",
    "All weights get the same slope, made of their sum. Each weight's slope depends on itself "
    "alone.",
    {L2_GRADIENT: "return np.full(W.shape, lam / m * np.sum(W))"},
)
l2_grad.variant(
    "L2b.twice",
    "Your gradient is twice too large: the 2 from the square cancels the one in λ/(2m).",
    {L2_GRADIENT: "return 2 * lam / m * W"},
)
l2_grad.variant(
    "L2b.half",
    "Your gradient is half as large as it should be: the slope of a square brings a 2 that cancels "
    "the one in λ/(2m).",
    {L2_GRADIENT: "return lam / (2 * m) * W"},
)
l2_grad.variant(
    "L2d",
    "You shrink the weights yourself and hand back a gradient that makes the optimiser shrink them "
    "again: they decay twice. Return the gradient, and leave the weights alone.",
    {L2_GRADIENT: "grad = lam / m * W\n    W -= grad\n    return grad"},
)
l2_grad.variant(
    "L2j",
    "The number of examples is missing: the slope is λ/m times the weight.",
    {L2_GRADIENT: "return lam * W"},
)
l2_grad.variant(
    "L2k",
    "Your gradient has the wrong sign: the penalty grows with the size of a weight, so its slope "
    "points away from 0. With this one weights grow without end.",
    {L2_GRADIENT: "return -lam / m * W"},
)
l2_grad.variant(
    "L2l",
    "You return the weights after the step. The gradient is asked for, to be added to the others.",
    {L2_GRADIENT: "return W - lam / m * W"},
)


def l2_grad_entries(W, lam, m):
    return np.array([[lam * w / m for w in row] for row in W.tolist()])


def l2_grad_of_square(W, lam, m):
    return (lam / (2 * m)) * (2 * W)


def l2_grad_on_copy(W, lam, m):
    W = W.copy()
    W *= lam
    W /= m
    return W


l2_grad.equivalent("entry by entry", l2_grad_entries)
l2_grad.equivalent("slope of a square", l2_grad_of_square)
l2_grad.equivalent("on a copy", l2_grad_on_copy)

# ----------------------------------------------------------------------------------- l1_penalty

l1_penalty = unit.exercise("l1_penalty", points=1)


@l1_penalty.check(points=0.5, cases=one_layer, judge=close(float64))
def l1_value(program, params, lam, m):
    """`l1_penalty` is λ/m times the sum of the weights' absolute values"""
    return {"penalty": program.l1_penalty(params, lam, m)}


@l1_penalty.check(points=0.25, cases=more_layers, judge=close(float64))
def l1_layers(program, params, lam, m):
    """All layers count, each with its own weights"""
    penalty, shares = program.l1_penalty(params, lam, m), {}
    for name in params:
        if name.startswith("W"):
            alone = {key: value * (key == name) for key, value in params.items()}
            shares[f"share of {name}"] = program.l1_penalty(alone, lam, m) / penalty
    return shares


@l1_penalty.check(
    points=0.25,
    cases=with_biases,
    judge=close(float64),
    counts_alone=False,  # always 1
)
def l1_biases(program, params, lam, m):
    """Biases cost nothing"""
    without = {name: value * name.startswith("W") for name, value in params.items()}
    penalty = program.l1_penalty(params, lam, m)
    return {"with biases / without": penalty / program.l1_penalty(without, lam, m)}


L1_SUM = 'sum(np.sum(np.abs(W)) for name, W in params.items() if name.startswith("W"))'
L1_RESULT = "return float(lam / m * sizes)"

l1_penalty.variant(
    "L1c",
    "You penalise the biases, too. Only weights count: the entries whose names begin with `W`.",
    {L1_SUM: "sum(np.sum(np.abs(p)) for p in params.values())"},
)
l1_penalty.variant(
    "L1d",
    "The absolute value is missing: positive and negative weights cancel, and a very negative "
    "weight would even be rewarded.",
    {L1_SUM: L1_SUM.replace("np.abs(W)", "W")},
)
l1_penalty.variant(
    "L1e",
    "You take the absolute value of the sum. Take that of each weight, then add up.",
    {L1_SUM: L1_SUM.replace("np.sum(np.abs(W))", "np.abs(np.sum(W))")},
)
l1_penalty.variant(
    "L1f",
    "Your penalty is half as large as it should be: L1 has no square, so no 2 is needed to cancel "
    "one.",
    {L1_RESULT: "return float(lam / (2 * m) * sizes)"},
)
l1_penalty.variant(
    "L1g",
    "The number of examples is missing: λ is divided by m.",
    {L1_RESULT: "return float(lam * sizes)"},
)
l1_penalty.variant(
    "L1h",
    "Only the last layer is penalised. Add up the weights of all layers.",
    {L1_SUM: 'np.sum(np.abs(params[f"W{len(params) // 2}"]))'},
)
l1_penalty.variant(
    "L1i",
    "You average the absolute values of a layer. They are added up.",
    {L1_SUM: L1_SUM.replace("np.sum(np", "np.mean(np")},
)
l1_penalty.variant(
    "L1j",
    "You use the matrix norm called 1, the largest column sum. Here every absolute value counts.",
    {L1_SUM: L1_SUM.replace("np.sum(np.abs(W))", "np.linalg.norm(W, 1)")},
)


def l1_by_signs(params, lam, m):
    total = 0.0
    for layer in range(1, len(params) // 2 + 1):
        W = params["W" + str(layer)]
        total += np.vdot(np.sign(W), W)
    return total / m * lam


def l1_by_norms(params, lam, m):
    return lam * sum(np.linalg.norm(params[k].ravel(), 1) for k in params if "W" in k) / m


l1_penalty.equivalent("signs", l1_by_signs)
l1_penalty.equivalent("norms of vectors", l1_by_norms)

# -------------------------------------------------------------------------------------- l1_grad

l1_grad = unit.exercise("l1_grad", points=2, uses=("l1_penalty",))


def sparse_weights(rng: np.random.Generator) -> Iterator[Case]:
    """Weights of which some are exactly 0."""
    for case in weights(rng):
        W = case.inputs["W"].copy()
        W.flat[rng.choice(W.size, 3, replace=False)] = 0
        yield Case(case.inputs | {"W": W}, f"{case.label}, three weights are 0")


@l1_grad.check(points=0.5, cases=weights, judge=close(float64))
def l1_slope(program, W, lam, m):
    """`l1_grad` is λ/m with the sign of the weight"""
    return {"gradient": program.l1_grad(W, lam, m)}


@l1_grad.check(points=0.25, cases=sparse_weights, judge=close(float64))
def l1_at_zero(program, W, lam, m):
    """A weight that is 0 is left in peace, and all others are pulled equally hard"""
    with np.errstate(all="ignore"):
        gradient = np.asarray(program.l1_grad(W, lam, m), dtype=float)
    if gradient.shape != W.shape:
        return {"shape of the gradient": str(gradient.shape)}
    sizes = np.abs(gradient)
    return {
        "shape of the gradient": str(gradient.shape),
        "pull / the hardest": sizes / (sizes.max() or 1.0),
    }


@l1_grad.check(
    points=0.5,
    cases=weights,
    judge=equal_sides("the gradient, and the measured slope of your own `l1_penalty`", rtol=1e-6),
)
def l1_measured(program, W, lam, m):
    """`l1_grad` is the slope of your own `l1_penalty`, measured by central differences"""
    bias = np.zeros((len(W), 1))

    def penalty(V):
        return program.l1_penalty({"W1": V, "b1": bias}, lam, m)

    measured = probes.numerical_gradient(penalty, W)
    return {"left": program.l1_grad(W, lam, m), "right": measured}


@l1_grad.check(points=0.25, cases=weights, judge=unchanged())
def l1_weights_unchanged(program, W, lam, m):
    """`l1_grad` leaves the weights as they were"""
    program.l1_grad(W, lam, m)
    return {"W": W}


@l1_grad.check(
    points=0.5,
    cases=l1_digits,
    judge=accuracy(L1_FLOOR, L1_TYPICAL, train_below=NOISY_BELOW),
    counts_alone=False,
    tries=3,
    seconds=60,
    helpers=(trained,),
)
def l1_trains(program, X, y, X_new, lam, seed):
    """With your L1 a network learns the digits, and not the wrong labels among them"""
    return trained(X, y, X_new, seed, decay=lambda W: program.l1_grad(W, lam, len(y)))


L1_GRADIENT = "return lam / m * np.sign(W)"

l1_grad.variant(
    "L1a",
    "That is the gradient of L2: it grows with the weight. The slope of an absolute value is the "
    "same everywhere; only its sign changes.",
    {L1_GRADIENT: "return lam / m * W"},
)
l1_grad.variant(
    "L1a.abs",
    "You return the absolute values. Their *slope* is asked for: 1 to the right of 0, -1 to the "
    "left.",
    {L1_GRADIENT: "return lam / m * np.abs(W)"},
)
l1_grad.variant(
    "L1b",
    "A weight that is exactly 0 gets a slope, and is pushed away from where L1 wants it. At 0 the "
    "slope counts as 0.",
    {L1_GRADIENT: "return lam / m * np.where(W >= 0, 1.0, -1.0)"},
)
l1_grad.variant(
    "L1b.nan",
    "For a weight that is 0 you divide 0 by 0, which is NaN. At 0 the slope counts as 0.",
    {L1_GRADIENT: "return lam / m * (W / np.abs(W))"},
)
l1_grad.variant(
    "L1k",
    "All slopes are positive: negative weights are pulled further down, away from 0. The sign of "
    "the weight decides.",
    {L1_GRADIENT: "return lam / m * np.ones_like(W)"},
)
l1_grad.variant(
    "L1l",
    "The number of examples is missing: the slope is λ/m.",
    {L1_GRADIENT: "return lam * np.sign(W)"},
)
l1_grad.variant(
    "L1m",
    "Your slopes are half as large as they should be: L1 has no 2 in its factor.",
    {L1_GRADIENT: "return lam / (2 * m) * np.sign(W)"},
)
l1_grad.variant(
    "L1n",
    "Your gradient has the wrong sign: with it weights move away from 0.",
    {L1_GRADIENT: "return -lam / m * np.sign(W)"},
)
l1_grad.variant(
    "L1o",
    "You move the weights towards 0 yourself, in the caller's array, and hand back a gradient that "
    "moves them again. Return the gradient, and leave the weights alone.",
    {L1_GRADIENT: "grad = lam / m * np.sign(W)\n    W -= grad\n    return grad"},
)


def l1_grad_by_comparison(W, lam, m):
    return (lam / m) * ((W > 0).astype(float) - (W < 0))


def l1_grad_by_masks(W, lam, m):
    gradient = np.zeros(W.shape)
    gradient[W > 0] = lam / m
    gradient[W < 0] = -lam / m
    return gradient


l1_grad.equivalent("comparisons", l1_grad_by_comparison)
l1_grad.equivalent("masks", l1_grad_by_masks)

# --------------------------------------------------------------------------------- EarlyStopper

early_stopper = unit.exercise("EarlyStopper", points=4)

# Every check has a script in which training stops and one in which it does not, or asks for what
# was kept as well: a class that always gives the same answer passes none.
NAN = float("nan")


def scripts(
    *many: tuple[str, int, float, list[float]], descent: bool = False
) -> Callable[..., Any]:
    """Cases `(label, patience, min_delta, values)`; all values are stretched by one random factor.

    The factor is no whole number, so that no value lies on the edge of `min_delta`.  A `descent`
    of up to four improvements goes before: then what follows happens at another epoch each time.
    """

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for label, patience, min_delta, values in many:
            factor = float(rng.uniform(0.6, 0.9))
            if descent:
                first = int(np.flatnonzero(np.isfinite(values))[0])  # NaN stays at the beginning
                steps = np.arange(rng.integers(5), 0, -1)
                before = values[first] + 2 * (1 + min_delta) * steps
                values = [*values[:first], *before, *values[first:]]
            inputs = {
                "patience": patience,
                "min_delta": factor * min_delta,
                "values": factor * np.array(values),
                "shift": float(rng.uniform(1, 2)),
            }
            yield Case(inputs, label)

    return cases


plain_scripts = scripts(
    ("falls, then rises; patience 3", 3, 0, [9, 7, 6, 5, 6, 7, 8, 9, 10]),
    ("falls for longer than patience", 2, 0, [9, 8, 7, 6, 5, 4, 3, 2]),
    ("rises, recovers, rises; patience 2", 2, 0, [5, 6, 4, 5, 3, 4, 2, 3, 4, 5]),
    ("falls after a peak, but not below the best", 3, 0, [5, 4, 9, 8, 7, 6, 5]),
    ("stays the same; patience 4", 4, 0, [3, 3, 3, 3, 3, 3, 3]),
    ("falls below 0; patience 1", 1, 0, [-1, -2, -3, -2.5, -4]),
    descent=True,
)
min_delta_scripts = scripts(
    ("gains below min_delta; patience 2", 2, 1, [9, 7, 6.6, 6.3, 6.1, 6.05]),
    ("creeps, and gains enough in two steps", 2, 1, [9, 8.4, 7.8, 7.2, 6.6, 6, 5.4]),
    ("gains above min_delta", 2, 1, [9, 7, 5, 3, 1, -1]),
    ("a little worse than the best", 2, 1, [5, 5.4, 5.7, 6, 3.5]),
    ("large numbers, small min_delta", 2, 0.5, [900, 899, 898, 897, 896]),
    descent=True,
)
nan_scripts = scripts(
    ("NaN from some epoch on; patience 2", 2, 0, [5, 4, NAN, NAN, NAN]),
    ("one NaN on the way", 3, 0, [5, 4, NAN, 3, 2, 1]),
    ("NaN at the beginning", 3, 0, [NAN, 5, 4, 3, 2]),
    descent=True,
)
best_scripts = scripts(
    ("falls, then rises", 2, 0, [9, 7, 5, 6, 8]),
    ("the best is the first", 3, 0, [2, 3, 4, 5]),
)
unstopped_scripts = scripts(
    ("still falling at the end", 2, 0, [9, 7, 5, 6, 4]),
    ("the best is not the last", 4, 0, [9, 5, 3, 4, 6]),
)


@early_stopper.check(points=1.25, cases=plain_scripts, judge=exact(secret=False), counts_alone=True)
def says_stop(program, patience, min_delta, values, shift):
    """`update` says stop after exactly `patience` epochs in a row without an improvement"""
    stopper = program.EarlyStopper(patience)
    for epoch, value in enumerate(values):
        if stopper.update(float(value), [np.full((2, 2), shift + epoch)]):
            return {"stops after epoch": str(epoch)}
    return {"stops after epoch": "none of these"}


@early_stopper.check(
    points=0.75, cases=min_delta_scripts, judge=exact(secret=False), counts_alone=True
)
def respects_min_delta(program, patience, min_delta, values, shift):
    """Only a value below the best by more than `min_delta` is an improvement"""
    # What counts as an improvement, whether or not it says stop at the right time.
    # Counted from the first best epoch: a count that begins elsewhere loses in another check.
    stopper, best = program.EarlyStopper(patience, min_delta), []
    for epoch, value in enumerate(values):
        stopper.update(float(value), [np.full((2, 2), shift + epoch)])
        best.append(int(stopper.best_epoch))
    return {"best epoch, after each": " ".join(str(epoch - best[0]) for epoch in best)}


@early_stopper.check(points=0.5, cases=nan_scripts, judge=exact(secret=False), counts_alone=True)
def ignores_nan(program, patience, min_delta, values, shift):
    """NaN is no improvement, from the first epoch on, and does not stand in the way of one"""

    def stops(values):
        stopper = program.EarlyStopper(patience)
        for epoch, value in enumerate(values):
            if stopper.update(float(value), [np.full((2, 2), shift)]):
                return epoch
        return len(values)

    # By the student's own count: one that is off loses in another check.
    alone, after = [np.nan] * (patience + 3), stops([shift] + [np.nan] * (patience + 3))
    stopper, best = program.EarlyStopper(patience), []
    for epoch, value in enumerate(values):
        stopper.update(float(value), [np.full((2, 2), shift + epoch)])
        # Before the first number nothing is known to be the best.
        best += [int(stopper.best_epoch)] if np.isfinite(values[: epoch + 1]).any() else []
    first = int(np.flatnonzero(np.isfinite(values))[0])
    return {
        "best epoch, after each": " ".join(str(epoch - best[0] + first) for epoch in best),
        "NaN alone stops as soon as NaN after a number": stops(alone) + 1 == after,
    }


@early_stopper.check(points=0.5, cases=best_scripts, judge=exact(secret=False), counts_alone=True)
def keeps_best(program, patience, min_delta, values, shift):
    """After it has said stop, value, epoch and weights are those of the best epoch"""
    stopper = program.EarlyStopper(patience)
    for epoch, value in enumerate(values):
        # New arrays in every epoch: nothing here needs to be copied.
        weights = [np.full((3, 2), shift + epoch), np.full((3, 1), shift - epoch)]
        stopper.update(float(value), weights)
    return {
        "best_value": float(stopper.best_value),
        "best_epoch": int(stopper.best_epoch),
        "best_weights": stopper.best_weights,
    }


@early_stopper.check(
    points=0.25, cases=unstopped_scripts, judge=exact(secret=False), counts_alone=True
)
def best_without_stop(program, patience, min_delta, values, shift):
    """The best weights are there, too, when training ends before it says stop"""
    stopper = program.EarlyStopper(patience)
    for epoch, value in enumerate(values):
        stopper.update(float(value), [np.full((3, 2), shift + epoch)])
    return {"best_weights": stopper.best_weights}


@early_stopper.check(points=0.5, cases=best_scripts, judge=exact(secret=False), counts_alone=True)
def copies_weights(program, patience, min_delta, values, shift):
    """What is kept does not change when training goes on in place, for a list and for a dict"""
    kept = {}
    for form in ("list", "dict"):
        stopper = program.EarlyStopper(patience)
        W, b = np.full((3, 2), shift), np.full((3, 1), -shift)
        weights = [W, b] if form == "list" else {"W1": W, "b1": b}
        for value in values:
            W += 1
            b -= 1
            stopper.update(float(value), weights)
        W *= 0
        b *= 0
        kept[f"best_weights of a {form}"] = stopper.best_weights
    return kept


@early_stopper.check(points=0.25, cases=best_scripts, judge=unchanged())
def weights_unchanged(program, patience, min_delta, values, shift):
    """`update` leaves the weights as they were"""
    weights = [np.full((3, 2), shift), np.full((3, 1), -shift)]
    stopper = program.EarlyStopper(patience)
    for value in values:
        stopper.update(float(value), weights)
    return {"weights": weights}


IMPROVED = "value < self.best_value - self.min_delta"
STOP = "return self.epoch - self.best_epoch >= self.patience"
BEST = "self.best_value, self.best_epoch = value, self.epoch"
COPIES = (
    "            if isinstance(weights, dict):\n"
    "                self.best_weights = {name: array.copy() for name, array in weights.items()}\n"
    "            else:\n"
    "                self.best_weights = [array.copy() for array in weights]\n"
)
PATIENCE = "self.patience, self.min_delta = patience, min_delta"
NONE_YET = "self.best_value, self.best_epoch, self.best_weights = np.inf, -1, None"

early_stopper.variant(
    "ES1",
    "You stop after `patience` epochs, however well it goes. Count epochs without an improvement.",
    {STOP: "return self.epoch >= self.patience"},
)
early_stopper.variant(
    "ES1b",
    "You count all epochs without an improvement since the beginning. The count starts afresh at "
    "each improvement.",
    {
        PATIENCE: f"{PATIENCE}\n        self.bad = 0",
        STOP: "self.bad += self.epoch != self.best_epoch\n        return self.bad >= self.patience",
    },
)
early_stopper.variant(
    "ES1c",
    "You wait one epoch too long: stop *at* the epoch that makes it `patience` without an "
    "improvement.",
    {STOP: STOP.replace(">=", ">")},
)
early_stopper.variant(
    "ES1d",
    "You stop one epoch too early: `patience` epochs without an improvement are allowed for.",
    {STOP: STOP.replace(">= self", ">= (self.patience > 1) * -1 + self")},
)
early_stopper.variant(
    "ES2",
    "You keep the weights of the last epoch. Keep those of the best one: change them only at an "
    "improvement.",
    {
        COPIES: "            pass\n        self.best_weights = (\n"
        "            {name: array.copy() for name, array in weights.items()}\n"
        "            if isinstance(weights, dict)\n"
        "            else [array.copy() for array in weights]\n        )\n"
    },
)
early_stopper.variant(
    "ES2b",
    "You keep the caller's own list or dict. Training goes on in it, so that in the end your best "
    "weights are the last ones. Keep copies of the arrays.",
    {COPIES: "            self.best_weights = weights\n"},
)
early_stopper.variant(
    "ES2c",
    "Your list or dict is new, but the arrays in it are the caller's, and training changes those "
    "in place. Copying a list copies no array.",
    {COPIES: "            self.best_weights = weights.copy()\n"},
    same_as=("ES2b",),  # which container holds the caller's arrays shows nowhere
)
early_stopper.variant(
    "ES2d",
    "The best weights appear only when you say stop. Training often ends before that; they should "
    "be there at any time.",
    {
        COPIES: COPIES.replace("best_weights", "kept_weights"),
        STOP: "stop = self.epoch - self.best_epoch >= self.patience\n"
        "        if stop:\n            self.best_weights = self.kept_weights\n        return stop",
        PATIENCE: f"{PATIENCE}\n        self.kept_weights = None",
    },
)
early_stopper.variant(
    "ES2e",
    "You copy lists only; a dict of arrays is kept as it is, and training changes what is in it.",
    {"{name: array.copy() for name, array in weights.items()}": "dict(weights)"},
)
early_stopper.variant(
    "ES3",
    "You take higher values for better ones, as one would with an accuracy. Here a cost comes in: "
    "lower is better.",
    {
        IMPROVED: "value > self.best_value + self.min_delta",
        "self.best_weights = np.inf": "self.best_weights = -np.inf",
    },
)
early_stopper.variant(
    "ES3b",
    "A value that equals the best one counts as an improvement with you, so that a plateau never "
    "ends. It has to be lower.",
    {IMPROVED: IMPROVED.replace("<", "<=")},
)
early_stopper.variant(
    "ES3c",
    "`min_delta` is ignored: any lower value counts. It has to be lower by more than `min_delta`.",
    {IMPROVED: "value < self.best_value"},
)
early_stopper.variant(
    "ES3d",
    "`min_delta` has the wrong sign: values that are a little *worse* than the best one count as "
    "improvements.",
    {IMPROVED: "value < self.best_value + self.min_delta"},
)
early_stopper.variant(
    "ES3e",
    "You compare with the epoch before, not with the best one: a value that falls from a peak "
    "counts as an improvement, though training has been there before.",
    {
        IMPROVED: "value < self.last - self.min_delta",
        PATIENCE: f"{PATIENCE}\n        self.last = np.inf",
        STOP: "self.last = value\n        " + STOP,
    },
)
early_stopper.variant(
    "ES3f",
    "Every lower value becomes the best one with you, improvement or not. So a slow descent in "
    "steps below `min_delta` never adds up to an improvement.",
    {STOP: f"self.best_value = np.fmin(value, self.best_value)\n        {STOP}"},
)
early_stopper.variant(
    "ES3g",
    "You take `min_delta` as a share of the best value. It is a distance.",
    {IMPROVED: "value < self.best_value * (1 - self.min_delta)"},
)
early_stopper.variant(
    "ES5",
    "NaN counts as an improvement with you: every comparison with NaN is False, so `not` turns it "
    "into a yes. Ask whether the value *is* lower.",
    {IMPROVED: "not value >= self.best_value - self.min_delta"},
)
early_stopper.variant(
    "ES5b",
    "You take the first value as the best one without looking at it. If it is NaN, nothing is ever "
    "lower.",
    {
        IMPROVED: f"self.epoch == 0 or {IMPROVED}",
    },
)
early_stopper.variant(
    "ES5c",
    "Before the first improvement you count as if epoch 0 had been one: where the values are NaN "
    "from the start, you stop an epoch late. No epoch has been the best yet.",
    {NONE_YET: NONE_YET.replace("-1", "0")},
)
early_stopper.variant(
    "ES6",
    "You count epochs from 1. The first call of `update` is epoch 0.",
    {
        NONE_YET: NONE_YET.replace("-1", "0"),
        BEST: "self.best_value, self.best_epoch = value, self.epoch + 1",
        STOP: STOP.replace(">= self", "+ 1 >= self"),
    },
)
early_stopper.variant(
    "ES7",
    "You say True as long as training should go on. True means stop.",
    {STOP: "return not self.epoch - self.best_epoch >= self.patience"},
)
early_stopper.variant(
    "ES8",
    "You never say stop: `update` returns nothing that is true.",
    {STOP: "self.stop = self.epoch - self.best_epoch >= self.patience"},
)
early_stopper.variant(
    "ES9",
    "You keep the last value beside the best weights. Note the value at an improvement only, and "
    "compare with that one.",
    {
        PATIENCE: f"{PATIENCE}\n        self.lowest = np.inf",
        IMPROVED: "value < self.lowest - self.min_delta",
        BEST: "self.lowest, self.best_epoch = value, self.epoch",
        STOP: f"self.best_value = value\n        {STOP}",
    },
)
early_stopper.variant(
    "ES10",
    "You write into the weights that you are given. Keep a copy of them, and leave the caller's as "
    "they are.",
    {
        STOP: "for array in weights.values() if isinstance(weights, dict) else weights:\n"
        f"            array *= 1.5\n        {STOP}"
    },
)


class StopperByDeepCopy:
    def __init__(self, patience, min_delta=0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best_value = None
        self.best_epoch = None
        self.best_weights = None
        self.waited = 0
        self.calls = 0

    def update(self, value, weights):
        import copy

        first = self.best_value is None and value == value
        if first or (self.best_value is not None and value < self.best_value - self.min_delta):
            self.best_value = value
            self.best_epoch = self.calls
            self.best_weights = copy.deepcopy(weights)
            self.waited = 0
        else:
            self.waited += 1
        self.calls += 1
        return self.waited >= self.patience


class StopperFromHistory:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best = []
        self.history = []

    def update(self, value, weights):
        self.history.append(value)
        if not self.best or self.best[0] - value > self.min_delta:
            if np.isfinite(value):
                keys = weights.keys() if isinstance(weights, dict) else range(len(weights))
                kept = {key: np.array(weights[key]) for key in keys}
                kept = kept if isinstance(weights, dict) else list(kept.values())
                self.best = [value, len(self.history) - 1, kept]
        since = len(self.history) - 1 - (self.best[1] if self.best else -1)
        return not since < self.patience

    @property
    def best_value(self):
        return self.best[0]

    @property
    def best_epoch(self):
        return self.best[1]

    @property
    def best_weights(self):
        return self.best[2]


early_stopper.equivalent("deep copy", StopperByDeepCopy)
early_stopper.equivalent("history", StopperFromHistory)
early_stopper.equivalent(
    "a numpy bool", {STOP: "return np.greater_equal(self.epoch - self.best_epoch, self.patience)"}
)

# --------------------------------------------------------------------------------- random_shift

random_shift = unit.exercise("random_shift", points=3)


def pictures(rng: np.random.Generator) -> Iterator[Case]:
    """Noise without a 0 in it; height and width differ, and border pixels count.

    The brightest pixel of an image is in the middle, which no shift moves out of the picture.
    """
    for label, (N, H, W, C), max_px, kind in (
        ("grey, ±2 pixels", (8, 6, 9, 1), 2, np.float64),
        ("three channels, ±1 pixel", (10, 5, 4, 3), 1, np.float64),
        ("bytes, ±3 pixels", (12, 7, 8, 2), 3, np.uint8),
    ):
        images = rng.uniform(10, 150, (N, H, W, C))
        images[:, H // 2, W // 2] = rng.uniform(160, 250, (N, 1))
        inputs = {"images": images.astype(kind), "max_px": max_px, "seed": new_seed(rng)}
        yield Case(inputs, label)


def many_shifts(rng: np.random.Generator) -> Iterator[Case]:
    """3000 small images, and the law of their shifts: both uniform and independent."""
    for max_px in (1, 2):
        n, k = 3000, 2 * max_px + 1
        H, W = (int(size) for size in k + rng.integers(8, size=2))
        # Pixels hold their own address, counted from 1 along the rows.
        middle = H // 2 * W + W // 2 + 1
        truth = {
            "shares of shifts down": tuple([x] * k for x in share(1 / k, n)),
            "shares of shifts to the right": tuple([x] * k for x in share(1 / k, n)),
            "share of other shifts": (0.0, 0.0),
            "share moved alike on both axes": share(1 / k, n),
            "share moved like the image before": share(1 / k**2, n - 1),
            "mean of the middle pixel": (middle, float(np.sqrt((W**2 + 1) * (k**2 - 1) / 12 / n))),
        }
        inputs = {"max_px": max_px, "shape": [n, H, W, 1], "seed": new_seed(rng)}
        yield Case(inputs, f"3000 images, ±{max_px} pixel{'s' * (max_px > 1)}", truth)


@random_shift.check(points=1.25, cases=pictures, judge=exact(secret=False), counts_alone=True)
def shifted_content(program, images, max_px, seed):
    """Each image is moved as a whole, by whole pixels, and zeros move in"""
    given, (_, H, W, _) = images.copy(), images.shape
    moved = np.asarray(program.random_shift(images, max_px, np.random.default_rng(seed)))
    form = {"shape": str(moved.shape), "type of numbers": moved.dtype.name}
    if moved.shape != given.shape:
        return form
    span = range(-max_px, max_px + 1)
    fits, rolls, rest = 0, 0, 0
    for old, new in zip(given, moved, strict=True):
        padded = np.pad(old, ((max_px, max_px), (max_px, max_px), (0, 0)))
        shifts = [(down, right) for down in span for right in span]
        windows = [padded[max_px - d :, max_px - r :][:H, :W] for d, r in shifts]
        if any(np.array_equal(new, window) for window in windows):
            fits += 1
        elif any(np.array_equal(new, np.roll(old, shift, (0, 1))) for shift in shifts):
            rolls += 1
        else:
            rest += 1
    return form | {
        "some image moves": not np.array_equal(moved, given),
        "pixels come back on the other side": rolls > 0,
        "images that are something else": rest > 0,
        "all are their originals, moved": fits == len(given),
        "brightest pixel of each": moved.max(axis=(1, 2, 3)),
    }


@random_shift.check(points=0.75, cases=many_shifts, judge=within())
def shift_law(program, max_px, shape, seed):
    """Shifts down and to the right are drawn from -max_px, …, max_px, all equally likely"""
    N, H, W, C = shape
    # Each pixel holds its own address; the middle one is always in the picture.
    images = np.tile(np.arange(1.0, H * W + 1).reshape(1, H, W, 1), (N, 1, 1, C))
    moved = np.asarray(program.random_shift(images, max_px, np.random.default_rng(seed)))
    address = moved[:, H // 2, W // 2, 0].astype(int) - 1
    down, right = H // 2 - address // W, W // 2 - address % W
    span = np.arange(-max_px, max_px + 1)
    inside = np.isin(down, span) & np.isin(right, span)
    alike = (down[1:] == down[:-1]) & (right[1:] == right[:-1])
    return {
        "shares of shifts down": (down[:, None] == span).mean(axis=0),
        "shares of shifts to the right": (right[:, None] == span).mean(axis=0),
        "share of other shifts": 1 - inside.mean(),
        "share moved alike on both axes": (down == right).mean(),
        "share moved like the image before": alike.mean(),
        "mean of the middle pixel": address.mean() + 1,
    }


@random_shift.check(points=0.5, cases=pictures, judge=exact(secret=False))
def fresh_shifts(program, images, max_px, seed):
    """Every image and every call gets its own shift, and `rng` decides which"""
    images[:] = images[:1]  # equal images differ afterwards by their shifts alone
    rng = np.random.default_rng(seed)
    first, second = (np.asarray(program.random_shift(images.copy(), max_px, rng)) for _ in range(2))
    again = program.random_shift(images.copy(), max_px, np.random.default_rng(seed))
    return {
        "images move differently": bool((first != first[:1]).any()),
        "a second call moves them differently": not np.array_equal(first, second),
        "an rng in the same state moves them alike": bool(np.array_equal(first, again)),
    }


@random_shift.check(points=0.5, cases=pictures, judge=unchanged())
def shift_arguments_unchanged(program, images, max_px, seed):
    """The caller's images stay as they were, and so do those that lie beside them in memory"""
    program.random_shift(images[:-2], max_px, np.random.default_rng(seed))
    return {"images": images[:-2], "validation images": images[-2:]}


def shift_by_roll(images, max_px, rng):
    moved = np.empty_like(images)
    for i, shift in enumerate(rng.integers(-max_px, max_px + 1, size=(len(images), 2))):
        moved[i] = np.roll(images[i], shift, axis=(0, 1))
    return moved


DRAW_SHIFTS = "rng.integers(-max_px, max_px + 1, size=(N, 2))"
WINDOW = "top, left = max_px - down, max_px - right"
PADDED = "np.pad(images, ((0, 0), (max_px, max_px), (max_px, max_px), (0, 0)))"
EMPTY = "moved = np.empty_like(images)"

random_shift.variant(
    "AU2",
    "What leaves an image on one side comes back on the other. It should be gone, and zeros should "
    "move in: rolling makes images that nobody has ever drawn.",
    shift_by_roll,
)
random_shift.variant(
    "AU3",
    "One shift is drawn for the whole batch. Draw for each image.",
    {DRAW_SHIFTS: "np.repeat(rng.integers(-max_px, max_px + 1, size=(1, 2)), N, axis=0)"},
)
random_shift.variant(
    "AU3b",
    "Each image moves along the diagonal only: one number is drawn for both axes. Draw two.",
    {DRAW_SHIFTS: "np.repeat(rng.integers(-max_px, max_px + 1, size=(N, 1)), 2, axis=1)"},
)
random_shift.variant(
    "AU4",
    "No image moves by +max_px: the upper end of `rng.integers` does not belong to the range.",
    {DRAW_SHIFTS: "rng.integers(-max_px, max_px, size=(N, 2))"},
)
random_shift.variant(
    "AU4b",
    "Your images move down and to the right only. Shifts go in all directions.",
    {DRAW_SHIFTS: "rng.integers(0, max_px + 1, size=(N, 2))"},
)
random_shift.variant(
    "AU4c",
    "Your shifts along one axis are missing: images should move down or up, *and* to the right or "
    "left.",
    {DRAW_SHIFTS: "rng.integers(-max_px, max_px + 1, size=(N, 2)) * [0, 1]"},
)
random_shift.variant(
    "AU5",
    "What moves in is a copy of the border. Zeros should move in.",
    {PADDED: PADDED.replace("(0, 0)))", '(0, 0)), mode="edge")')},
)
random_shift.variant(
    "AU6",
    "Your images have another type of numbers than the ones that you were given. Make the new "
    "array like the old one.",
    {EMPTY: "moved = np.zeros(images.shape)"},
)
random_shift.variant(
    "AU7",
    "You write into the caller's images, so that they wander off a little further with every "
    "epoch. Make a new array.",
    {EMPTY: "moved = images"},
)
random_shift.variant(
    "AU8",
    "Your shifts do not come from the `rng` that you are given, but from NumPy's global generator. "
    "Then nobody can repeat your run.",
    {DRAW_SHIFTS: "np.random.randint(-max_px, max_px + 1, size=(N, 2))"},
)
random_shift.variant(
    "AU8b",
    "You make a generator of your own with a fixed seed: each epoch moves the images alike, so "
    "there is nothing new to see.",
    {DRAW_SHIFTS: DRAW_SHIFTS.replace("rng", "np.random.default_rng(0)")},
)
random_shift.variant(
    "AU9",
    "Every image moves by the full `max_px` on both axes; only the direction is drawn. Smaller "
    "shifts, and none at all, are as likely.",
    {DRAW_SHIFTS: "max_px * rng.choice([-1, 1], size=(N, 2))"},
)


def shift_by_slices(images, max_px, rng):
    moved = np.zeros_like(images)
    N, H, W = images.shape[:3]
    for i in range(N):
        d, r = rng.integers(-max_px, max_px, size=2, endpoint=True)
        target = (slice(max(d, 0), H + min(d, 0)), slice(max(r, 0), W + min(r, 0)))
        source = (slice(max(-d, 0), H + min(-d, 0)), slice(max(-r, 0), W + min(-r, 0)))
        moved[i][target] = images[i][source]
    return moved


def shift_by_cleared_roll(images, max_px, rng):
    out = []
    for image in images:
        down, right = (int(rng.choice(np.arange(-max_px, max_px + 1))) for _ in range(2))
        image = np.roll(image, (down, right), axis=(0, 1))
        if down > 0:
            image[:down] = 0
        elif down < 0:
            image[down:] = 0
        if right > 0:
            image[:, :right] = 0
        elif right < 0:
            image[:, right:] = 0
        out.append(image)
    return np.stack(out)


def shift_by_indices(images, max_px, rng):
    N, H, W, _ = images.shape
    down = rng.integers(-max_px, max_px + 1, size=(N, 1, 1))
    right = rng.integers(-max_px, max_px + 1, size=(N, 1, 1))
    rows, columns = np.arange(H)[:, None] - down, np.arange(W) - right
    inside = (rows >= 0) & (rows < H) & (columns >= 0) & (columns < W)
    moved = images[np.arange(N)[:, None, None], rows.clip(0, H - 1), columns.clip(0, W - 1)]
    return np.where(inside[..., None], moved, np.zeros((), dtype=images.dtype))


random_shift.equivalent("slices", shift_by_slices)
random_shift.equivalent("rolled, then cleared", shift_by_cleared_roll)
random_shift.equivalent("indices", shift_by_indices)

# ---------------------------------------------------------------------------------- random_flip

random_flip = unit.exercise("random_flip", points=2)


def labelled_pictures(rng: np.random.Generator) -> Iterator[Case]:
    """Noise with labels in any order; 22 allow a flip, so that one is flipped for certain."""
    for label, shape, kind, flippable in (
        ("grey, labels 0 and 8 flip", (30, 4, 5, 1), np.float64, [0, 8]),
        ("bytes, three channels, label 3 flips", (30, 5, 4, 3), np.uint8, [3]),
    ):
        images = rng.integers(1, 255, shape).astype(kind)
        others = [c for c in range(10) if c not in flippable]
        labels = rng.permutation([*rng.choice(flippable, 22), *rng.choice(others, 8)])
        inputs = {"images": images, "labels": labels, "flippable": flippable}
        yield Case(inputs | {"seed": new_seed(rng)}, label)


def labels_that_forbid(rng: np.random.Generator) -> Iterator[Case]:
    """The same, and no label at all that flips."""
    cases = list(labelled_pictures(rng))
    yield from cases
    yield Case(cases[0].inputs | {"flippable": []}, "no label flips")


def many_flips(rng: np.random.Generator) -> Iterator[Case]:
    """4000 small images, and the law of a coin for each."""
    n, dark = 4000, float(rng.uniform(1, 100))
    bright = dark + float(rng.uniform(1, 2))
    truth = {
        "share of mirrored images": share(0.5, n),
        "share mirrored like the image before": share(0.5, n - 1),
        "mean of the top left pixel": ((dark + bright) / 2, (bright - dark) / 2 / np.sqrt(n)),
    }
    inputs = {"count": n, "dark": dark, "bright": bright, "seed": new_seed(rng)}
    yield Case(inputs, "4000 images, all of which may flip", truth)


def images_of(result):
    """The first of a pair; or what came back instead of one, which loses elsewhere."""
    return np.asarray(result[0] if isinstance(result, (tuple, list)) else result)


@random_flip.check(
    points=0.5, cases=labelled_pictures, judge=exact(secret=False), counts_alone=True
)
def flipped_content(program, images, labels, flippable, seed):
    """Each image is as it was or mirrored left to right, in its place, with its label"""
    given, rng = images.copy(), np.random.default_rng(seed)
    new, new_labels = program.random_flip(images, labels, rng, set(flippable))
    new = np.asarray(new)
    form = {"shape": str(new.shape), "type of numbers": new.dtype.name}
    if new.shape != given.shape:
        return form
    same, mirrored = (
        (new == other).reshape(len(new), -1).all(axis=1) for other in (given, given[:, :, ::-1])
    )
    return form | {
        "some image is mirrored": bool(mirrored.any()),
        "some image is upside down": bool(
            (new == given[:, ::-1]).reshape(len(new), -1).all(1).any()
        ),
        "all are as they were, or mirrored": bool((same | mirrored).all()),
        "labels": np.asarray(new_labels),
    }


@random_flip.check(
    points=0.5, cases=labels_that_forbid, judge=exact(secret=False), helpers=(images_of,)
)
def flips_only_allowed(program, images, labels, flippable, seed):
    """Only images whose label is in `flippable` are changed"""
    given, allowed = images.copy(), np.isin(labels, flippable)
    rng = np.random.default_rng(seed)
    new = images_of(program.random_flip(images, labels.copy(), rng, set(flippable)))
    if new.shape != given.shape:
        return {"shape": str(new.shape)}
    changed = np.array([not np.array_equal(a, b) for a, b in zip(new, given, strict=True)])
    return {
        "some image that may be mirrored is changed": bool(changed[allowed].any()),
        "some image that may not be mirrored is changed": bool(changed[~allowed].any()),
    }


@random_flip.check(points=0.5, cases=many_flips, judge=within(), helpers=(images_of,))
def flip_law(program, count, dark, bright, seed):
    """Each image that may be mirrored is, with probability one half, whatever the others do"""
    # Upside down they look like mirrored ones: which it is, is another check's question.
    image = np.array([[dark, bright], [bright, dark]]).reshape(1, 2, 2, 1)
    images = np.tile(image, (count, 1, 1, 1))
    labels = np.arange(count) % 10
    rng = np.random.default_rng(seed)
    new = images_of(program.random_flip(images, labels, rng, set(range(10))))
    changed = (new != image).any(axis=(1, 2, 3))
    return {
        "share of mirrored images": changed.mean(),
        "share mirrored like the image before": (changed[1:] == changed[:-1]).mean(),
        "mean of the top left pixel": new[:, 0, 0, 0].mean(),
    }


@random_flip.check(
    points=0.25, cases=labelled_pictures, judge=exact(secret=False), helpers=(images_of,)
)
def fresh_flips(program, images, labels, flippable, seed):
    """Every call mirrors other images, and `rng` decides which"""
    rng, chosen = np.random.default_rng(seed), set(flippable)
    first, second, again = (
        images_of(program.random_flip(images.copy(), labels.copy(), generator, chosen))
        for generator in (rng, rng, np.random.default_rng(seed))
    )
    return {
        "a second call mirrors others": not np.array_equal(first, second),
        "an rng in the same state mirrors the same": bool(np.array_equal(first, again)),
    }


@random_flip.check(points=0.25, cases=labelled_pictures, judge=unchanged())
def flip_arguments_unchanged(program, images, labels, flippable, seed):
    """The caller's images and labels stay as they were"""
    program.random_flip(images, labels, np.random.default_rng(seed), set(flippable))
    return {"images": images, "labels": labels}


MIRRORED = "allowed & (rng.random(len(images)) < 0.5)"
MIRROR_IMAGE = "images[:, :, ::-1]"
FLIPPED = "return np.where(mirrored[:, None, None, None], images[:, :, ::-1], images), labels"

random_flip.variant(
    "AU1",
    "You mirror images whatever their label: a mirrored 2 is no 2 any more, but still has its "
    "label. Look at `flippable`.",
    {MIRRORED: MIRRORED.replace("allowed & ", "")},
)
random_flip.variant(
    "AU1b",
    "You mirror just those images that must not be mirrored: `flippable` holds the labels that "
    "allow it.",
    {MIRRORED: MIRRORED.replace("allowed", "~allowed")},
)
random_flip.variant(
    "AU3.coin",
    "One coin is tossed for the whole batch: either all images are mirrored, or none. Toss one for "
    "each image.",
    {MIRRORED: "allowed & (rng.random() < 0.5)"},
)
random_flip.variant(
    "AU3.labels",
    "You put the images into another order and leave the labels in the old one: now they belong to "
    "other images. Keep both in order.",
    {
        FLIPPED: FLIPPED.replace("return ", "shown = ").replace(", labels", "")
        + "\n    return rng.permutation(shown), labels"
    },
)
random_flip.variant(
    "AU10",
    "You turn images upside down. Mirror them left to right: the axes are number, height, width, "
    "channels.",
    {MIRROR_IMAGE: "images[:, ::-1]"},
)
random_flip.variant(
    "AU11",
    "You mirror every image that may be mirrored. Toss a coin for each: half of them stay.",
    {MIRRORED: "allowed"},
)
random_flip.variant(
    "AU12",
    "You write into the caller's images. Make new ones.",
    {FLIPPED: "images[mirrored] = images[mirrored][:, :, ::-1]\n    return images, labels"},
)
random_flip.variant(
    "AU13",
    "You return the images only. The pair of images and labels is expected.",
    {FLIPPED: FLIPPED.removesuffix(", labels")},
)
random_flip.variant(
    "AU14",
    "You reverse the order of the images instead of mirroring each: the first axis numbers the "
    "images.",
    {MIRROR_IMAGE: "images[::-1]"},
)
random_flip.variant(
    "AU15",
    "Your coin does not come from the `rng` that you are given, but from NumPy's global generator. "
    "Then nobody can repeat your run.",
    {MIRRORED: MIRRORED.replace("rng", "np.random")},
)
random_flip.variant(
    "AU16",
    "You return the mirrored images *beside* the old ones. Each image should come back once, "
    "mirrored or not.",
    {
        FLIPPED: "shown = np.concatenate([images, images[mirrored][:, :, ::-1]])\n"
        "    return shown, np.concatenate([labels, labels[mirrored]])"
    },
)


def flip_one_by_one(images, labels, rng, flippable):
    out = images.copy()
    for i, label in enumerate(labels):
        if label in flippable and rng.random() > 0.5:
            out[i] = np.fliplr(images[i])
    return out, labels.copy()


def flip_by_list(images, labels, rng, flippable):
    coins = rng.integers(0, 2, size=len(labels))
    shown = [
        np.flip(image, axis=1) if coin and int(label) in flippable else image
        for image, label, coin in zip(images, labels, coins, strict=True)
    ]
    return np.array(shown), labels


def flip_by_indices(images, labels, rng, flippable):
    images = np.array(images)
    candidates = [i for i in range(len(labels)) if labels[i] in flippable]
    for i in candidates:
        if rng.choice([True, False]):
            images[i] = images[i, :, ::-1].copy()
    return images, np.array(labels)


random_flip.equivalent("one by one", flip_one_by_one)
random_flip.equivalent("a list", flip_by_list)
random_flip.equivalent("indices", flip_by_indices)
