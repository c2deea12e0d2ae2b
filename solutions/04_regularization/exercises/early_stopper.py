"""Unit 04, `EarlyStopper`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder import (
    Case,
    Exercise,
    exact,
    unchanged,
)

exercise = Exercise("EarlyStopper", points=4)
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


@exercise.check(points=1.25, cases=plain_scripts, judge=exact())
def says_stop(program, patience, min_delta, values, shift):
    """`update` says stop after exactly `patience` epochs in a row without an improvement"""
    stopper = program.EarlyStopper(patience)
    for epoch, value in enumerate(values):
        if stopper.update(float(value), [np.full((2, 2), shift + epoch)]):
            return {"stops after epoch": str(epoch)}
    return {"stops after epoch": "none of these"}


@exercise.check(points=0.75, cases=min_delta_scripts, judge=exact())
def respects_min_delta(program, patience, min_delta, values, shift):
    """Only a value below the best by more than `min_delta` is an improvement"""
    # What counts as an improvement, whether or not it says stop at the right time: it has no reason
    # to here, and what it does after it has said so is left open.
    # Counted from the first best epoch: a count that begins elsewhere loses in another check.
    stopper, best = program.EarlyStopper(len(values) + 1, min_delta), []
    for epoch, value in enumerate(values):
        stopper.update(float(value), [np.full((2, 2), shift + epoch)])
        best.append(int(stopper.best_epoch))
    return {"best epoch, after each": " ".join(str(epoch - best[0]) for epoch in best)}


@exercise.check(points=0.5, cases=nan_scripts, judge=exact())
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


@exercise.check(points=0.5, cases=best_scripts, judge=exact())
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


@exercise.check(points=0.25, cases=unstopped_scripts, judge=exact())
def best_without_stop(program, patience, min_delta, values, shift):
    """The best weights are there, too, when training ends before it says stop"""
    stopper = program.EarlyStopper(patience)
    for epoch, value in enumerate(values):
        stopper.update(float(value), [np.full((3, 2), shift + epoch)])
    return {"best_weights": stopper.best_weights}


@exercise.check(points=0.5, cases=best_scripts, judge=exact())
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


@exercise.check(points=0.25, cases=best_scripts, judge=unchanged())
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
exercise.variant(
    "ES1",
    "You stop after `patience` epochs, however well it goes. Count epochs without an improvement.",
    {STOP: "return self.epoch >= self.patience"},
)
exercise.variant(
    "ES1b",
    "You count all epochs without an improvement since the beginning. The count starts afresh at "
    "each improvement.",
    {
        PATIENCE: f"{PATIENCE}\n        self.bad = 0",
        STOP: "self.bad += self.epoch != self.best_epoch\n        return self.bad >= self.patience",
    },
)
exercise.variant(
    "ES1c",
    "You wait one epoch too long: stop *at* the epoch that makes it `patience` without an "
    "improvement.",
    {STOP: STOP.replace(">=", ">")},
)
exercise.variant(
    "ES1d",
    "You stop one epoch too early: `patience` epochs without an improvement are allowed for.",
    {STOP: STOP.replace(">= self", ">= (self.patience > 1) * -1 + self")},
)
exercise.variant(
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
exercise.variant(
    "ES2b",
    "You keep the caller's own list or dict. Training goes on in it, so that in the end your best "
    "weights are the last ones. Keep copies of the arrays.",
    {COPIES: "            self.best_weights = weights\n"},
)
exercise.variant(
    "ES2c",
    "Your list or dict is new, but the arrays in it are the caller's, and training changes those "
    "in place. Copying a list copies no array.",
    {COPIES: "            self.best_weights = weights.copy()\n"},
    same_as=("ES2b",),  # which container holds the caller's arrays shows nowhere
)
exercise.variant(
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
exercise.variant(
    "ES2e",
    "You copy lists only; a dict of arrays is kept as it is, and training changes what is in it.",
    {"{name: array.copy() for name, array in weights.items()}": "dict(weights)"},
)
exercise.variant(
    "ES3",
    "You take higher values for better ones, as one would with an accuracy. Here a cost comes in: "
    "lower is better.",
    {
        IMPROVED: "value > self.best_value + self.min_delta",
        "self.best_weights = np.inf": "self.best_weights = -np.inf",
    },
)
exercise.variant(
    "ES3b",
    "A value that equals the best one counts as an improvement with you, so that a plateau never "
    "ends. It has to be lower.",
    {IMPROVED: IMPROVED.replace("<", "<=")},
)
exercise.variant(
    "ES3c",
    "`min_delta` is ignored: any lower value counts. It has to be lower by more than `min_delta`.",
    {IMPROVED: "value < self.best_value"},
)
exercise.variant(
    "ES3d",
    "`min_delta` has the wrong sign: values that are a little *worse* than the best one count as "
    "improvements.",
    {IMPROVED: "value < self.best_value + self.min_delta"},
)
exercise.variant(
    "ES3e",
    "You compare with the epoch before, not with the best one: a value that falls from a peak "
    "counts as an improvement, though training has been there before.",
    {
        IMPROVED: "value < self.last - self.min_delta",
        PATIENCE: f"{PATIENCE}\n        self.last = np.inf",
        STOP: "self.last = value\n        " + STOP,
    },
)
exercise.variant(
    "ES3f",
    "Every lower value becomes the best one with you, improvement or not. So a slow descent in "
    "steps below `min_delta` never adds up to an improvement.",
    {STOP: f"self.best_value = np.fmin(value, self.best_value)\n        {STOP}"},
)
exercise.variant(
    "ES3g",
    "You take `min_delta` as a share of the best value. It is a distance.",
    {IMPROVED: "value < self.best_value * (1 - self.min_delta)"},
)
exercise.variant(
    "ES5",
    "NaN counts as an improvement with you: every comparison with NaN is False, so `not` turns it "
    "into a yes. Ask whether the value *is* lower.",
    {IMPROVED: "not value >= self.best_value - self.min_delta"},
)
exercise.variant(
    "ES5b",
    "You take the first value as the best one without looking at it. If it is NaN, nothing is ever "
    "lower.",
    {
        IMPROVED: f"self.epoch == 0 or {IMPROVED}",
    },
)
exercise.variant(
    "ES5c",
    "Before the first improvement you count as if epoch 0 had been one: where the values are NaN "
    "from the start, you stop an epoch late. No epoch has been the best yet.",
    {NONE_YET: NONE_YET.replace("-1", "0")},
)
exercise.variant(
    "ES6",
    "You count epochs from 1. The first call of `update` is epoch 0.",
    {
        NONE_YET: NONE_YET.replace("-1", "0"),
        BEST: "self.best_value, self.best_epoch = value, self.epoch + 1",
        STOP: STOP.replace(">= self", "+ 1 >= self"),
    },
)
exercise.variant(
    "ES7",
    "You say True as long as training should go on. True means stop.",
    {STOP: "return not self.epoch - self.best_epoch >= self.patience"},
)
exercise.variant(
    "ES8",
    "You never say stop: `update` returns nothing that is true.",
    {STOP: "self.stop = self.epoch - self.best_epoch >= self.patience"},
)
exercise.variant(
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
exercise.variant(
    "ES10",
    "You write into the weights that you are given. Keep a copy of them, and leave the caller's as "
    "they are.",
    {
        STOP: "for array in weights.values() if isinstance(weights, dict) else weights:\n"
        f"            array *= 1.5\n        {STOP}"
    },
)


@exercise.equivalent("deep copy")
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


@exercise.equivalent("history")
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


exercise.equivalent(
    "a numpy bool", {STOP: "return np.greater_equal(self.epoch - self.best_epoch, self.patience)"}
)
