"""Answers got without learning: from their order, from one number, from the nearest example.

Who has the public cases can try all of these on the hidden ones, so a check that judges by labels
must not pass by any.  A guess knows what everybody knows: the public draw with its labels, and the
inputs of the hidden one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from autograder.course.check import Case

Array = np.ndarray[Any, Any]
GROUPS: Final = 12  # as many classes, or places in a period, are tried
CUTS: Final = 15  # thresholds of each feature


def constant(known: Case, asked: Case) -> Iterator[Array]:
    """Yield the commonest label for all."""
    yield np.full(_labels(asked).shape, _commonest(_labels(known)))


def public(known: Case, asked: Case) -> Iterator[Array]:
    """Yield the public labels as they stand."""
    yield np.resize(_labels(known), _labels(asked).shape)


def order(known: Case, asked: Case) -> Iterator[Array]:
    """Yield labels by their place: every other, every third, halves, thirds and so on."""
    learnt, shape = _labels(known), _labels(asked).shape
    for count in range(2, GROUPS + 1):
        for group_of in (_by_turns, _by_parts):
            groups = group_of(len(learnt), count)
            answers = [_commonest(learnt[groups == group]) for group in range(count)]
            by_place = np.array(answers)[group_of(shape[0], count)]
            yield np.broadcast_to(by_place.reshape(-1, *[1] * (len(shape) - 1)), shape)


def feature(known: Case, asked: Case) -> Iterator[Array]:
    """Yield labels by the one number that tells most of the public ones, and a threshold for it."""
    learnt, shape = _labels(known), _labels(asked).shape
    seen, new = examples(known), examples(asked)
    if learnt.ndim > 1 or seen is None or new is None or seen.shape[1:] != new.shape[1:]:
        return
    kinds, numbers = np.unique(learnt, return_inverse=True)
    hot = np.eye(len(kinds))[numbers]
    best, rule = -1.0, (0, 0.0, 0, 0)
    for cut in np.quantile(seen, np.linspace(0, 1, CUTS + 2)[1:-1], axis=0):
        above = seen > cut
        counts = above.T @ hot, (~above).T @ hot  # (features, kinds) each
        right = counts[0].max(axis=1) + counts[1].max(axis=1)
        one = int(right.argmax())
        if right[one] > best:
            over, under = (int(count[one].argmax()) for count in counts)
            best, rule = float(right[one]), (one, float(cut[one]), over, under)
    one, threshold, over, under = rule
    yield np.where(new[:, one] > threshold, kinds[over], kinds[under]).reshape(shape)


def neighbour(known: Case, asked: Case) -> Iterator[Array]:
    """Yield the labels of the nearest examples: of those to learn from, and of the public ones."""
    new = examples(asked)
    for seen, labels in (to_learn_from(asked), (examples(known), _labels(known))):
        if new is None or seen is None or seen.shape[1:] != new.shape[1:]:
            continue
        far = (seen**2).sum(axis=1) - 2 * new @ seen.T
        yield labels[far.argmin(axis=1)].reshape(_labels(asked).shape)


GUESSES: Final[Mapping[str, Callable[[Case, Case], Iterator[Array]]]] = {
    "constant": constant,
    "public": public,
    "order": order,
    "feature": feature,
    "neighbour": neighbour,
}


def answers(known: Case, asked: Case) -> Iterator[tuple[str, Any]]:
    """Yield a guess's name and what a submission would send for it."""
    trained = np.zeros_like(np.asarray(asked.truth.get("train_labels", ())))
    for name, guess in GUESSES.items():
        for predictions in guess(known, asked):
            yield name, {"predictions": predictions, "train_predictions": trained}


# What whole numbers may be filled with where the reference says what is right.
FILLS: Final[Mapping[str, Callable[[int], Array]]] = {
    "zeros": lambda size: np.zeros(size),
    "ones": lambda size: np.ones(size),
    "places": lambda size: np.arange(size),
    "parities": lambda size: np.arange(size) % 2,
    "halves": lambda size: np.arange(size) * 2 // max(size, 1),
}


def filled(value: Any, fill: Callable[[int], Array]) -> Any:
    """Return evidence with every array of whole numbers filled anew; None where there is none."""
    if isinstance(value, np.ndarray):
        whole = value.dtype.kind in "biu" and value.size > 1
        return fill(value.size).astype(value.dtype).reshape(value.shape) if whole else None
    if isinstance(value, Mapping):
        made = {name: filled(item, fill) for name, item in value.items()}
        if all(item is None for item in made.values()):
            return None
        return {name: value[name] if item is None else item for name, item in made.items()}
    return None


def _labels(case: Case) -> Array:
    return np.asarray(case.truth["labels"])


def _commonest(labels: Array) -> Any:
    values, counts = np.unique(labels, return_counts=True)
    return values[counts.argmax()] if len(values) else 0


def _by_turns(count: int, groups: int) -> Array:
    return np.arange(count) % groups


def _by_parts(count: int, groups: int) -> Array:
    return np.arange(count) * groups // count


def _arrays(inputs: Any) -> Iterator[Array]:
    """Yield the arrays of numbers in a case's inputs, in order."""
    if isinstance(inputs, Mapping):
        for value in inputs.values():
            yield from _arrays(value)
    elif isinstance(inputs, np.ndarray) and inputs.dtype.kind in "biuf":
        yield inputs


def _rows(array: Array, count: int) -> Array | None:
    """Return one row for each of `count` examples, whichever axis they lie on; None if on none."""
    for axis in (0, -1):
        if array.ndim > 1 and array.shape[axis] == count:
            return np.moveaxis(array, axis, 0).reshape(count, -1).astype(float)
    return None


def examples(case: Case) -> Array | None:
    """Return what a case says of the examples whose labels are asked for, a row for each."""
    count = len(_labels(case))
    rows = [found for array in _arrays(case.inputs) if (found := _rows(array, count)) is not None]
    return np.concatenate(rows, axis=1) if rows else None


def to_learn_from(case: Case) -> tuple[Array | None, Array]:
    """Return the examples that a case gives with their labels; None where none are recognised."""
    new, rest = examples(case), _labels(case).shape[1:]
    arrays = [*_arrays(case.inputs)]
    for labels in arrays:
        flat = labels.reshape(-1) if labels.size == max(labels.shape, default=0) else labels
        count = len(flat) if flat.ndim else 0
        if new is None or flat.shape[1:] != rest or count in (0, len(_labels(case))):
            continue
        rows = [r for array in arrays if (r := _rows(array, count)) is not None]
        rows = [r for r in rows if r.shape[1] == new.shape[1]]
        if rows:
            return rows[0], flat
    return None, np.zeros(0)
