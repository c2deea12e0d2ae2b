"""Judges of trained detectors: recall of proposals, and mean average precision.

Where the objects of unseen pictures are stays with the grader (`Case.truth`); evidence says where
a detector sees them.  Boxes are `[x1, y1, x2, y2]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from autograder.judging.comparison import PASS, Comparison, Difference, Wanted, as_array
from autograder.judging.describe import described
from autograder.judging.judge import Judge

Array = np.ndarray[Any, Any]

OVERLAP: Final = 0.5  # the IoU from which a box is at its object
MOST_DETECTIONS: Final = 20_000  # that are looked at; a right detector gives a few a picture


class Malformed(Exception):  # noqa: N818 - read as a statement
    """Evidence has another form than the judge reads."""


@dataclass(frozen=True)
class Recall(Judge):
    """The share of objects that some proposal overlaps by an IoU of at least 0.5.

    Evidence is `{"proposals": (pictures, k, 4)}` with at most `most` proposals for each picture.
    Truth is `boxes` `(n, 4)`, the picture of each, `owners` `(n,)`, and `pictures`, their number.
    """

    floor: float
    typical: float
    most: int
    needs_reference = False
    trains = True

    def reached(self, got: Any, truth: Any) -> float:
        """Return the recall.

        Raises:
            Malformed: Evidence has another form.
        """
        proposals = _numbers(got, "proposals")
        pictures = int(truth["pictures"])
        wanted = f"At most {self.most} boxes `[x1, y1, x2, y2]` for each of {pictures} pictures."
        if proposals.ndim != 3 or proposals.shape[2] != 4 or proposals.shape[0] != pictures:
            raise Malformed(f"`proposals` is {described(proposals)}.", wanted)
        if proposals.shape[1] > self.most:
            raise Malformed(f"There are {proposals.shape[1]} proposals a picture.", wanted)
        boxes, owners = np.asarray(truth["boxes"], float), np.asarray(truth["owners"])
        found = [
            bool((overlaps(proposals[owner], box[None]) >= OVERLAP).any())
            for box, owner in zip(boxes, owners, strict=True)
        ]
        return float(np.mean(found))

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        said = "{:.1%} of the objects in unseen pictures are found by a proposal (IoU at least ½)"
        return _judged(self, got, wanted, said)


@dataclass(frozen=True)
class AveragePrecision(Judge):
    """Mean average precision at an IoU of 0.5, as PASCAL VOC measures it since 2010.

    Evidence is `boxes` `(n, 4)`, and for each its `kinds`, `scores` and `owners`, the number of its
    picture, `(n,)`.  Truth is `boxes`, `kinds` and `owners`.
    """

    floor: float
    typical: float
    needs_reference = False
    trains = True

    def reached(self, got: Any, truth: Any) -> float:
        """Return the mean average precision over the kinds that there are.

        Raises:
            Malformed: Evidence has another form.
        """
        names = ("kinds", "scores", "owners")
        boxes, columns = _numbers(got, "boxes"), {name: _numbers(got, name) for name in names}
        if boxes.ndim != 2 or boxes.shape[1] != 4 or len(boxes) > MOST_DETECTIONS:
            raise Malformed(f"`boxes` is {described(boxes)}.", "A row of four for each box found.")
        for name, column in columns.items():
            if column.shape != (len(boxes),):
                raise Malformed(f"`{name}` is {described(column)}.", "A number for each box.")
        kinds = np.asarray(truth["kinds"])
        return float(np.mean([_of_kind(kind, boxes, columns, truth) for kind in np.unique(kinds)]))

    def __call__(self, got: Any, wanted: Wanted) -> Comparison:
        said = "mean average precision on unseen pictures is {:.1%} (IoU at least ½)"
        return _judged(self, got, wanted, said)


def overlaps(boxes: Array, others: Array) -> Array:
    """Return the IoU of each box with each of the others; 0 where a box is none."""
    with np.errstate(all="ignore"):
        low = np.maximum(boxes[:, None, :2], others[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
        common = np.clip(high - low, 0, None).prod(axis=2)
        areas = [np.clip(x[:, 2:] - x[:, :2], 0, None).prod(axis=1) for x in (boxes, others)]
        shares = common / (areas[0][:, None] + areas[1][None] - common)
    found: Array = np.nan_to_num(shares, nan=0.0, posinf=0.0, neginf=0.0)
    return found


def average_precision_of(hits: Array, objects: int) -> float:
    """Return the area under the curve of precision by recall, made to fall.

    Args:
        hits: Whether each detection found an object that none before it found; the surest first.
        objects: How many there are.
    """
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float((falling * hits).sum() / max(objects, 1))


def _of_kind(kind: Any, boxes: Array, columns: dict[str, Array], truth: Any) -> float:
    """Return the average precision of one kind of object."""
    own = np.flatnonzero(columns["kinds"] == kind)
    own = own[np.argsort(-np.nan_to_num(columns["scores"][own], nan=-np.inf), kind="stable")]
    objects = np.flatnonzero(np.asarray(truth["kinds"]) == kind)
    places = np.asarray(truth["boxes"], float)[objects]
    owners = np.asarray(truth["owners"])[objects]
    hits, taken = np.zeros(len(own), dtype=bool), np.zeros(len(objects), dtype=bool)
    for number, detection in enumerate(own):
        here = np.flatnonzero(owners == columns["owners"][detection])
        if not len(here):
            continue
        shares = overlaps(boxes[[detection]], places[here])[0]
        best = here[int(shares.argmax())]
        hits[number] = shares.max() >= OVERLAP and not taken[best]
        taken[best] |= hits[number]
    return average_precision_of(hits, len(objects))


def _numbers(got: Any, name: str) -> Array:
    value: Array = as_array(got.get(name) if isinstance(got, dict) else None)
    if value.dtype.kind not in "iufb":
        raise Malformed(f"`{name}` is {described(value)}.", "Numbers, as an array.")
    numbers: Array = value.astype(float)
    return numbers


def _judged(judge: Recall | AveragePrecision, got: Any, wanted: Wanted, said: str) -> Comparison:
    """Compare what a detector reached with the judge's floor."""
    try:
        reached = judge.reached(got, wanted.truth)
    except Malformed as error:
        return Comparison(float("inf"), Difference("", *error.args))
    deviation = PASS * (1 - reached) / max(1 - judge.floor, 1e-9)
    if reached >= judge.floor:
        return Comparison(deviation)
    expected = f"At least {judge.floor:.0%}; a right solution typically gets {judge.typical:.0%}."
    seen = f"After training, {said.format(reached)}."
    return Comparison(deviation, Difference("", seen, expected))


def recall(floor: float, typical: float, most: int) -> Recall:
    """Return a judge of proposals in unseen pictures; see `Recall`."""
    return Recall(floor, typical, most)


def average_precision(floor: float, typical: float) -> AveragePrecision:
    """Return a judge of detections in unseen pictures; see `AveragePrecision`."""
    return AveragePrecision(floor, typical)
