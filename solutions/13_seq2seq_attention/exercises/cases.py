"""What several exercises of unit 13 use."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder import Case, probes, ready_made

READY_MADE = ready_made.ATTENTIONS
Array = np.ndarray[Any, Any]


def no_gradient(got: Any) -> bool:
    return any(value is None for name, value in got.items() if name.startswith("gradient of"))


LOST = (
    "Somewhere on the way the gradient is lost: NumPy, `.numpy()`, `float()` and `stop_gradient` "
    "hand on numbers without it."
)


def states(rng: np.random.Generator, B: int, T: int, E: int) -> dict[str, Array]:
    return {"scores": 1.5 * rng.normal(size=(B, T)), "H": 1 + rng.normal(size=(B, T, E))}


def moved(model, tokens, teacher):
    """For each example but the first: the steps whose logits differ from those of the first."""
    logits = probes.to_arrays(model([tokens.astype("int32"), teacher.astype("int32")]))
    return [np.flatnonzero(np.abs(row - logits[0]).max(axis=1) > 1e-6) for row in logits[1:]]


def table(
    rng: np.random.Generator, steps: int, words: int, eos: int | None = None, spread: float = 1.5
) -> Array:
    """Probabilities `(step, last token, next token)`; the last of the last tokens is `sos`.

    Where `eos` is given, it never comes.
    """
    weights = np.exp(spread * rng.normal(size=(steps, words + 1, words)))
    if eos is not None:
        weights[..., eos] = 0
    return weights / weights.sum(axis=-1, keepdims=True)


def searched(
    table: Array, eos: int, width: int, max_len: int, aside: bool
) -> list[tuple[tuple[int, ...], float]] | None:
    """The hypotheses at the end of a beam search, the best first; None where a tie decides.

    `aside`: a finished hypothesis takes no place in the beam.
    """
    words = table.shape[-1]
    beam: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
    finished: list[tuple[tuple[int, ...], float]] = []
    for t in range(max_len):
        found = []
        for tokens, logp in beam:
            if tokens[-1:] == (eos,):
                found.append((tokens, logp))
                continue
            row = table[t % len(table), tokens[-1] if tokens else words]
            found += [((*tokens, w), logp + np.log(row[w])) for w in range(words) if row[w] > 0]
        found.sort(key=lambda item: -item[1])
        if any(a[1] - b[1] < 1e-6 for a, b in pairwise(found)):
            return None
        if aside:
            finished += [item for item in found[:width] if item[0][-1] == eos]
            found = [item for item in found if item[0][-1] != eos]
        beam = found[:width]
    return sorted(finished + beam, key=lambda item: -item[1])[:width]


def one_answer(
    table: Array, eos: int, width: int, max_len: int
) -> list[tuple[tuple[int, ...], float]] | None:
    """What a beam search finds, if it hangs on nothing that the unit leaves open."""
    found, other = (searched(table, eos, width, max_len, aside) for aside in (False, True))
    return found if found == other else None


def asked(table, sos, asked_for):
    """`step` for a table, which begins anew at its end; notes the prefixes that it is asked for."""

    def step(prefix):
        asked_for.append([int(token) for token in prefix])
        with np.errstate(divide="ignore"):  # what never comes
            return np.log(table[(len(prefix) - 1) % len(table), int(prefix[-1])])

    return step


def greedy_tables(
    rng: np.random.Generator, label: str, steps: int, words: int, length: int | None
) -> Case:
    """A table on which greedy search writes `length` tokens, `eos` the last; or never `eos`."""
    while True:
        eos = int(rng.integers(0, words))
        probabilities = table(rng, steps, words)
        found = one_answer(probabilities, eos, 1, steps)
        if found is None:
            continue
        tokens = found[0][0]
        if (len(tokens) == length) if length else (eos not in tokens):
            inputs = {"table": probabilities, "sos": words, "eos": eos, "max_len": steps}
            return Case(inputs, label)


def both(rng: np.random.Generator) -> Iterator[Case]:
    yield greedy_tables(rng, "eos comes as the fifth token", 9, 8, 5)
    yield greedy_tables(rng, "eos doesn't come", 7, 12, None)


BEAM_TOKENS = "for token, more in enumerate(step(prefix)):"
