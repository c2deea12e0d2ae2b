"""Unit 04, `dropout_forward`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    exact,
    float64,
    unchanged,
    within,
)

from .cases import activations, new_seed, probabilities, share

exercise = Exercise("dropout_forward", points=4)
LARGE = (150, 200)  # 30,000 entries


def both_kept(p: float, pairs: int) -> tuple[float, float]:
    """The law of the share of neighbours that are both kept; pairs overlap."""
    variance = p**2 * (1 - p**2) + 2 * (p**3 - p**4)
    return p**2, float(np.sqrt(variance / pairs))


MEAN = "mean of the activations afterwards"


def many_entries(rng: np.random.Generator) -> Iterator[Case]:
    """30,000 entries at three probabilities."""
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


def output_of(result):
    """The first of a pair; or what came back instead of one, which loses elsewhere."""
    return np.asarray(result[0] if isinstance(result, (tuple, list)) else result)


# What comes back is judged outside: who sends a mask of the right law has drawn one.
def shares_kept(value, inputs):
    """How often entries are kept, alone and with their neighbours."""
    kept = np.broadcast_to(np.asarray(value["out"]) != 0, inputs["shape"])
    return {
        "share of kept entries": kept.mean(),
        "share of kept pairs, units": (kept[1:] & kept[:-1]).mean(),
        "share of kept pairs, examples": (kept[:, 1:] & kept[:, :-1]).mean(),
    }


@exercise.check(
    points=0.75,
    cases=many_entries,
    judge=within(),
    counts_alone=True,
    measure=shares_kept,
    helpers=(output_of,),
)
def kept_share(program, keep_prob, shape, seed):
    """Each entry is kept with probability `keep_prob`, independently of its neighbours"""
    A = np.linspace(0.5, 1.5, shape[0] * shape[1]).reshape(shape)
    rng = np.random.default_rng(seed)
    return {"out": output_of(program.dropout_forward(A, keep_prob, rng, True))}


def mean_of_dropped(value, inputs):
    """The mean; where hardly anything is dropped, or kept, it is no achievement."""
    out = np.asarray(value["out"], dtype=float)
    some = 0.02 < (out == 0).mean() < 0.98
    return {"mean of the activations afterwards": out.mean() if some else np.nan}


@exercise.check(
    points=0.5,
    cases=expected_values,
    judge=within(),
    counts_alone=True,
    measure=mean_of_dropped,
    helpers=(output_of,),
)
def expectation(program, keep_prob, shape, seed, ends):
    """The mean of the activations stays what it was, up to chance"""
    A = np.linspace(*ends, shape[0] * shape[1]).reshape(shape)
    rng = np.random.default_rng(seed)
    return {"out": output_of(program.dropout_forward(A, keep_prob, rng, True))}


def factors_kept(value, inputs):
    """The smallest and the largest factor of an entry that is kept."""
    out = np.asarray(value["out"])
    factors = (out / inputs["A"].astype(out.dtype if out.dtype.kind == "f" else float))[out != 0]
    if not 0.02 < factors.size / inputs["A"].size < 0.98:
        return {"entries that are kept": "few or none" if factors.size < 10 else "all or nearly"}
    return {"after / before, where kept": np.array([factors.min(), factors.max()])}


@exercise.check(
    points=0.75,
    cases=activations,
    judge=close(float64),
    measure=factors_kept,
    helpers=(output_of,),
)
def kept_value(program, A, keep_prob, seed):
    """An entry that is kept is divided by `keep_prob`"""
    rng = np.random.default_rng(seed)
    return {"out": output_of(program.dropout_forward(A, keep_prob, rng, True))}


def fitting(value, inputs):
    """Whether the mask says what was dropped."""
    mask, dropped = np.asarray(value["mask"], dtype=float), np.asarray(value["out"]) == 0
    # A mask that holds 1 / keep_prob is as good, beside a backward pass that knows it.
    ones = (1, 1 / inputs["keep_prob"])
    alike = any(np.allclose(mask[mask != 0], one, rtol=1e-9) for one in ones)
    fits = np.array_equal(np.broadcast_to(mask == 0, inputs["A"].shape), dropped)
    return {
        "shape of the mask": str(mask.shape),
        "shape of the output": str(dropped.shape),
        "something is dropped": bool(dropped.any()),
        "0 exactly where dropped": bool(fits),
        "elsewhere 1": bool(alike),
    }


@exercise.check(points=0.5, cases=activations, judge=exact(secret=False), measure=fitting)
def mask_fits(program, A, keep_prob, seed):
    """The mask is 0 where an entry was dropped, and 1 where it was kept"""
    out, mask = program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), True)
    return {"out": np.asarray(out), "mask": np.asarray(mask)}


def differing(value, inputs):
    """Where masks differ: over units, examples and calls."""
    first, second, again = (np.asarray(value[name]) != 0 for name in ("first", "second", "again"))
    return {
        "examples have different masks": bool((first != first[:, :1]).any()),
        "units have different masks": bool((first != first[:1]).any()),
        "a second call has another mask": bool((first != second).any()),
        "an rng in the same state gives the same mask": bool((first == again).all()),
    }


@exercise.check(
    points=0.5,
    cases=activations,
    judge=exact(secret=False),
    measure=differing,
    helpers=(output_of,),
)
def fresh_mask(program, A, keep_prob, seed):
    """Every unit, example and call gets its own mask, and `rng` decides which"""
    rng = np.random.default_rng(seed)
    results = [program.dropout_forward(A.copy(), keep_prob, rng, True) for _ in range(2)]
    results += [program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), True)]
    outs = [output_of(result) for result in results]
    return dict(zip(("first", "second", "again"), outs, strict=True))


def at_test_time(value, inputs):
    """What `training=False` does, beside what `training=True` does."""
    factors = np.asarray(value["out"]) / inputs["A"]
    alike = bool(np.ptp(factors) < 1e-6)  # float32 has seven digits
    return {
        "entries dropped with training=True": bool((np.asarray(value["trained"]) == 0).any()),
        "entries dropped with training=False": bool((factors == 0).any()),
        "factor": float(f"{factors.mean():.6g}") if alike else "differs from entry to entry",
        "shape of the mask": str(np.shape(value["mask"])),
        "mask is all ones": bool(np.all(np.asarray(value["mask"], dtype=float) == 1)),
    }


@exercise.check(points=0.5, cases=activations, judge=exact(secret=False), measure=at_test_time)
def inference(program, A, keep_prob, seed):
    """With `training=False` nothing changes, and the mask is all ones"""
    trained = program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), True)[0]
    out, mask = program.dropout_forward(A.copy(), keep_prob, np.random.default_rng(seed), False)
    return {"trained": np.asarray(trained), "out": np.asarray(out), "mask": np.asarray(mask)}


def all_kept(value, inputs):
    """What `keep_prob=1` does, beside what 0.5 does."""
    A, out = inputs["A"], np.asarray(value["out"])
    return {
        "entries dropped with keep_prob=0.5": bool((np.asarray(value["some"]) == 0).any()),
        "the output is A": out.shape == A.shape and bool(np.allclose(out, A, 1e-6)),
        "mask is all ones": bool(np.all(np.asarray(value["mask"], dtype=float) == 1)),
    }


@exercise.check(points=0.25, cases=activations, judge=exact(secret=False), measure=all_kept)
def keep_all(program, A, keep_prob, seed):
    """With `keep_prob=1` nothing is dropped"""
    some = program.dropout_forward(A.copy(), 0.5, np.random.default_rng(seed), True)[0]
    out, mask = program.dropout_forward(A.copy(), 1.0, np.random.default_rng(seed), True)
    return {"some": np.asarray(some), "out": np.asarray(out), "mask": np.asarray(mask)}


@exercise.check(points=0.25, cases=activations, judge=unchanged())
def activations_unchanged(program, A, keep_prob, seed):
    """The forward pass leaves the caller's `A` as it was"""
    program.dropout_forward(A, keep_prob, np.random.default_rng(seed), True)
    return {"A": A}


DRAW = "(rng.random(A.shape) < keep_prob).astype(float)"
KEPT_OUTPUT = "return A * mask / keep_prob, mask"
IDENTITY = "return A, np.ones_like(A)"
exercise.variant(
    "DO1",
    "What you keep stays as large as it was, so the next layer receives too little while training. "
    "The division makes up for what is dropped.",
    {KEPT_OUTPUT: "return A * mask, mask"},
)
exercise.variant(
    "DO2",
    "You take `keep_prob` for the probability that an entry is dropped, like `rate` in Keras. Here "
    "it is the probability that it is kept.",
    {
        DRAW: "(rng.random(A.shape) >= keep_prob).astype(float)",
        KEPT_OUTPUT: "return A * mask / (1 - keep_prob + (keep_prob == 1)), mask",
    },
)
exercise.variant(
    "DO2b",
    "You keep an entry when you should drop it: `keep_prob` is the probability that it is kept. "
    "(Your division is by `keep_prob`, as it should be.)",
    {DRAW: "(rng.random(A.shape) >= keep_prob).astype(float)"},
)
exercise.variant(
    "DO2c",
    "You keep the right share of the entries, but divide by the share that is dropped. What is "
    "kept has to stand in for the rest: divide by the probability of being kept.",
    {KEPT_OUTPUT: "return A * mask / (1 - keep_prob + (keep_prob == 1)), mask"},
)
exercise.variant(
    "DO3",
    "You divide at test time, too. There nothing is dropped, so there is nothing to make up for.",
    {IDENTITY: "return A / keep_prob, np.ones_like(A)"},
)
exercise.variant(
    "DO3b",
    "You scale at test time instead of while training: that is the form of the first paper. "
    "Inverted dropout, asked for here, divides while training and leaves test time alone.",
    {KEPT_OUTPUT: "return A * mask, mask", IDENTITY: "return A * keep_prob, np.ones_like(A)"},
)
exercise.variant(
    "DO6",
    "All examples share one mask: a unit is dropped for the whole minibatch or not at all. Draw "
    "for every example anew.",
    {DRAW: "np.ones_like(A) * (rng.random((A.shape[0], 1)) < keep_prob)"},
)
exercise.variant(
    "DO6b",
    "All units of an example share one mask: the example is dropped whole, or not at all. Draw for "
    "every unit anew.",
    {DRAW: "np.ones_like(A) * (rng.random((1, A.shape[1])) < keep_prob)"},
)
exercise.variant(
    "DO7",
    "You compare *normal* random numbers with `keep_prob`. How often those lie below it is another "
    "probability: near 0.79 for 0.8, by chance, but 0.62 for 0.3. Draw numbers that are equally "
    "likely everywhere between 0 and 1.",
    {DRAW: "(rng.standard_normal(A.shape) < keep_prob).astype(float)"},
)
exercise.variant(
    "DO8",
    "You drop entries with `training=False`, too: the network would answer the same question "
    "differently each time. Look at the argument `training`.",
    {"if not training:": "if not training and keep_prob > 2:"},
)
exercise.variant(
    "DO9",
    "You multiply by `keep_prob`, which makes what is too small smaller still. Divide by it.",
    {KEPT_OUTPUT: "return A * mask * keep_prob, mask"},
)
exercise.variant(
    "DO10",
    "Your mask does not come from the `rng` that you are given, but from NumPy's global generator. "
    "Then nobody can repeat your run.",
    {DRAW: "(np.random.random(A.shape) < keep_prob).astype(float)"},
)
exercise.variant(
    "DO11",
    "You make a generator of your own with a fixed seed: every call drops the very same entries. "
    "Draw from the `rng` that you are given; it moves on with every draw.",
    {DRAW: "(np.random.default_rng(0).random(A.shape) < keep_prob).astype(float)"},
)
exercise.variant(
    "DO12",
    "Your numbers are right, but you write them into the caller's array: an augmented assignment "
    "changes the array itself. Make a new one.",
    {KEPT_OUTPUT: "A *= mask / keep_prob\n    return A, mask"},
)
exercise.variant(
    "DO13",
    "You divide by the share that happened to be kept this time. Divide by `keep_prob`, the "
    "probability: then each entry is right on average, and does not depend on the others' luck.",
    {KEPT_OUTPUT: "return A * mask / mask.mean(), mask"},
)
exercise.variant(
    "DO14",
    "Your mask is the wrong way round: it is 1 where an entry was dropped. It should say what was "
    "kept.",
    {KEPT_OUTPUT: "return A * mask / keep_prob, 1 - mask"},
)
exercise.variant(
    "DO15",
    "You return the mask first and the activations second; they are expected the other way round.",
    {KEPT_OUTPUT: "return mask, A * mask / keep_prob", IDENTITY: "return np.ones_like(A), A"},
)
exercise.variant(
    "DO16",
    "You return the activations only. The mask is needed on the way back: return the pair.",
    {KEPT_OUTPUT: "return A * mask / keep_prob", IDENTITY: "return A"},
)


@exercise.equivalent("binomial")
def dropout_binomial(A, keep_prob, rng, training):
    mask = rng.binomial(1, keep_prob if training else 1.0, size=A.shape)
    return np.where(mask, A / keep_prob if training else A, 0.0), mask


@exercise.equivalent("upper end")
def dropout_upper_end(A, keep_prob, rng, training):
    mask = np.ones(A.shape, dtype=bool)
    if training and keep_prob < 1:
        mask = rng.uniform(size=A.shape) > 1 - keep_prob
        A = A * mask * (1 / keep_prob)
    return A, mask


@exercise.equivalent("entry by entry")
def dropout_entries(A, keep_prob, rng, training):
    out, mask = A.copy(), np.ones(A.shape)
    if training:
        for index in np.ndindex(A.shape):
            if rng.random() < keep_prob:
                out[index] /= keep_prob
            else:
                out[index] = mask[index] = 0
    return out, mask


@exercise.equivalent("mask holds 1 / keep_prob")
def dropout_scaled_mask(A, keep_prob, rng, training):
    if training:
        mask = rng.choice([0.0, 1 / keep_prob], size=A.shape, p=[1 - keep_prob, keep_prob])
    else:
        mask = np.ones(A.shape)
    return A * mask, mask
