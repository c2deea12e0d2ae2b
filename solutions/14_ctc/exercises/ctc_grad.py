"""Unit 14, `ctc_grad`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    equal_sides,
    float64,
    unchanged,
)

from .cases import LOSSES, SKIP, SKIPPED, STEP, different

exercise = Exercise(
    "ctc_grad", points=3, uses=("ctc_extend",), checked_with=("ctc_nll",), forbids=LOSSES
)


def grad_distinct(rng: np.random.Generator) -> Iterator[Case]:
    """Labels without equal neighbours, each symbol once."""
    for T, labels in ((5, [2, 1]), (6, [1, 3, 2])):
        yield Case({"logits": rng.normal(size=(T, 4)), "labels": labels}, f"{labels}, {T} frames")


def grad_repeats(rng: np.random.Generator) -> Iterator[Case]:
    """Symbols that come again, next to each other and apart."""
    for T, labels in ((4, [1, 1, 2]), (6, [2, 2, 3]), (7, [1, 2, 1]), (5, [])):
        yield Case({"logits": rng.normal(size=(T, 4)), "labels": labels}, f"{labels}, {T} frames")


def grad_one_frame(rng: np.random.Generator) -> Iterator[Case]:
    """A single frame, which has to show the label, or the blank where there is none."""
    for V, labels in ((4, [int(rng.integers(1, 4))]), (3, [])):
        yield Case({"logits": rng.normal(size=(1, V)), "labels": labels}, f"{len(labels)} labels")


def grad_blanks(rng: np.random.Generator) -> Iterator[Case]:
    """The blank in another column than 0."""
    for blank, labels in ((3, [0, 1, 0]), (1, [0, 2, 3])):
        inputs = {"logits": rng.normal(size=(6, 4)), "labels": labels, "blank": blank}
        yield Case(inputs, f"the blank is column {blank} of 4")


def grad_long(rng: np.random.Generator) -> Iterator[Case]:
    """Many frames, and large logits."""
    labels = different(rng, 4, list(range(1, 6)))
    yield Case({"logits": rng.normal(size=(500, 6)), "labels": labels}, "500 frames")
    large = 200 + 20 * rng.normal(size=(12, 5))
    yield Case({"logits": large, "labels": [1, 4, 2]}, "logits around 200")


@exercise.check(points=0.25, cases=grad_one_frame, judge=close(float64))
def gradient_of_one_frame(program, logits, labels):
    """In a single frame there is one path: the gradient is prediction less label, as in unit 01"""
    return {"gradient": program.ctc_grad(logits, labels, 0)}


@exercise.check(points=0.75, cases=grad_distinct, judge=close(float64))
def gradient_of_different(program, logits, labels):
    """Where every symbol of the label comes once, the gradient is right"""
    return {"gradient": program.ctc_grad(logits, labels, 0)}


@exercise.check(points=0.75, cases=grad_repeats, judge=close(float64))
def gradient_of_repeated(program, logits, labels):
    """Where symbols come again, their places are put together; no label is right as well"""
    return {"gradient": program.ctc_grad(logits, labels, 0)}


@exercise.check(
    points=0.25,
    cases=grad_repeats,
    judge=equal_sides("your gradient, and the measured slopes of your `ctc_nll`", rtol=1e-6),
)
def measured_slopes(program, logits, labels):
    """The gradient agrees with central differences of your own `ctc_nll`"""

    def loss(moved):
        log_probs = moved - np.logaddexp.reduce(moved, axis=1, keepdims=True)
        return program.ctc_nll(log_probs, labels, 0)

    measured = probes.numerical_gradient(loss, logits)
    return {
        "left": {"gradient": program.ctc_grad(logits, labels, 0)},
        "right": {"gradient": measured},
    }


@exercise.check(
    points=0.25,
    cases=grad_distinct,
    judge=equal_sides("what each row has above 0, and what it has below"),
)
def balanced_rows(program, logits, labels):
    """Each row adds up to 0: what one symbol gains, others lose"""
    gradient = np.asarray(program.ctc_grad(logits, labels, 0))
    above, below = np.maximum(gradient, 0), np.maximum(-gradient, 0)
    return {"left": {"above 0": above.sum(axis=1)}, "right": {"above 0": below.sum(axis=1)}}


@exercise.check(points=0.25, cases=grad_blanks, judge=close(float64))
def gradient_blank_elsewhere(program, logits, labels, blank):
    """The blank may be any column"""
    return {"gradient": program.ctc_grad(logits, labels, blank)}


@exercise.check(points=0.25, cases=grad_long, judge=close(float64))
def gradient_of_many_frames(program, logits, labels):
    """Many frames and large logits give finite and right numbers"""
    return {"gradient": program.ctc_grad(logits, labels, 0)}


@exercise.check(points=0.25, cases=grad_repeats, judge=unchanged())
def grad_arguments_unchanged(program, logits, labels):
    """The caller's `logits` and `labels` stay as they were"""
    program.ctc_grad(logits, labels, 0)
    return {"logits": logits, "labels": labels}


GAMMA = "np.exp(alpha[:, s] + beta[:, s] - emitted[:, s] - log_p)"
GRADIENT = "return np.exp(log_probs) - gamma"
exercise.variant(
    "CT4",
    "Your paths may jump from a label to an equal one, which would merge with it. With different "
    "neighbours you are right.",
    {SKIP: "places[2:] != blank"},
)
exercise.variant(
    "CT5",
    "Your paths visit every blank. Between two different labels it may be skipped.",
    {"ways = np.where(may_skip, np.logaddexp(ways, padded[:-2]), ways)": "pass"},
)
exercise.variant(
    "CT8",
    "You take column 0 for the blank. Which column it is, is handed over: `blank`.",
    {"    places = ctc_extend": "    blank = 0\n    places = ctc_extend"},
)
exercise.variant(
    "CT10",
    "You follow the best way into each place instead of adding up all of them: that is the "
    "gradient of the best path.",
    {STEP: "ways = np.maximum(padded[2:], padded[1:-1])", SKIPPED: "np.maximum(ways, padded[:-2])"},
)
exercise.variant(
    "GR1",
    "Your gradient has the wrong sign: it is prediction less what is asked for, as in unit 01.",
    {GRADIENT: "return gamma - np.exp(log_probs)"},
)
exercise.variant(
    "GR2",
    "That is the gradient with respect to the log-probabilities. The softmax before them adds the "
    "prediction itself.",
    {GRADIENT: "return -gamma"},
)
exercise.variant(
    "GR3",
    "The probability of the frame itself is in both halves of the path, before and after, so it "
    "counts twice. Divide by it once.",
    {GAMMA: "np.exp(alpha[:, s] + beta[:, s] - log_p)"},
)
exercise.variant(
    "GR4",
    "A symbol can have several places in the extended label; the blank always has. You keep the "
    "last of them only: add them up.",
    {"gamma[:, symbol] += ": "gamma[:, symbol] = "},
)
exercise.variant(
    "GR5",
    "What is asked for isn't divided by the probability of the label: it is a share of its "
    "paths, and every row of it adds up to 1.",
    {GAMMA: GAMMA.replace(" - log_p", "")},
)
exercise.variant(
    "GR6",
    "You average over the frames. The loss of a sequence is not a mean over its frames, and "
    "neither is its gradient.",
    {GRADIENT: "return (np.exp(log_probs) - gamma) / len(log_probs)"},
)
exercise.variant(
    "GR7",
    "The backward pass reads the frames from the end, but its result isn't turned round again: "
    "first and last frame are exchanged in it.",
    {"places[::-1])[::-1, ::-1]": "places[::-1])[:, ::-1]"},
)


@exercise.variant("CT9")
def grad_of_probabilities(logits, labels, blank):
    """With few frames you are right; with many the products of probabilities become 0, and 0/0 is
    not a number. Add logarithms instead.
    """
    places = ctc_extend(labels, blank)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    T, S = len(probs), len(places)
    alpha, beta = np.zeros((T, S)), np.zeros((T, S))
    alpha[0, :2] = probs[0, places[:2]]
    beta[-1, -2:] = probs[-1, places[-2:]]
    for t in range(1, T):
        for s in range(S):
            into = alpha[t - 1, max(s - 1, 0) : s + 1].sum()
            out = beta[T - t, s : s + 2].sum()
            if s >= 2 and places[s] not in (blank, places[s - 2]):
                into += alpha[t - 1, s - 2]
            if s + 2 < S and places[s + 2] not in (blank, places[s]):
                out += beta[T - t, s + 2]
            alpha[t, s] = into * probs[t, places[s]]
            beta[T - t - 1, s] = out * probs[T - t - 1, places[s]]
    gamma = np.zeros_like(probs)
    with np.errstate(divide="ignore", invalid="ignore"):
        for s in range(S):
            gamma[:, places[s]] += alpha[:, s] * beta[:, s] / probs[:, places[s]]
        return probs - gamma / alpha[-1, -2:].sum()


exercise.variant(
    "GR8",
    "The gradient is right, but you turn the caller's `logits` into log probabilities in place. "
    "Make a new array.",
    {
        "    log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)\n": (
            "    logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)\n"
            "    log_probs = logits\n"
        )
    },
)


@exercise.equivalent("rescaled")
def grad_by_rescaling(logits, labels, blank):
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    places = np.asarray(ctc_extend(labels, blank))
    T, S = len(probs), len(places)
    moves = np.eye(S) + np.eye(S, k=1)
    for s in range(2, S):
        moves[s - 2, s] = places[s] != blank and places[s] != places[s - 2]
    alpha, beta = np.zeros((T, S)), np.zeros((T, S))
    row = np.where(np.arange(S) < 2, 1.0, 0.0)
    for t in range(T):
        row = (row if t == 0 else row @ moves) * probs[t, places]
        alpha[t] = row = row / row.sum()
    row = np.where(np.arange(S) >= S - 2, 1.0, 0.0)
    for t in reversed(range(T)):
        beta[t] = row
        row = moves @ (row * probs[t, places])
        row = row / row.sum()
    share = alpha * beta
    share /= share.sum(axis=1, keepdims=True)
    gamma = np.zeros_like(probs)
    np.add.at(gamma.T, places, share.T)
    return probs - gamma


@exercise.equivalent("one-hot product")
def grad_by_one_hot(logits, labels, blank):
    logp = logits - np.log(np.exp(logits - logits.max()).sum(axis=1, keepdims=True)) - logits.max()
    seen = np.asarray(ctc_extend(labels, blank))
    emit = logp[:, seen]
    T, S = emit.shape

    def sweep(emit, seen):
        table = np.full((T, S), -np.inf)
        table[0, :2] = emit[0, :2]
        for t in range(1, T):
            for s in range(S):
                ways = list(table[t - 1, max(0, s - 1) : s + 1])
                if s >= 2 and seen[s] != blank and seen[s] != seen[s - 2]:
                    ways.append(table[t - 1, s - 2])
                table[t, s] = emit[t, s] + np.logaddexp.reduce(ways)
        return table

    both = sweep(emit, seen) + np.flip(sweep(np.flip(emit), seen[::-1])) - emit
    share = np.exp(both - np.logaddexp.reduce(both, axis=1, keepdims=True))
    return np.exp(logp) - share @ (seen[:, None] == np.arange(logits.shape[1]))


@exercise.equivalent("probability_from_the_loss")
def grad_with_the_loss(logits, labels, blank):
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    log_probs = np.log(probs / probs.sum(axis=1, keepdims=True))
    log_p = -ctc_nll(log_probs, labels, blank)
    places = np.asarray(ctc_extend(labels, blank))
    T, S = len(logits), len(places)

    def ways(emitted, places):
        rows = np.full((T, S), -np.inf)
        rows[0, :2] = emitted[0, :2]
        for t in range(1, T):
            for s in range(S):
                came = rows[t - 1, max(0, s - 1) : s + 1]
                if s > 1 and places[s] not in (blank, places[s - 2]):
                    came = rows[t - 1, s - 2 : s + 1]
                rows[t, s] = emitted[t, s] + np.logaddexp.reduce(came)
        return rows

    emitted = log_probs[:, places]
    before = ways(emitted, places)
    after = ways(emitted[::-1, ::-1], places[::-1])[::-1, ::-1]
    gradient = np.exp(log_probs)
    for s, symbol in enumerate(places):
        gradient[:, symbol] -= np.exp(before[:, s] + after[:, s] - emitted[:, s] - log_p)
    return gradient


@exercise.shortcut
def central_differences(logits, labels, blank):
    gradient = np.zeros_like(logits)
    for index in np.ndindex(logits.shape):
        costs = []
        for step in (1e-4, -1e-4):
            moved = logits.copy()
            moved[index] += step
            log_probs = moved - np.logaddexp.reduce(moved, axis=1, keepdims=True)
            costs.append(ctc_nll(log_probs, labels, blank))
        gradient[index] = (costs[0] - costs[1]) / 2e-4
    return gradient.astype(np.float32)


@exercise.shortcut
def paths_without_a_frame(logits, labels, blank):
    """The share of the paths that show a symbol in a frame, by forbidding it there."""
    log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    whole = ctc_nll(log_probs, labels, blank)
    gradient = np.exp(log_probs)
    for index in np.ndindex(logits.shape):
        without = log_probs.copy()
        without[index] = -np.inf
        gradient[index] -= 1 - np.exp(whole - ctc_nll(without, labels, blank))
    return gradient
