"""What several exercises of unit 12 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, ready_made

Weights = dict[str, np.ndarray[Any, Any]]
SHUT, HALF, OPEN = -50.0, 0.0, 50.0
GRU, LSTM = "rzh", "fiCo"
READY_MADE = ready_made.RECURRENCES


def weights(rng: np.random.Generator, names: str, units: int, features: int) -> Weights:
    """Weights of a cell whose gates and candidates are all at work, none saturated."""
    p = {f"W_{name}": 0.6 * rng.normal(size=(units + features, units)) for name in names}
    return p | {f"b_{name}": 0.6 * rng.normal(size=units) for name in names}


def forced(p: Weights, **gates: float) -> Weights:
    """The same weights, but some gates stand still: `z=SHUT`."""
    p = dict(p)
    for name, bias in gates.items():
        p[f"W_{name}"] = np.zeros_like(p[f"W_{name}"])
        p[f"b_{name}"] = np.full_like(p[f"b_{name}"], bias)
    return p


def state(rng: np.random.Generator, *shape: int) -> np.ndarray[Any, Any]:
    """A hidden state, well inside (-1, 1) and away from 0."""
    return rng.uniform(0.2, 0.9, shape) * rng.choice([-1.0, 1.0], shape)


SIZES = (
    ("five examples", (5, 3, 4)),
    ("one example", (1, 2, 3)),
    ("more features than units", (4, 6, 3)),
)
HX = "ops.concatenate([h, x], axis=1)"
RUNS = (
    ("three examples, five steps", (3, 5, 2, 4)),
    ("one step only", (4, 1, 3, 2)),
    ("more features than units", (2, 4, 5, 3)),
)


def sequences(rng: np.random.Generator, names: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Labels and inputs: sequences, start states of either kind of cell, weights."""
    for label, (examples, steps, features, units) in RUNS:
        start = {"h0": state(rng, examples, units)}
        if names == LSTM:
            start["c0"] = 2 * state(rng, examples, units)
        X = rng.normal(size=(examples, steps, features))
        yield label, {"X": X, **start, "p": weights(rng, names, units, features)}


def from_zero(inputs: dict[str, Any]) -> dict[str, Any]:
    zero = {name: np.zeros_like(inputs[name]) for name in ("h0", "c0") if name in inputs}
    return inputs | zero


def started(names: str) -> Any:
    """Sequences from start states that are not zero."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for label, inputs in sequences(rng, names):
            yield Case(inputs, f"{label}, a start state that is not zero")

    return cases


def continued(names: str) -> Any:
    """Pairs of sequences that differ after step 2, `X` and `other`."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for label, inputs in sequences(rng, names):
            if inputs["X"].shape[1] > 2:
                other = inputs["X"].copy()
                other[:, 2:] = rng.normal(size=other[:, 2:].shape)
                yield Case(from_zero(inputs) | {"other": other}, label)

    return cases


def unstarted(names: str) -> Any:
    """Sequences from a start at zero."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for label, inputs in sequences(rng, names):
            yield Case(from_zero(inputs), label)

    return cases


def traced(names: str) -> Any:
    """Sequences with a random cotangent."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        label, inputs = next(sequences(rng, names))
        shape = (*inputs["X"].shape[:2], inputs["h0"].shape[1])
        yield Case(inputs | {"cotangent": rng.normal(size=shape)}, label)

    return cases


CAUSAL = "the first two states, and the same where the sequence goes on otherwise"
# The mistakes of a loop are the same for both cells: START, STEP and X[:, t] occur in both.
STACK = "return ops.stack(states, axis=1)"
NOTED = "states.append(h)"
GRU_START, LSTM_START = "h, states = h0, []", "h, c, states = h0, c0, []"
GRU_STEP, LSTM_STEP = "h = gru_cell(X[:, t], h, p)", "h, c = lstm_cell(X[:, t], h, c, p)"
IGNORES_START = (
    "You begin with a state of zeros. The caller hands in the state to begin with: a text that is "
    "read in pieces goes on where the last piece ended."
)
# A loop that takes the state before step 0 from the last slot of its results: those are zeros
# still, so that what comes out is what a start at zero gives.
LAST_SLOT = (
    "Before the first step you take the state from your own results, at index -1: that is the last "
    "slot, which holds zeros still. The state before the first step is the one handed in."
)
SAME_INPUT = "You read the first input at every step. Step t reads `X[:, t]`."
SAME_STATE = (
    "Every step of yours begins with the start state again, so that nothing is remembered. Hand "
    "the new state on to the next step."
)
RESHAPED = (
    "You reshape the batch to bring time to the front. A reshape keeps the order of the numbers, "
    "so that steps of several examples get mixed: axes change places by a transposition, or take "
    "`X[:, t]`."
)
RESHAPE = "ops.reshape(X, (X.shape[1], X.shape[0], X.shape[2]))[t]"
LOST = (
    "Your numbers are right, but you collect the states in NumPy, and no gradient comes back "
    "from there: the weights could not be trained. Collect tensors and stack them."
)
BACKWARDS = "You read the sequence from its end. Time runs from step 0 upwards."
LAST_ONLY = "You return the last state only. The states of all steps are wanted."
TIME_FIRST = "Your states have time in front. The batch comes first: (B, T, U)."
TOO_EARLY = (
    "You note each state before its step instead of after it: the start state stands first and the "
    "last state is missing."
)


def no_gradient(got: Any) -> bool:
    """Return whether a gradient is missing (a symptom)."""
    return any(value is None for name, value in got.items() if name.startswith("gradient of"))
