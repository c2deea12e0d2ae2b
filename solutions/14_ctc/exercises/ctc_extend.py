"""Unit 14, `ctc_extend`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    exact,
    unchanged,
)

from .cases import different

exercise = Exercise("ctc_extend", points=1)


def some_labels(rng: np.random.Generator) -> Iterator[Case]:
    """Labels of several lengths, with and without repeats."""
    yield Case({"labels": different(rng, 4, [1, 2, 3]), "blank": 0}, "four labels, blank 0")
    yield Case({"labels": [2, 2, 1], "blank": 0}, "equal neighbours")
    yield Case({"labels": different(rng, 3, [0, 1, 2]), "blank": 7}, "three labels, blank 7")
    yield Case({"labels": [int(rng.integers(1, 9))], "blank": 0}, "a single label")


def no_labels(rng: np.random.Generator) -> Iterator[Case]:
    """No label at all."""
    yield Case({"labels": [], "blank": 0}, "no label, blank 0")
    yield Case({"labels": [], "blank": 5}, "no label, blank 5")


@exercise.check(points=0.5, cases=some_labels, judge=exact())
def interleaved(program, labels, blank):
    """A blank stands before, between and after the labels, as integers of shape `(2U+1,)`"""
    return {"extended": program.ctc_extend(labels, blank)}


# Everybody knows the answer, so it counts only beside one that is not known.
@exercise.check(points=0.25, cases=no_labels, judge=exact(), counts_alone=False)
def nothing(program, labels, blank):
    """No label at all gives one blank"""
    return {"extended": program.ctc_extend(labels, blank)}


@exercise.check(points=0.25, cases=some_labels, judge=unchanged())
def labels_unchanged(program, labels, blank):
    """The caller's `labels` stay as they were"""
    program.ctc_extend(labels, blank)
    return {"labels": labels}


EXTENDED = "    return extended\n"
exercise.variant(
    "EX1",
    "The blank after the last label is missing: a path may be silent at its end.",
    {EXTENDED: "    return extended[:-1]\n"},
)
exercise.variant(
    "EX2",
    "The blank before the first label is missing: a path may begin with silence.",
    {EXTENDED: "    return extended[1:]\n"},
)
exercise.variant(
    "EX3",
    "You have blanks between the labels only. A path may also be silent before and after.",
    {EXTENDED: "    return extended[1:-1]\n"},
)
exercise.variant(
    "EX4",
    "You put a blank only where two equal labels meet, and around the whole. All paths may pause "
    "between any two letters: every label has a blank on either side.",
    {
        EXTENDED: "    keep = np.ones(len(extended), dtype=bool)\n"
        "    keep[2:-1:2] = np.equal(labels[1:], labels[:-1])\n"
        "    return extended[keep]\n"
    },
)
exercise.variant(
    "EX5",
    "The result holds floating-point numbers. Labels are indices: integers are wanted.",
    {EXTENDED: "    return extended.astype(float)\n"},
)
exercise.variant(
    "CT8",
    "You take 0 for the blank, whatever index is handed over.",
    {"+ 1, blank)": "+ 1, 0)"},
)


@exercise.variant("EX6")
def extend_in_place(labels, blank):
    """The sequence is right, but you put the blanks into the caller's list. Make a new one."""
    for place in range(len(labels), -1, -1):
        labels.insert(place, blank)
    return np.array(labels)


@exercise.equivalent("appending")
def extend_by_appending(labels, blank):
    extended = [blank]
    for label in labels:
        extended += [label, blank]
    return np.array(extended)


@exercise.equivalent("stacking")
def extend_by_stacking(labels, blank):
    pairs = np.stack([np.array(labels, dtype=int), np.full(len(labels), blank)], axis=1)
    return np.concatenate([[blank], pairs.ravel()])
