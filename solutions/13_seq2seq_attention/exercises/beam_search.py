"""Unit 13, `beam_search`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float64

from .cases import Array, asked, greedy_tables, one_answer, table

exercise = Exercise("beam_search", points=6)


def beam_case(
    probabilities: Array, eos: int, width: int, steps: int, label: str, **more: Any
) -> Case:
    inputs = {"table": probabilities, "sos": probabilities.shape[-1], "eos": eos, "width": width}
    return Case(inputs | {"max_len": steps} | more, label)


def narrow(rng: np.random.Generator) -> Iterator[Case]:
    """Width 1; `eos` comes, so that whoever returns finished hypotheses only is right here."""
    for words, length in ((6, 4), (5, 3)):
        case = greedy_tables(rng, f"width 1, {length} tokens", 6, words, length)
        yield Case({**case.inputs, "width": 1}, case.label)


def everything(rng: np.random.Generator) -> Iterator[Case]:
    """A beam with room for all sequences.  `eos` never comes, and some other tokens don't."""
    for words, steps in ((3, 4), (4, 3)):
        while True:
            eos = int(rng.integers(0, words))
            probabilities = table(rng, steps, words, eos)
            if one_answer(probabilities, eos, words**steps, steps):
                break
        label = f"{words - 1} tokens, {steps} steps, room for all sequences"
        yield beam_case(probabilities, eos, words**steps, steps, label)


def garden_paths(rng: np.random.Generator) -> Iterator[Case]:
    """Greedy search is led astray; then a beam that forgets what a wider one would have kept."""
    for width, words, steps in ((2, 5, 4), (3, 5, 4)):
        yield beam_case(
            *garden_path(rng, width, words, steps), f"greedy is wrong, width {width} right"
        )
    for width, words, steps in ((2, 5, 4), (3, 5, 4)):
        probabilities, eos, *_ = forgetful(rng, width, words, steps)
        label = f"width {width}: a better sequence is forgotten"
        yield beam_case(probabilities, eos, width, steps, label)


def garden_path(
    rng: np.random.Generator, width: int, words: int, steps: int
) -> tuple[Array, int, int, int]:
    """A table on which `width` finds the best sequence, and every narrower beam a worse one."""
    while True:
        eos = int(rng.integers(0, words))
        probabilities = table(rng, steps, words, eos)
        found = [one_answer(probabilities, eos, w + 1, steps) for w in range(width)]
        scores = [item[0][1] for item in found if item]
        if len(scores) < width or max(scores[:-1]) >= scores[-1]:
            continue
        best = one_answer(probabilities, eos, words**steps, steps)
        if best and best[0][1] == scores[-1]:
            return probabilities, eos, width, steps


def forgetful(
    rng: np.random.Generator, width: int, words: int, steps: int
) -> tuple[Array, int, int, int]:
    """A table on which the beam misses the best sequence."""
    while True:
        eos = int(rng.integers(0, words))
        probabilities = table(rng, steps, words, eos)
        found = one_answer(probabilities, eos, width, steps)
        best = one_answer(probabilities, eos, words**steps, steps)
        if found and best and found[0][1] < best[0][1]:
            return probabilities, eos, width, steps


def endings(rng: np.random.Generator) -> Iterator[Case]:
    """The best hypothesis ends before others, and some that is returned never does."""
    for width, words, steps in ((2, 4, 4), (3, 5, 5), (4, 4, 5)):
        while True:
            eos = int(rng.integers(0, words))
            probabilities = table(rng, steps, words)
            found = one_answer(probabilities, eos, width, steps)
            if not found or len(found[0][0]) == steps:
                continue
            ends = [tokens[-1] == eos for tokens, _ in found]
            if ends[0] and not all(ends) and len(found) == width:
                break
        yield beam_case(probabilities, eos, width, steps, f"width {width}, eos comes early")


def penalties(rng: np.random.Generator) -> Iterator[Case]:
    """Short and long hypotheses in a beam with room for all; the penalty changes who is first."""
    for words, steps, penalty in ((3, 3, 1.0), (3, 4, 0.7)):
        while True:
            eos = int(rng.integers(0, words))
            probabilities = table(rng, steps, words)
            found = one_answer(probabilities, eos, words**steps, steps)
            if not found:
                continue
            ranks = [
                sorted((-logp / (len(tokens) + extra) ** power, tokens) for tokens, logp in found)
                for power, extra in ((0, 0), (penalty, 0), (penalty, 1))
            ]
            gaps = np.diff([score for score, _ in ranks[1]])
            orders = [[tokens for _, tokens in rank] for rank in ranks]
            if gaps.min() > 1e-6 and orders[0][0] != orders[1][0] and orders[1] != orders[2]:
                break
        label = f"length_penalty = {penalty}"
        yield beam_case(probabilities, eos, words**steps, steps, label, length_penalty=penalty)


def long_sequences(rng: np.random.Generator) -> Iterator[Case]:
    """Width 1, so that whoever keeps too many hypotheses is not stopped by their number."""
    while True:
        probabilities = table(rng, 7, 25, 3, spread=0.5)
        found = one_answer(probabilities, 3, 1, 400)
        if found and found[0][1] < -760:  # exp(-745) is 0
            break
    yield beam_case(probabilities, 3, 1, 400, "400 steps, width 1")


def pairs(found, sos, as_ranked=False):
    """What came back, as plain data; order and `sos` are judged by checks of their own."""
    plain = []
    for tokens, logp in found:
        tokens = [int(token) for token in tokens]
        plain.append({"tokens": tokens[tokens[:1] == [sos] :], "logp": float(logp)})
    return plain if as_ranked else sorted(plain, key=lambda item: -item["logp"])


@exercise.check(points=0.5, cases=garden_paths, judge=exact(secret=False), helpers=(asked,))
def beam_form(program, table, sos, eos, width, max_len):
    """`beam_search` returns at most `width` different pairs `(tokens, logp)`, the best first"""
    found = program.beam_search(asked(table, sos, []), sos, eos, width, max_len)
    is_pairs = isinstance(found, list) and all(len(item) == 2 for item in found)
    form = {"a list of pairs": is_pairs}
    if not is_pairs:
        return form
    scores = [float(logp) for _, logp in found]
    return form | {
        "hypotheses": len(found),
        "different ones": len({tuple(tokens) for tokens, _ in found}),
        "the best is first": scores == sorted(scores, reverse=True),
        "sos is among the tokens": any(sos in list(tokens) for tokens, _ in found),
    }


@exercise.check(points=1, cases=narrow, judge=close(float64), helpers=(asked, pairs))
def beam_of_one(program, table, sos, eos, width, max_len):
    """With width 1 it is greedy search, and says how likely the sequence is"""
    return pairs(program.beam_search(asked(table, sos, []), sos, eos, width, max_len), sos)


@exercise.check(points=1, cases=everything, judge=close(float64), helpers=(asked, pairs))
def beam_of_all(program, table, sos, eos, width, max_len):
    """A beam with room for all finds every possible sequence"""
    return pairs(program.beam_search(asked(table, sos, []), sos, eos, width, max_len), sos)


@exercise.check(points=1.25, cases=garden_paths, judge=close(float64), helpers=(asked, pairs))
def beam_of_few(program, table, sos, eos, width, max_len):
    """At each step the `width` best of all extensions are kept"""
    return pairs(program.beam_search(asked(table, sos, []), sos, eos, width, max_len), sos)


@exercise.check(points=1.25, cases=endings, judge=close(float64), helpers=(asked, pairs))
def beam_with_ends(program, table, sos, eos, width, max_len):
    """Finished hypotheses are kept as they are, and compete with the others at the end"""
    return pairs(program.beam_search(asked(table, sos, []), sos, eos, width, max_len), sos)


@exercise.check(points=0.5, cases=penalties, judge=close(float64), helpers=(asked, pairs))
def beam_by_length(program, table, sos, eos, width, max_len, length_penalty):
    """`length_penalty` ranks the final list, and leaves the log-probabilities as they are"""
    step = asked(table, sos, [])
    found = program.beam_search(step, sos, eos, width, max_len, length_penalty)
    return pairs(found, sos, as_ranked=True)


@exercise.check(points=0.5, cases=long_sequences, judge=close(float64), helpers=(asked, pairs))
def beam_for_long(program, table, sos, eos, width, max_len):
    """Over 400 steps nothing underflows"""
    return pairs(program.beam_search(asked(table, sos, []), sos, eos, width, max_len), sos)


BEAM_START = "beam = [([sos], 0.0)]"
BEAM_LOOP = "for _ in range(max_len):"
BEAM_EACH = "for prefix, logp in beam:"
BEAM_DONE = """            if prefix[-1] == eos:
                candidates.append((prefix, logp))
                continue
"""
BEAM_ZERO = "if more > -np.inf:"
BEAM_ADD = "candidates.append(([*prefix, token], logp + float(more)))"
BEAM_SORT = "candidates.sort(key=lambda candidate: candidate[1], reverse=True)"
BEAM_CUT = "beam = candidates[:width]"
BEAM_FOUND = "found = [(prefix[1:], logp) for prefix, logp in beam]"
BEAM_RANK = "item[1] / len(item[0]) ** length_penalty"
exercise.variant(
    "BS1",
    "You multiply probabilities. After some hundred steps the product is smaller than any number "
    "that a computer knows, and 0 for all hypotheses alike. Add logarithms.",
    {
        BEAM_START: "beam = [([sos], 1.0)]",
        BEAM_ADD: "candidates.append(([*prefix, token], logp * np.exp(float(more))))",
        BEAM_FOUND: "found = [(prefix[1:], float(np.log(max(p, 1e-300)))) for prefix, p in beam]",
    },
)
exercise.variant(
    "BS2",
    "You keep the best extensions of each hypothesis, so that your beam grows. Only `width` are "
    "kept, of all the extensions together.",
    {
        BEAM_EACH: "for prefix, logp in beam:\n            own = []",
        BEAM_ADD: BEAM_ADD.replace("candidates", "own"),
        BEAM_SORT: "    own.sort(key=lambda candidate: candidate[1], reverse=True)\n"
        "            candidates += own[:width]",
        BEAM_CUT: "beam = candidates",
        "return found": "return found[:width]",
    },
)
exercise.variant(
    "BS2b",
    "You keep the first extensions that come along instead of the best of all: sort the extensions "
    "of all hypotheses together, then cut.",
    {
        BEAM_EACH: "for prefix, logp in beam:\n            own = []",
        BEAM_ADD: BEAM_ADD.replace("candidates", "own"),
        BEAM_SORT: "    own.sort(key=lambda candidate: candidate[1], reverse=True)\n"
        "            candidates += own",
    },
)
exercise.variant(
    "BS3a",
    "You extend hypotheses that are finished. Nothing comes after `eos`: they stay as they are.",
    {BEAM_DONE: ""},
)
exercise.variant(
    "BS3b",
    "Finished hypotheses drop out of your beam. They stay candidates, with the score that they "
    "have, and compete with the others at the end.",
    {
        "                candidates.append((prefix, logp))\n                continue": (
            "                continue"
        )
    },
)
exercise.variant(
    "BS3c",
    "You stop as soon as the best hypothesis is finished. The others may still end up in the list: "
    "go on until all are finished or `max_len` is reached.",
    {BEAM_CUT: f"{BEAM_CUT}\n        if beam[0][0][-1] == eos:\n            break"},
)
exercise.variant(
    "BS3d",
    "Hypotheses that reach `max_len` without `eos` are missing from your list. They count like the "
    "others.",
    {BEAM_FOUND: "found = [(prefix[1:], logp) for prefix, logp in beam if prefix[-1] == eos]"},
)
exercise.variant(
    "BS4",
    "After the first step you extend each hypothesis by its likeliest token only: that is greedy "
    "search from several beginnings. All extensions of all hypotheses are candidates.",
    {
        BEAM_ZERO: "if more > -np.inf and (prefix == [sos] or more == max(step(prefix))):",
    },
)
exercise.variant(
    "BS5a",
    "Your length is off by one: `n` counts the tokens that were written, `eos` among them, `sos` "
    "not.",
    {BEAM_RANK: "item[1] / (len(item[0]) + 1) ** length_penalty"},
)
exercise.variant(
    "BS5b",
    "You divide by the length at every step, so that the early tokens are divided over and over. "
    "The search goes by plain scores; only the final list is ranked by the quotient.",
    {
        BEAM_ADD: "candidates.append(([*prefix, token], "
        "(logp + float(more)) / len(prefix) ** length_penalty))",
    },
)
exercise.variant(
    "BS5c",
    "Your list is not ranked by `length_penalty`: long hypotheses stand where their plain "
    "log-probability puts them.",
    {BEAM_RANK: "item[1]"},
)
exercise.variant(
    "BS5d",
    "You return the quotient by which the list is ranked. The log-probability itself is wanted.",
    {
        "return found": "return [(tokens, logp / len(tokens) ** length_penalty) "
        "for tokens, logp in found]",
    },
)
exercise.variant(
    "BS5e",
    "You multiply by the power of the length, which makes long hypotheses worse still. "
    "Log-probabilities are negative: divided, the long ones come closer to 0.",
    {BEAM_RANK: "item[1] * len(item[0]) ** length_penalty"},
)
exercise.variant(
    "BS6",
    "The score of a hypothesis is that of its last token alone. It is the sum over all its tokens.",
    {BEAM_ADD: "candidates.append(([*prefix, token], float(more)))"},
)
exercise.variant(
    "BS7",
    "Your search begins with `width` copies of the same hypothesis. They stay copies of one "
    "another, so that your beam finds no more than greedy search does. Begin with one.",
    {BEAM_START: "beam = [([sos], 0.0)] * width"},
)
exercise.variant(
    "BS8",
    "Your tokens begin with `sos`. It is read, never written.",
    {BEAM_FOUND: "found = [(prefix, logp) for prefix, logp in beam]"},
)
exercise.variant(
    "BS9",
    "You keep the least likely hypotheses. Log-probabilities are negative: the best is the one "
    "nearest to 0, the largest.",
    {BEAM_SORT: BEAM_SORT.replace(", reverse=True", "")},
)
exercise.variant(
    "BS10",
    "You return the best hypothesis only. The whole beam is wanted, the best first.",
    {"return found": "return found[:1]"},
)
exercise.variant(
    "BS11",
    "Your sequences are one token too short: `max_len` counts the tokens that are written, and "
    "`sos` is none of them.",
    {BEAM_LOOP: "for _ in range(max_len - 1):"},
)
exercise.variant(
    "BS12",
    "Hypotheses of probability 0 stay in your beam. What can't come is no candidate.",
    {BEAM_ZERO: "if True:"},
)
exercise.variant(
    "BS13",
    "Your final list has the worst hypothesis first.",
    {f"{BEAM_RANK}, reverse=True": BEAM_RANK},
)
exercise.variant(
    "BS14",
    "`step` gets the last token alone. It wants the whole prefix, `sos` and all that has been "
    "written.",
    {"enumerate(step(prefix))": "enumerate(step(prefix[-1:]))"},
)


@exercise.equivalent("finished ones put aside")
def beam_aside(step, sos, eos, width, max_len, length_penalty=0.0):
    live, done = [((), 0.0)], []
    for _ in range(max_len):
        grown = []
        for tokens, score in live:
            logp = np.asarray(step([sos, *tokens]))
            grown += [((*tokens, t), score + logp[t]) for t in np.flatnonzero(np.isfinite(logp))]
        grown = sorted(grown, key=lambda pair: -pair[1])
        done += [pair for pair in grown[:width] if pair[0][-1] == eos]
        live = [pair for pair in grown if pair[0][-1] != eos][:width]
        if not live:
            break
    ranked = sorted(done + live, key=lambda pair: -pair[1])[:width]
    return sorted(ranked, key=lambda pair: -pair[1] / len(pair[0]) ** length_penalty)


@exercise.equivalent("heap, stops when all are finished")
def beam_with_heap(step, sos, eos, width, max_len, length_penalty=0.0):
    import heapq

    beam = [(0.0, [sos], False)]
    for _ in range(max_len):
        if all(finished for _, _, finished in beam):
            break
        candidates = [item for item in beam if item[2]]
        for score, prefix, finished in beam:
            if not finished:
                for token, logp in enumerate(np.asarray(step(list(prefix))).tolist()):
                    if logp != float("-inf"):
                        candidates.append((score + logp, [*prefix, token], token == eos))
        beam = heapq.nlargest(width, candidates, key=lambda item: item[0])
    found = [(prefix[1:], score) for score, prefix, _ in beam]
    return sorted(found, key=lambda item: item[1] / len(item[0]) ** length_penalty)[::-1]


@exercise.equivalent("flat arrays")
def beam_in_arrays(step, sos, eos, width, max_len, length_penalty=0.0):
    prefixes, scores = [[sos]], np.zeros(1)
    for _ in range(max_len):
        rows, owners = [], []
        for index, prefix in enumerate(prefixes):
            if prefix[-1] == eos:
                rows.append([scores[index]])
                owners.append([(index, None)])
            else:
                rows.append(scores[index] + np.asarray(step(prefix)))
                owners.append([(index, token) for token in range(len(rows[-1]))])
        flat, who = np.concatenate(rows), [owner for row in owners for owner in row]
        order = [i for i in np.argsort(-flat) if np.isfinite(flat[i])][:width]
        prefixes = [prefixes[who[i][0]] + ([] if who[i][1] is None else [who[i][1]]) for i in order]
        scores = flat[order]
    ranks = np.argsort(
        [-s / (len(p) - 1) ** length_penalty for s, p in zip(scores, prefixes, strict=True)]
    )
    return [(prefixes[i][1:], scores[i]) for i in ranks]
