"""Unit 14, `ctc_collapse`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    exact,
    unchanged,
)

from .cases import DECODERS, different, odd_paths, spoken

exercise = Exercise("ctc_collapse", points=2, forbids=DECODERS)
NOTES = "__c_oo_o_kk___b_ooooo__oo__kkk"


def texts(rng: np.random.Generator) -> Iterator[Case]:
    """The notes' own example, and others like it."""
    yield Case({"path": NOTES}, "the notes' example")
    for word in ("book", "hello", "moon"):
        letters = [str(letter) for letter in rng.permutation(list(word))]
        path = "".join(spoken(rng, [*letters, letters[-1]], "_"))
        yield Case({"path": path}, "a text of single and double letters")
    yield Case({"path": ""}, "a text without a frame")


def integer_paths(rng: np.random.Generator) -> Iterator[Case]:
    """Paths of integers that end in a label, with several blanks."""
    for blank, symbols in ((0, [1, 2, 3]), (3, [0, 1, 2]), (9, [4, 0, 7])):
        labels = [*different(rng, 4, symbols), symbols[0], symbols[0], symbols[2]]
        yield Case({"path": spoken(rng, labels, blank), "blank": blank}, f"the blank is {blank}")


@exercise.check(points=0.75, cases=texts, judge=exact())
def text(program, path):
    """A text becomes a text: `"__c_oo_o_kk___b_ooooo__oo__kkk"` becomes `"cookbook"`"""
    return {"labelling": program.ctc_collapse(path, "_")}


@exercise.check(points=0.5, cases=integer_paths, judge=exact())
def integers(program, path, blank):
    """A list of integers becomes a list of integers, whatever the blank's index"""
    return {"labelling": program.ctc_collapse(path, blank)}


@exercise.check(points=0.5, cases=odd_paths, judge=exact())
def ends(program, path):
    """Blanks at the end, nothing but blanks, one frame or none: nothing is made up"""
    return {"labelling": program.ctc_collapse(path)}


@exercise.check(points=0.25, cases=integer_paths, judge=unchanged())
def path_unchanged(program, path, blank):
    """The caller's `path` stays as it was"""
    program.ctc_collapse(path, blank)
    return {"path": path}


KEPT = "if symbol != previous and symbol != blank:"
JOIN = 'return "".join(kept) if isinstance(path, str) else kept'
exercise.variant(
    "CT1",
    "You delete the blanks before you merge. Then two equal letters with a blank between them meet "
    "and become one: the notes' example reads `cokbok`. Merge first.",
    {"for symbol in path:": "for symbol in [s for s in path if s != blank]:"},
)
# The same function as CT1: a labelling without equal neighbours is what both leave.
exercise.variant(
    "CT2",
    "You merge equal letters once more after the blanks are gone. Letters that a blank held apart "
    "are two letters.",
    {
        JOIN: "kept = [b for a, b in zip([None, *kept], kept) if a != b]\n    " + JOIN,
    },
    same_as=("CT1",),
)
exercise.variant(
    "CT3",
    "A blank at the very end comes out as a letter: the last symbol is taken without asking "
    "whether it is the blank.",
    {JOIN: "kept += [path[-1]] if len(path) and path[-1] == blank else []\n    " + JOIN},
)
exercise.variant(
    "CT14",
    "You delete the blanks but don't merge: a letter that lasts for three frames comes out three "
    "times.",
    {KEPT: "if symbol != blank:"},
)
exercise.variant(
    "CT15",
    "You merge but don't delete the blanks.",
    {KEPT: "if symbol != previous:"},
)
exercise.variant(
    "CT16",
    "You keep the first occurrence of each letter only. Equal letters are merged where they are "
    "neighbours in time, not across the whole path.",
    {KEPT: "if symbol not in kept and symbol != blank:"},
)
exercise.variant(
    "CT17",
    "The comparison with the frame before forgets blanks: you remember the last *letter* instead "
    "of the last symbol, so a letter that comes again after a blank is taken for the old one going "
    "on.",
    {"        previous = symbol\n": "        previous = previous if symbol == blank else symbol\n"},
    same_as=("CT1", "CT2"),
)
exercise.variant(
    "CT18",
    "A text becomes a list of letters. What comes back has the kind of what went in: a text for a "
    "text.",
    {JOIN: "return kept"},
)
exercise.variant(
    "CT8",
    "You take 0 for the blank, whatever index is handed over. Conventions differ, so the blank is "
    "an argument.",
    {KEPT: 'blank = blank if blank == "_" else 0\n        ' + KEPT},
)


@exercise.variant("CT33")
def collapse_in_place(path, blank=0):
    """The labelling is right, but you delete from the caller's `path` itself. Collect what stays in
    a new list.
    """
    kept = list(path) if isinstance(path, str) else path
    for place in reversed(range(len(kept))):
        if kept[place] == blank or (place and kept[place] == kept[place - 1]):
            del kept[place]
    return "".join(kept) if isinstance(path, str) else kept


@exercise.equivalent("groupby")
def collapse_with_groupby(path, blank=0):
    from itertools import groupby

    kept = [symbol for symbol, _ in groupby(path) if symbol != blank]
    return "".join(kept) if isinstance(path, str) else kept


@exercise.equivalent("slices")
def collapse_by_index(path, blank=0):
    result = path[:0]
    for t in range(len(path)):
        if path[t] == blank or (t > 0 and path[t] == path[t - 1]):
            continue
        result = result + path[t : t + 1]
    return result


@exercise.equivalent("backwards")
def collapse_backwards(path, blank=0):
    found = []
    for t in reversed(range(len(path))):
        if path[t] != blank and path[t] not in path[max(t - 1, 0) : t]:
            found.insert(0, path[t])
    return "".join(found) if isinstance(path, str) else found
