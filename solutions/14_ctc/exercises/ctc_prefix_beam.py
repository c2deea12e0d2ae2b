"""Unit 14, `ctc_prefix_beam`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    exact,
    float64,
    unchanged,
)

from .cases import DECODERS, log_probs, log_softmax

exercise = Exercise("ctc_prefix_beam", points=4, forbids=DECODERS)


def beam_small(rng: np.random.Generator) -> Iterator[Case]:
    """So few frames that no prefix is ever forgotten."""
    for T, V, blank in ((1, 3, 0), (3, 3, 0), (5, 3, 0), (4, 4, 2)):
        inputs = {"log_probs": log_probs(rng, T, V), "width": 1000, "blank": blank}
        yield Case(inputs, f"{T} frames, {V} symbols, the blank is column {blank}")


def beam_against_greedy(rng: np.random.Generator) -> Iterator[Case]:
    """The blank is ahead in every frame, and yet some label is the most probable answer."""
    V = 6
    for T, share in ((2, 0.56), (3, 0.52), (3, 0.50)):
        blank = share + rng.uniform(-0.02, 0.02, T)
        ahead = (1 - blank) * rng.uniform(0.85, 0.95, T)
        others = rng.dirichlet(np.ones(V - 2), T) * (1 - blank - ahead)[:, None]
        probs = np.insert(others, int(rng.integers(V - 1)), ahead, axis=1)
        inputs = {"log_probs": np.log(np.insert(probs, 0, blank, axis=1)), "width": 300}
        yield Case(inputs, f"{T} frames, the blank is the best symbol in each")


def beam_doubles(rng: np.random.Generator) -> Iterator[Case]:
    """One letter for a long time; and twice, with a blank between."""
    for path, what in (([1, 1, 1, 1], "one long label"), ([1, 1, 0, 1], "the same label twice")):
        logits = 0.3 * rng.normal(size=(4, 3))
        logits[range(4), path] += 2
        yield Case({"log_probs": log_softmax(logits), "width": 1000}, what)


def beam_narrow(rng: np.random.Generator) -> Iterator[Case]:
    """Prefixes are forgotten on the way."""
    for width, T, V in ((1, 8, 4), (2, 10, 4), (4, 12, 5)):
        inputs = {"log_probs": log_probs(rng, T, V), "width": width}
        yield Case(inputs, f"width {width}, {T} frames, {V} symbols")


def beam_long(rng: np.random.Generator) -> Iterator[Case]:
    """A long output of many symbols."""
    inputs = {"log_probs": log_probs(rng, 250, 30), "width": 3}
    yield Case(inputs, "250 frames, 30 symbols, width 3")


@exercise.check(points=0.75, cases=beam_against_greedy, judge=exact())
def better_than_greedy(program, log_probs, width):
    """The most probable labelling comes first, also where the best path is another's"""
    labels, _ = program.ctc_prefix_beam(log_probs, width, 0)[0]
    return {"labels of the first": " ".join(str(int(k)) for k in labels) or "none"}


@exercise.check(points=1, cases=beam_small, judge=close(float64))
def every_labelling(program, log_probs, width, blank):
    """With a wide beam all labellings come back, with the sum over their paths, best first"""
    found = program.ctc_prefix_beam(log_probs, width, blank)
    return {
        "labels": [" ".join(str(int(k)) for k in labels) or "none" for labels, _ in found],
        "logp": np.array([float(logp) for _, logp in found]),
    }


@exercise.check(points=0.5, cases=beam_doubles, judge=close(float64))
def double_letters(program, log_probs, width):
    """A label that goes on is one, a label that comes again after a blank is two"""
    found = program.ctc_prefix_beam(log_probs, width, 0)
    logp = {" ".join(str(int(k)) for k in labels): float(p) for labels, p in found}
    return {
        "logp of 1": logp.get("1", -np.inf),
        "logp of 1 1": logp.get("1 1", -np.inf),
    }


@exercise.check(points=0.25, cases=beam_against_greedy, judge=close(float64))
def possible_only(program, log_probs, width):
    """Labellings of probability 0 are left out"""
    certain = np.full((2, log_probs.shape[1]), -np.inf)
    certain[0, 1] = certain[1, 0] = 0.0
    found = program.ctc_prefix_beam(np.concatenate([certain, log_probs]), width, 0)
    return {
        "labels": [" ".join(str(int(k)) for k in labels) or "none" for labels, _ in found],
        "logp": np.array([float(logp) for _, logp in found]),
    }


@exercise.check(points=0.75, cases=beam_narrow, judge=close(float64))
def narrow_beam(program, log_probs, width):
    """After each frame the `width` best prefixes go on, and the others are forgotten"""
    found = program.ctc_prefix_beam(log_probs, width, 0)
    return {
        "labels": [" ".join(str(int(k)) for k in labels) or "none" for labels, _ in found],
        "logp": np.array([float(logp) for _, logp in found]),
    }


@exercise.check(points=0.5, cases=beam_long, judge=close(float64))
def long_output(program, log_probs, width):
    """250 frames are no problem: probabilities are kept as logarithms"""
    found = program.ctc_prefix_beam(log_probs, width, 0)
    return {
        "labels": [" ".join(str(int(k)) for k in labels) or "none" for labels, _ in found],
        "logp": np.array([float(logp) for _, logp in found]),
    }


@exercise.check(points=0.25, cases=beam_narrow, judge=unchanged())
def beam_arguments_unchanged(program, log_probs, width):
    """The caller's `log_probs` stay as they were"""
    program.ctc_prefix_beam(log_probs, width, 0)
    return {"log_probs": log_probs}


TOTAL = "total = np.logaddexp(ends_blank, ends_letter)"
STAYS = "old_letter = np.logaddexp(old_letter, ends_letter + frame[prefix[-1]])"
BEFORE = "before = ends_blank if prefix[-1:] == (symbol,) else total"
LONGER = "grown[longer] = old_blank, np.logaddexp(old_letter, before + frame[symbol])"
RANKED = "ranked = sorted((p for p in scores if scores[p] > -np.inf), key=scores.get, reverse=True)"
PAIRS = "return [(prefix, float(np.logaddexp(*parts))) for prefix, parts in beam.items()]"


@exercise.variant("CT11")
def beam_with_one_score(log_probs, width, blank):
    """Each of your prefixes has one number. When its last letter comes again you can't know whether
    it goes on or begins anew, so double letters never arise: keep paths that end in a blank apart
    from those that end in the letter.
    """
    beam = {(): 0.0}
    for frame in log_probs:
        grown = defaultdict(lambda: -np.inf)
        for prefix, score in beam.items():
            for symbol, logp in enumerate(frame):
                same = symbol == blank or prefix[-1:] == (symbol,)
                longer = prefix if same else (*prefix, symbol)
                grown[longer] = np.logaddexp(grown[longer], score + logp)
        ranked = sorted((p for p in grown if grown[p] > -np.inf), key=grown.get, reverse=True)
        beam = {prefix: grown[prefix] for prefix in ranked[:width]}
    return [(prefix, float(score)) for prefix, score in beam.items()]


exercise.variant(
    "CT11b",
    "When the last letter comes again, you make it a new one for *all* paths. Only those that end "
    "in a blank begin a new letter; for the others the old one goes on.",
    {BEFORE: "before = total"},
)
exercise.variant(
    "CT11c",
    "When the last letter comes again, you always take it for a new one. For paths that end in "
    "that letter the old one goes on, and the prefix stays what it is.",
    {STAYS: "pass", BEFORE: "before = total"},
)
exercise.variant(
    "CT11d",
    "When the last letter goes on, you count the paths that end in a blank as well. For those it "
    "is a new letter.",
    {STAYS: "old_letter = np.logaddexp(old_letter, total + frame[prefix[-1]])"},
)
exercise.variant(
    "CT11e",
    "Your prefixes never stay the same while their last letter goes on: a letter lasts one frame.",
    {STAYS: "pass"},
)


@exercise.variant("CT12")
def beam_of_paths(log_probs, width, blank):
    """You search over paths and collapse them at the end, so the same labelling comes back several
    times, each with one path's probability. Merge equal prefixes after each frame and add them.
    """
    beam = [((), 0.0)]
    for frame in log_probs:
        grown = [((*path, k), score + logp) for path, score in beam for k, logp in enumerate(frame)]
        possible = [pair for pair in grown if pair[1] > -np.inf]
        beam = sorted(possible, key=lambda pair: pair[1], reverse=True)[:width]
    return [(tuple(ctc_collapse(list(path), blank)), float(score)) for path, score in beam]


@exercise.variant("CT12b")
def beam_merged_at_the_end(log_probs, width, blank):
    """You search over paths and merge equal labellings at the very end. With a wide beam that is
    right; with a narrow one most of the paths have been forgotten by then. Merge after each frame.
    """
    found = defaultdict(lambda: -np.inf)
    beam = [((), 0.0)]
    for frame in log_probs:
        grown = [((*path, k), score + logp) for path, score in beam for k, logp in enumerate(frame)]
        possible = [pair for pair in grown if pair[1] > -np.inf]
        beam = sorted(possible, key=lambda pair: pair[1], reverse=True)[:width]
    for path, score in beam:
        labels = tuple(ctc_collapse(list(path), blank))
        found[labels] = np.logaddexp(found[labels], score)
    return sorted(((k, float(v)) for k, v in found.items()), key=lambda pair: -pair[1])


exercise.variant(
    "CT12c",
    "Where two ways lead to the same prefix, the later one overwrites the earlier one. Their "
    "probabilities add up.",
    {LONGER: "grown[longer] = old_blank, before + frame[symbol]"},
)
exercise.variant(
    "CT10",
    "Where two ways lead to the same prefix, you keep the better one. Their probabilities add up: "
    "a labelling is the sum over its paths.",
    {
        TOTAL: TOTAL.replace("logaddexp", "maximum"),
        "old_blank = np.logaddexp(old_blank, total + frame[blank])": (
            "old_blank = np.maximum(old_blank, total + frame[blank])"
        ),
        STAYS: STAYS.replace("logaddexp", "maximum"),
        LONGER: LONGER.replace("logaddexp", "maximum"),
        "{prefix: np.logaddexp(*parts)": "{prefix: np.maximum(*parts)",
        PAIRS: PAIRS.replace("logaddexp", "maximum"),
    },
)
exercise.variant(
    "CT8",
    "You take column 0 for the blank. Which column it is, is handed over: `blank`.",
    {"    beam = {(): (0.0, -np.inf)}": "    blank = 0\n    beam = {(): (0.0, -np.inf)}"},
)
exercise.variant(
    "PB1",
    "Your search keeps the *least* probable prefixes: sort from high to low.",
    {", reverse=True": ""},
)
exercise.variant(
    "PB2",
    "You keep twice as many prefixes as `width` says.",
    {"ranked[:width]": "ranked[: 2 * width]"},
)
exercise.variant(
    "PB3",
    "You return probabilities. Wanted are their logarithms, which don't become 0.",
    {PAIRS: PAIRS.replace("float(np.logaddexp(*parts))", "float(np.exp(np.logaddexp(*parts)))")},
)
exercise.variant(
    "PB4",
    "Your prefixes are ranked by the paths that end in a letter alone. Those that end in a blank "
    "count as well: rank by the sum.",
    {"{prefix: np.logaddexp(*parts)": "{prefix: parts[1] if prefix else parts[0]"},
)
exercise.variant(
    "PB5",
    "Labellings that no path leads to are among your results, with probability 0.",
    {RANKED: "ranked = sorted(scores, key=scores.get, reverse=True)"},
)
exercise.variant(
    "PB6",
    "The beam is right, but you cross out each frame in the caller's `log_probs` once you are done "
    "with it. Leave the array as it was.",
    {"        scores = {prefix: np": ("        frame[:] = -np.inf\n        scores = {prefix: np")},
)


@exercise.equivalent("lists of parts")
def beam_in_arrays(log_probs, width, blank):
    prefixes, ends = [()], np.array([[0.0, -np.inf]])
    for frame in log_probs:
        table = {}

        def add(prefix, column, value, table=table):
            entry = table.setdefault(prefix, [[], []])
            entry[column].append(value)

        for prefix, (in_blank, in_label) in zip(prefixes, ends, strict=True):
            for symbol, logp in enumerate(frame):
                if symbol == blank:
                    add(prefix, 0, in_blank + logp)
                    add(prefix, 0, in_label + logp)
                elif len(prefix) and prefix[-1] == symbol:
                    add(prefix, 1, in_label + logp)
                    add((*prefix, symbol), 1, in_blank + logp)
                else:
                    add((*prefix, symbol), 1, np.logaddexp(in_blank, in_label) + logp)
        prefixes = list(table)
        ends = np.array(
            [[np.logaddexp.reduce([-np.inf, *part]) for part in table[p]] for p in table]
        )
        total = np.logaddexp(ends[:, 0], ends[:, 1])
        order = [k for k in np.argsort(-total) if total[k] > -np.inf][:width]
        prefixes, ends = [prefixes[k] for k in order], ends[order]
    return [(list(p), np.logaddexp(*pair)) for p, pair in zip(prefixes, ends, strict=True)]


@exercise.equivalent("rescaled")
def beam_with_scaling(log_probs, width, blank):
    blanks, labels, scale = {(): 1.0}, {}, 0.0
    for frame in np.exp(log_probs):
        new_blanks, new_labels = {}, {}
        for prefix in dict.fromkeys([*blanks, *labels]):
            b, n = blanks.get(prefix, 0.0), labels.get(prefix, 0.0)
            new_blanks[prefix] = new_blanks.get(prefix, 0.0) + (b + n) * frame[blank]
            if prefix:
                new_labels[prefix] = new_labels.get(prefix, 0.0) + n * frame[prefix[-1]]
            for k in range(len(frame)):
                if k != blank:
                    grown = (*prefix, k)
                    mass = b if prefix and prefix[-1] == k else b + n
                    new_labels[grown] = new_labels.get(grown, 0.0) + mass * frame[k]
        both = {
            p: new_blanks.get(p, 0.0) + new_labels.get(p, 0.0) for p in [*new_blanks, *new_labels]
        }
        kept = [p for p in sorted(both, key=lambda p: -both[p]) if both[p] > 0][:width]
        size = sum(both[p] for p in kept)
        scale += np.log(size)
        blanks = {p: new_blanks.get(p, 0.0) / size for p in kept}
        labels = {p: new_labels.get(p, 0.0) / size for p in kept}
    return [(p, float(scale + np.log(blanks[p] + labels[p]))) for p in blanks]
