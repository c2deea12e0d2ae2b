"""What several exercises of unit 14 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, ready_made

Array = np.ndarray[Any, Any]
# What would answer an exercise instead of the student.
LOSSES = ready_made.CTC_LOSSES
DECODERS = ready_made.CTC_DECODERS


def log_softmax(logits: Array) -> Array:
    """Log-probabilities, row by row."""
    return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))


def log_probs(rng: np.random.Generator, T: int, V: int, size: float = 1.0) -> Array:
    """Random outputs of a network, surer where `size` is larger."""
    return log_softmax(size * rng.normal(size=(T, V)))


def different(rng: np.random.Generator, U: int, symbols: list[int]) -> list[int]:
    """U labels, none equal to the one before."""
    labels: list[int] = []
    while len(labels) < U:
        label = int(rng.choice(symbols))
        if labels[-1:] != [label]:
            labels.append(label)
    return labels


def spoken(rng: np.random.Generator, labels: list[Any], blank: Any) -> list[Any]:
    """A path that collapses to the labels: each for one to three frames, blanks where needed."""
    path = [blank] * int(rng.integers(0, 3))
    for label in labels:
        if path[-1:] == [label] or rng.random() < 0.4:
            path += [blank] * int(rng.integers(1, 3))
        path += [label] * int(rng.integers(1, 4))
    return path


def odd_paths(rng: np.random.Generator) -> Iterator[Case]:
    """What comes at the ends of a path, and paths with little in them."""
    labels = different(rng, 5, [1, 2, 3, 4])
    yield Case({"path": [*spoken(rng, labels, 0), 0]}, "one blank at the end")
    yield Case({"path": [0, *labels[::-1], 0, 0, 0]}, "several blanks at the end")
    yield Case({"path": [0, 0, 0]}, "nothing but blanks")
    yield Case({"path": []}, "no frame at all")
    yield Case({"path": [2, 2, 2]}, "one label all the time")
    yield Case({"path": [2]}, "a single frame")


SKIP = "(places[2:] != blank) & (places[2:] != places[:-2])"
STEP = "ways = np.logaddexp(padded[2:], padded[1:-1])"
SKIPPED = "np.logaddexp(ways, padded[:-2])"
EMIT = "log_alpha = frame[places] + ways"
FITTED = "history = model.fit(X, padded, batch_size=batch_size, epochs=epochs, verbose=0)"
