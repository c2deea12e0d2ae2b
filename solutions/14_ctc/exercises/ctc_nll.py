"""Unit 14, `ctc_nll`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    equal_sides,
    exact,
    float64,
    unchanged,
)

from .cases import LOSSES, SKIP, SKIPPED, STEP, different, log_probs

exercise = Exercise("ctc_nll", points=5, uses=("ctc_extend",), forbids=LOSSES)


def nll_distinct(rng: np.random.Generator) -> Iterator[Case]:
    """Labels without equal neighbours, once as many as there are frames."""
    for T, V, U in ((3, 4, 1), (5, 3, 2), (4, 4, 4), (9, 5, 4)):
        labels = different(rng, U, list(range(1, V)))
        yield Case({"log_probs": log_probs(rng, T, V), "labels": labels}, f"{U} labels, {T} frames")


def nll_repeats(rng: np.random.Generator) -> Iterator[Case]:
    """Equal neighbours: just enough frames, one to spare, and many."""
    for T, V, labels in (
        (4, 3, [1, 1, 2]),
        (6, 4, [2, 2, 1, 1]),
        (6, 3, [2, 2, 2]),
        (40, 4, [1, 1]),
    ):
        label = f"labels {labels}, {T} frames"
        yield Case({"log_probs": log_probs(rng, T, V), "labels": labels}, label)


def nll_one_path(rng: np.random.Generator) -> Iterator[Case]:
    """So few labels and frames that there is one path, and nothing to add up."""
    label = int(rng.integers(1, 4))
    for T, labels, what in (
        (1, [label], "one label, one frame"),
        (4, [], "no label, four frames"),
        (1, [], "no label, one frame"),
    ):
        yield Case({"log_probs": log_probs(rng, T, 4), "labels": labels}, what)


def nll_impossible(rng: np.random.Generator) -> Iterator[Case]:
    """Too few frames."""
    for T, labels, what in (
        (2, [1, 2, 1], "three labels, two frames"),
        (3, [2, 2, 1], "three labels with a repeat, three frames"),
        (1, [1, 2], "two labels, one frame"),
    ):
        yield Case({"log_probs": log_probs(rng, T, 3), "labels": labels}, what)


def nll_everything(rng: np.random.Generator) -> Iterator[Case]:
    """All labellings that few frames allow."""
    for T, V in ((4, 3), (3, 4)):
        yield Case({"log_probs": log_probs(rng, T, V)}, f"{T} frames, {V} symbols")


def nll_padding(rng: np.random.Generator) -> Iterator[Case]:
    """Outputs that end in nothing but certain blanks."""
    for T, labels in ((5, [1, 2]), (6, [2])):
        inputs = {"log_probs": log_probs(rng, T, 3), "labels": labels, "count": 4}
        yield Case(inputs, f"labels {labels}, four certain blanks at the end")


def nll_blanks(rng: np.random.Generator) -> Iterator[Case]:
    """The blank in another column than 0."""
    for blank, labels in ((3, [0, 1, 0]), (1, [0, 2, 3])):
        inputs = {"log_probs": log_probs(rng, 6, 4), "labels": labels, "blank": blank}
        yield Case(inputs, f"the blank is column {blank} of 4")


def nll_long(rng: np.random.Generator) -> Iterator[Case]:
    """Hundreds of frames, probabilities below the smallest float."""
    for V, U in ((30, 20), (40, 3)):
        labels = different(rng, U, list(range(1, V)))
        inputs = {"log_probs": log_probs(rng, 300, V), "labels": labels}
        yield Case(inputs, f"300 frames, {V} symbols, {U} labels")


@exercise.check(points=1, cases=nll_distinct, judge=close(float64))
def different_labels(program, log_probs, labels):
    """Where no label equals the one before, the loss is that of all paths"""
    return {"loss": program.ctc_nll(log_probs, labels, 0)}


@exercise.check(points=1, cases=nll_repeats, judge=close(float64))
def repeated_labels(program, log_probs, labels):
    """Where labels repeat, too: no path skips the blank between equal ones"""
    return {"loss": program.ctc_nll(log_probs, labels, 0)}


@exercise.check(points=0.5, cases=nll_one_path, judge=close(float64))
def one_path(program, log_probs, labels):
    """Where a single path is left the loss is that path's: a label in one frame, or no label"""
    return {"loss": program.ctc_nll(log_probs, labels, 0)}


@exercise.check(points=0.5, cases=nll_impossible, judge=exact(secret=False))
def impossible_labels(program, log_probs, labels):
    """Labels that need more frames than there are have an infinite loss"""
    loss = float(program.ctc_nll(log_probs, labels, 0))
    return {"the loss is inf (100 or more will do)": loss >= 100}


@exercise.check(
    points=0.5,
    cases=nll_everything,
    judge=equal_sides("the probabilities of all labellings together, and 1"),
)
def adds_up_to_one(program, log_probs):
    """The probabilities of all labellings that the frames allow add up to 1"""
    T, V = log_probs.shape
    every = [[]]
    for labels in every:  # grows while it is read
        if len(labels) < T:
            every += [[*labels, k] for k in range(1, V)]
    total = sum(np.exp(-program.ctc_nll(log_probs, labels, 0)) for labels in every)
    return {"left": {"sum": total}, "right": {"sum": 1.0}}


@exercise.check(
    points=0.5,
    cases=nll_padding,
    judge=equal_sides("the loss with frames at the end that are certainly blank, and without them"),
)
def certain_blanks(program, log_probs, labels, count):
    """Frames at the end whose blank has probability 1, and all else 0, change nothing"""
    certain = np.full((count, log_probs.shape[1]), -np.inf)
    certain[:, 0] = 0.0
    longer = np.concatenate([log_probs, certain])
    return {
        "left": {"loss": program.ctc_nll(longer, labels, 0)},
        "right": {"loss": program.ctc_nll(log_probs, labels, 0)},
    }


@exercise.check(points=0.25, cases=nll_blanks, judge=close(float64))
def blank_elsewhere(program, log_probs, labels, blank):
    """The blank may be any column"""
    return {"loss": program.ctc_nll(log_probs, labels, blank)}


@exercise.check(points=0.25, cases=nll_repeats, judge=unchanged())
def outputs_unchanged(program, log_probs, labels):
    """The caller's `log_probs` and `labels` stay as they were"""
    program.ctc_nll(log_probs, labels, 0)
    return {"log_probs": log_probs, "labels": labels}


# The last check: where paths are counted one by one, it doesn't come to an end.
@exercise.check(points=0.5, cases=nll_long, judge=close(float64))
def no_underflow(program, log_probs, labels):
    """With 300 frames the loss is still right: nothing becomes 0 on the way"""
    return {"loss": program.ctc_nll(log_probs, labels, 0)}


START = "log_alpha[:2] = log_probs[0, places[:2]]"
END = "return -float(np.logaddexp.reduce(log_alpha[-2:]))"
exercise.variant(
    "CT4",
    "Your paths may jump from a label to an equal one. Such a path would have both merged into one "
    "label, so it belongs to another labelling: between equal labels the blank must be visited. "
    "With different neighbours you are right.",
    {SKIP: "places[2:] != blank"},
)
exercise.variant(
    "CT5",
    "Your paths visit every blank. Between two *different* labels it may be skipped: the path goes "
    "straight from one label to the next.",
    {"ways = np.where(may_skip, np.logaddexp(ways, padded[:-2]), ways)": "pass"},
)
exercise.variant(
    "CT6",
    "Your paths may jump from a blank to the next blank and so leave a label out. What may be "
    "skipped is a blank, never a label.",
    {SKIP: "(places[2:] == blank) | (places[2:] != places[:-2])"},
)
exercise.variant(
    "CT7a",
    "All your paths begin with the blank. The first label may be there in the first frame.",
    {START: "log_alpha[:1] = log_probs[0, places[:1]]"},
)
exercise.variant(
    "CT7b",
    "Only paths that end in the last blank arrive. A path may also end in the last label: "
    "add both.",
    {END: "return -float(log_alpha[-1])"},
)
exercise.variant(
    "CT7c",
    "Only paths that end in the last label arrive. A path may also end in the blank behind it: add "
    "both.",
    {END: "return -float(log_alpha[-2] if len(labels) else log_alpha[-1])"},
)
exercise.variant(
    "CT7d",
    "All your paths begin with the first label. They may also begin with the blank before it.",
    {START: "start = min(1, len(labels))\n    log_alpha[start] = log_probs[0, places[start]]"},
)
exercise.variant(
    "CT7e",
    "You add up all places in the last frame. Only the last two have the whole label behind them.",
    {"log_alpha[-2:]": "log_alpha"},
)
exercise.variant(
    "CT8a",
    "You take column 0 for the blank. Which column it is, is handed over: `blank`.",
    {"    places = ctc_extend": "    blank = 0\n    places = ctc_extend"},
)
exercise.variant(
    "CT8b",
    "You take the last column for the blank, as older TensorFlow did. Which column it is, is "
    "handed over: `blank`.",
    {"    places = ctc_extend": "    blank = log_probs.shape[1] - 1\n    places = ctc_extend"},
)


@exercise.variant("CT9a")
def nll_of_probabilities(log_probs, labels, blank):
    """With few frames you are right; with many, the product of probabilities falls below the
    smallest float and becomes 0, so the loss is infinite. Add logarithms instead.
    """
    places = ctc_extend(labels, blank)
    probs = np.exp(log_probs)[:, places]
    alpha = np.zeros(len(places))
    alpha[:2] = probs[0, :2]
    for row in probs[1:]:
        new = alpha.copy()
        new[1:] += alpha[:-1]
        for s in range(2, len(places)):
            if places[s] != blank and places[s] != places[s - 2]:
                new[s] += alpha[s - 2]
        alpha = new * row
    with np.errstate(divide="ignore"):
        return -float(np.log(alpha[-2:].sum()))


@exercise.variant("CT9b")
def nll_with_nan(log_probs, labels, blank):
    """Your sum of logarithms gives NaN where both are minus infinity (neither way leads there): it
    subtracts one infinity from the other. Such a sum is minus infinity.
    """

    def add(*parts):
        largest = np.max(parts, axis=0)
        return largest + np.log(sum(np.exp(part - largest) for part in parts))

    with np.errstate(invalid="ignore", divide="ignore"):
        places = ctc_extend(labels, blank)
        log_alpha = np.full(len(places), -np.inf)
        log_alpha[:2] = log_probs[0, places[:2]]
        for frame in log_probs[1:]:
            new = log_alpha.copy()
            for s in range(1, len(places)):
                new[s] = add(log_alpha[s], log_alpha[s - 1])
                if s > 1 and places[s] != blank and places[s] != places[s - 2]:
                    new[s] = add(log_alpha[s], log_alpha[s - 1], log_alpha[s - 2])
            log_alpha = new + frame[places]
        return -float(add(*log_alpha[-2:]))


exercise.variant(
    "CT10",
    "You follow the best way into each place, so at the end there is one path. The probability of "
    "a labelling is the *sum* over all of its paths.",
    {
        STEP: "ways = np.maximum(padded[2:], padded[1:-1])",
        SKIPPED: "np.maximum(ways, padded[:-2])",
        END: "return -float(np.max(log_alpha[-2:]))",
    },
)
exercise.variant(
    "CT19",
    "You return the log-probability. The loss is its negative: large where the label is unlikely.",
    {END: END.replace("-float", "float")},
)
exercise.variant(
    "CT20",
    "You divide by the number of labels. Keras and the text don't: the loss of a sequence is "
    "`-ln p` as it is.",
    {END: END + " / max(len(labels), 1)"},
)
exercise.variant(
    "CT21",
    "You take the logarithm again, or a softmax before it: the argument holds log-probabilities "
    "already.",
    {
        START: "log_probs = np.log(np.exp(np.exp(log_probs)) / np.exp(np.exp(log_probs)).sum("
        "axis=1, keepdims=True))\n    " + START
    },
)
exercise.variant(
    "CT22",
    "The last frame plays no part in your recursion. There is one step for each frame after the "
    "first.",
    {"log_probs[1:]": "log_probs[1:-1]"},
)
exercise.variant(
    "CT23",
    "The probabilities of the first frame are missing: your paths begin with 1 instead of with "
    "what the first frame says.",
    {START: "log_alpha[:2] = 0.0"},
)
exercise.variant(
    "CT34",
    "The loss is right, but you write the extended sequence over the caller's `labels`. Make a new "
    "list.",
    {
        "    places = ctc_extend(labels, blank)\n": (
            "    labels[:] = ctc_extend(labels, blank).tolist()\n    places = np.array(labels)\n"
        )
    },
)


@exercise.equivalent("rescaled")
def nll_by_rescaling(log_probs, labels, blank):
    places = [blank]
    for label in labels:
        places += [label, blank]
    places = np.array(places)
    loss, alpha = 0.0, np.zeros(len(places))
    for t, row in enumerate(np.exp(log_probs)):
        new = alpha.copy()
        if t == 0:
            new[:2] = 1
        new[1:] += alpha[:-1]
        allowed = (places[2:] != blank) & (places[2:] != places[:-2])
        new[2:] += alpha[:-2] * allowed
        new *= row[places]
        size = new.sum()
        if size == 0:
            return np.inf
        alpha = new / size
        loss -= np.log(size)
    arrived = alpha[-2:].sum()
    return loss - np.log(arrived) if arrived > 0 else np.inf


@exercise.equivalent("from the end")
def nll_from_the_end(log_probs, labels, blank):
    places = ctc_extend(labels, blank)
    S = len(places)
    beta = np.full(S + 2, -np.inf)  # behind the last place no path is
    for t in range(len(log_probs) - 1, -1, -1):
        new = np.full(S + 2, -np.inf)
        for s in range(S):
            if t == len(log_probs) - 1:
                ways = [0.0] if s >= S - 2 else []
            else:
                ways = [beta[s], beta[s + 1]]
                if s + 2 < S and places[s + 2] not in (blank, places[s]):
                    ways.append(beta[s + 2])
            new[s] = np.logaddexp.reduce(ways) + log_probs[t, places[s]] if ways else -np.inf
        beta = new
    return -np.logaddexp(beta[0], beta[1])


@exercise.equivalent("scalars")
def nll_with_scalars(log_probs, labels, blank):
    import math

    def add(*parts):
        largest = max(parts)
        if largest == -math.inf:
            return -math.inf
        return largest + math.log(math.fsum(math.exp(part - largest) for part in parts))

    places = [int(place) for place in ctc_extend(labels, blank)]
    rows = log_probs.tolist()
    alpha = [rows[0][k] if s < 2 else -math.inf for s, k in enumerate(places)]
    for row in rows[1:]:
        alpha = [
            row[k]
            + add(
                *alpha[max(s - 1, 0) : s + 1],
                alpha[s - 2] if s > 1 and k != blank and k != places[s - 2] else -math.inf,
            )
            for s, k in enumerate(places)
        ]
    return np.array(-add(*alpha[-2:]))


@exercise.equivalent("prefixes")
def nll_of_prefixes(log_probs, labels, blank):
    # Per number of labels said so far: paths that end in a blank, and in the last of them.
    U = len(labels)
    blanks, letters = np.full(U + 1, -np.inf), np.full(U + 1, -np.inf)
    blanks[0] = 0.0
    for frame in log_probs:
        both = np.logaddexp(blanks, letters)
        new_blanks, new_letters = both + frame[blank], np.full(U + 1, -np.inf)
        for u in range(1, U + 1):
            again = u > 1 and labels[u - 1] == labels[u - 2]
            before = blanks[u - 1] if again else both[u - 1]
            new_letters[u] = np.logaddexp(letters[u], before) + frame[labels[u - 1]]
        blanks, letters = new_blanks, new_letters
    return -float(np.logaddexp(blanks[U], letters[U]))
