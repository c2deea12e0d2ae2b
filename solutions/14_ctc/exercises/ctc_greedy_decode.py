"""Unit 14, `ctc_greedy_decode`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    exact,
    unchanged,
)

from .cases import DECODERS, Array, different, spoken

exercise = Exercise("ctc_greedy_decode", points=2, uses=("ctc_collapse",), forbids=DECODERS)


def logits_of(rng: np.random.Generator, path: list[int], V: int) -> Array:
    """Logits whose largest entries are those of the path, by 0.2 at least."""
    logits = rng.normal(size=(len(path), V))
    logits[range(len(path)), path] = logits.max(axis=1) + rng.uniform(0.2, 1, len(path))
    return logits


def speeches(rng: np.random.Generator) -> Iterator[Case]:
    """Outputs with long, single and double letters."""
    for blank, V in ((0, 4), (4, 5), (2, 6)):
        symbols = [symbol for symbol in range(V) if symbol != blank]
        first = int(rng.choice(symbols))
        labels = [first, first, *different(rng, 4, symbols)]
        path = [blank, *spoken(rng, labels, blank), blank]
        label = f"{len(path)} frames, the blank is column {blank}"
        yield Case({"logits": logits_of(rng, path, V), "blank": blank}, label)


def quiet(rng: np.random.Generator) -> Iterator[Case]:
    """Scores far below 0; silence; one frame."""
    low = logits_of(rng, spoken(rng, different(rng, 4, [1, 2, 3, 4]), 0), 5) - 50
    yield Case({"logits": low, "blank": 0}, "all scores are negative")
    yield Case({"logits": logits_of(rng, [0] * 5, 4), "blank": 0}, "silence")
    label = int(rng.integers(1, 6))
    yield Case({"logits": logits_of(rng, [label], 6), "blank": 0}, "a single frame")


@exercise.check(points=1.25, cases=speeches, judge=exact())
def best_path(program, logits, blank):
    """The most probable symbols, one a frame, are collapsed"""
    return {"labelling": [int(k) for k in program.ctc_greedy_decode(logits, blank)]}


@exercise.check(points=0.5, cases=quiet, judge=exact())
def few_symbols(program, logits, blank):
    """Negative scores, silence and a single frame are read as well"""
    return {"labelling": [int(k) for k in program.ctc_greedy_decode(logits, blank)]}


@exercise.check(points=0.25, cases=speeches, judge=unchanged())
def logits_unchanged(program, logits, blank):
    """The caller's `logits` stay as they were"""
    program.ctc_greedy_decode(logits, blank)
    return {"logits": logits}


GREEDY = "return ctc_collapse(np.argmax(logits, axis=1).tolist(), blank)"
exercise.variant(
    "CT2",
    "You merge equal neighbours once more after decoding. What the collapse has left are letters "
    "that are meant: in `o_o` there are two.",
    {
        GREEDY: "labels = ctc_collapse(np.argmax(logits, axis=1).tolist(), blank)\n"
        "    return [b for a, b in zip([None, *labels], labels) if a != b]"
    },
)
exercise.variant(
    "CT8a",
    "You take column 0 for the blank. Which column it is, is handed over: `blank`.",
    {"blank)": "0)"},
)
exercise.variant(
    "CT8b",
    "You take the last column for the blank, as older TensorFlow did. Which column it is, is "
    "handed over: `blank`.",
    {"blank)": "logits.shape[1] - 1)"},
)
exercise.variant(
    "GD1",
    "You look for the best *frame* of each symbol. Wanted is the best symbol of each frame: time "
    "runs down the rows.",
    {"axis=1": "axis=0"},
)
exercise.variant(
    "GD2",
    "You return the path, one symbol a frame. It still has to be collapsed.",
    {GREEDY: "return np.argmax(logits, axis=1).tolist()"},
)
exercise.variant(
    "GD3",
    "You leave the blank out before you look for the best symbol, so that every frame is forced to "
    "say a letter, and nothing holds equal letters apart.",
    {
        GREEDY: "others = np.array(logits)\n"
        "    others[:, blank] = -np.inf\n"
        "    return ctc_collapse(np.argmax(others, axis=1).tolist(), blank)"
    },
)
exercise.variant(
    "GD4",
    "You take the least probable symbol of each frame.",
    {"np.argmax": "np.argmin"},
)
exercise.variant(
    "GD5",
    "The labelling is right, but you take the maxima away from the caller's `logits` in place. The "
    "largest number of a frame is the largest without that, too.",
    {GREEDY: f"logits -= logits.max(axis=1, keepdims=True)\n    {GREEDY}"},
)


@exercise.equivalent("by hand")
def greedy_by_hand(logits, blank):
    answer, last = [], blank
    for row in logits:
        best = max(range(len(row)), key=lambda k: row[k])
        if best != blank and best != last:
            answer.append(best)
        last = best
    return answer


@exercise.equivalent("masks")
def greedy_with_masks(logits, blank):
    path = np.argmax(logits, axis=1)
    new = np.ones(len(path), dtype=bool)
    new[1:] = path[1:] != path[:-1]
    return list(path[new & (path != blank)])


exercise.equivalent(
    "after a softmax",
    {"np.argmax(logits, axis=1)": "(np.exp(logits) / np.exp(logits).sum(1)[:, None]).argmax(1)"},
)
