"""Unit 08, `multiclass_nms`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, exact, unchanged

from .cases import READY_MADE_IOU, READY_MADE_NMS, different, heap, heaps, in_any_order, indices

exercise = Exercise(
    "multiclass_nms",
    points=3,
    uses=("iou", "iou_matrix", "nms"),
    forbids=(*READY_MADE_IOU, *READY_MADE_NMS),
)


def mixed(
    rng: np.random.Generator, boxes: list[Any], classes: list[int], scores: Any, score_thr: float
) -> dict[str, Any]:
    order = rng.permutation(len(boxes))
    return {
        "boxes": np.array(boxes)[order],
        "scores": scores[order],
        "classes": np.array(classes)[order],
        "score_thr": score_thr,
        "iou_thr": 0.5,
    }


def heaps_of_one_class(rng: np.random.Generator) -> Iterator[Case]:
    """Classes don't meet, and all scores are high: suppression itself."""
    for names in ((0, 1, 2), (4, 7, 9)):
        boxes, classes = [], []
        for number, some in enumerate(heaps(rng, 0.5)):
            boxes += some
            classes += [names[number // 2 % 3]] * len(some)
        scores = different(rng, len(boxes))
        label = f"{len(boxes)} boxes, classes {', '.join(map(str, names))}"
        yield Case(mixed(rng, boxes, classes, scores, 0.2), label)


def heaps_of_several(rng: np.random.Generator) -> Iterator[Case]:
    """In each heap two classes take turns; scores are high."""
    for _ in range(2):
        boxes, classes = [], []
        for some in heaps(rng, 0.5):
            boxes += some
            classes += [number % 2 for number in range(len(some))]
        scores = different(rng, len(boxes))
        yield Case(mixed(rng, boxes, classes, scores, 0.2), "two classes in each heap")


def some_are_low(rng: np.random.Generator) -> Iterator[Case]:
    """Lone boxes and heaps, half of them below the threshold; heaps are of one class."""
    for score_thr in (0.6, 0.45):
        boxes, classes = [], []
        for number, some in enumerate(heaps(rng, 0.5)):
            boxes += some
            classes += [number // 2] * len(some)
        low = rng.permutation(np.linspace(0.05, score_thr - 0.1, len(boxes)))
        high = rng.permutation(np.linspace(score_thr + 0.05, 0.95, len(boxes)))
        above = np.arange(len(boxes)) % 3 == 0
        above[-1] = False  # the lone box
        yield Case(
            mixed(rng, boxes, classes, np.where(above, high, low), score_thr),
            f"many scores are below score_thr = {score_thr}",
        )


def hardly_any(rng: np.random.Generator) -> Iterator[Case]:
    boxes = heap(rng, rng.uniform(5, 20, 2), rng.uniform(25, 40, 2), 3)
    yield Case(mixed(rng, boxes, [0, 1, 2], different(rng, 3) / 2, 0.7), "all scores are too low")
    nothing = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "classes": np.zeros(0, dtype=int)}
    yield Case(nothing | {"score_thr": 0.5, "iou_thr": 0.5}, "no box")


@exercise.check(
    points=0.75, cases=heaps_of_one_class, judge=exact(), helpers=(in_any_order, indices)
)
def best_of_each_class(program, boxes, scores, classes, score_thr, iou_thr):
    """Of each heap of one class the best box stays (its place in `boxes` is wanted)"""
    kept = program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes that stay": in_any_order(kept)}


@exercise.check(points=0.75, cases=heaps_of_several, judge=exact(), helpers=(in_any_order, indices))
def classes_do_not_compete(program, boxes, scores, classes, score_thr, iou_thr):
    """Boxes of different classes in the same place do not drop each other"""
    kept = program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes that stay": in_any_order(kept)}


@exercise.check(points=0.5, cases=some_are_low, judge=exact(), helpers=(in_any_order, indices))
def low_scores_go(program, boxes, scores, classes, score_thr, iou_thr):
    """Boxes with a score below `score_thr` are thrown away, whether or not they overlap another"""
    kept = program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes that stay": in_any_order(kept)}


@exercise.check(
    points=0.25, cases=heaps_of_one_class, judge=exact(secret=False), helpers=(indices,)
)
def best_first_of_all(program, boxes, scores, classes, score_thr, iou_thr):
    """The boxes that stay come in the order of their scores, over all classes"""
    kept = indices(program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr))
    if not kept or type(kept[0]) is not int:
        return {"indices": False}
    steps = np.diff(scores[kept])
    return {"the best first": bool((steps < 0).all()), "the worst first": bool((steps > 0).all())}


@exercise.check(points=0.25, cases=heaps_of_several, judge=exact(secret=False), helpers=(indices,))
def class_by_class(program, boxes, scores, classes, score_thr, iou_thr):
    """Each class by itself gives what it gives beside the others"""

    def kept_of(order):
        given = (boxes[order].copy(), scores[order].copy(), classes[order].copy())
        again = program.multiclass_nms(*given, score_thr, iou_thr)
        return {int(order[place]) for place in indices(again) if type(place) is int}

    together = kept_of(np.arange(len(boxes)))
    apart = [kept_of(np.flatnonzero(classes == label)) for label in np.unique(classes)]
    return {
        "some boxes stay": bool(together),
        "class by class, the same boxes stay": set().union(*apart) == together,
    }


@exercise.check(
    points=0.25, cases=hardly_any, judge=exact(secret=False), helpers=(in_any_order, indices)
)
def nothing_stays(program, boxes, scores, classes, score_thr, iou_thr):
    """Where no score is high enough, or there is no box, nothing stays"""
    kept = program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes that stay": in_any_order(kept)}


@exercise.check(points=0.25, cases=some_are_low, judge=unchanged())
def multiclass_arguments_unchanged(program, boxes, scores, classes, score_thr, iou_thr):
    """It leaves the caller's `boxes`, `scores` and `classes` as they were"""
    program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes": boxes, "scores": scores, "classes": classes}


OWN = "np.flatnonzero((classes == label) & (scores >= score_thr))"
EXTENDED = "kept.extend(own[nms(boxes[own], scores[own], iou_thr, None)])"
SORTED = "return np.array(sorted(kept, key=lambda place: -scores[place]), dtype=int)"
exercise.variant(
    "NM1",
    "Your boxes compete with those of other classes. A rider sits on a motorcycle, and both are "
    "there: suppress within each class.",
    {
        "for label in np.unique(classes):": "for label in [0]:",
        OWN: "np.flatnonzero(scores >= score_thr)",
    },
)
# The other half of the slip in the study, a threshold *after* suppression, is no slip: a box below
# it can only drop boxes that are below it too.  It is among the equivalents.
exercise.variant(
    "NM7",
    "Low scores stay: boxes below `score_thr` are thrown away, also those that overlap no other.",
    {OWN: "np.flatnonzero(classes == label)"},
)
exercise.variant(
    "NM18",
    "Your indices count within the boxes of a class. The caller needs the places in `boxes` as it "
    "was handed in.",
    {EXTENDED: "kept.extend(nms(boxes[own], scores[own], iou_thr, None))"},
)
exercise.variant(
    "NM19",
    "The right boxes stay, but they come class by class. The best score comes first, over all "
    "classes.",
    {SORTED: "return np.array(kept, dtype=int)"},
)
exercise.variant(
    "NM20",
    "Only the best box of each class stays with you. There can be several objects of a class.",
    {"iou_thr, None)": "iou_thr, 1)"},
)
exercise.variant(
    "NM21",
    "Your score threshold is turned over: the low ones stay.",
    {"scores >= score_thr": "scores < score_thr"},
)
exercise.variant(
    "NM22",
    "You suppress, and throw away low scores, but in the reverse order: the worst box comes first.",
    {"-scores[place]": "scores[place]"},
)


@exercise.variant("NM23")
def multiclass_in_place(boxes, scores, classes, score_thr, iou_thr):
    """The right boxes stay, but you strike out low scores in the caller's array. Work on a copy."""
    scores[scores < score_thr] = 0.0
    kept = []
    for label in np.unique(classes):
        own = np.flatnonzero((classes == label) & (scores > 0))
        kept.extend(own[nms(boxes[own], scores[own], iou_thr, None)])
    return np.array(sorted(kept, key=lambda place: -scores[place]), dtype=int)


@exercise.equivalent("classes moved apart")
def multiclass_moved_apart(boxes, scores, classes, score_thr, iou_thr):
    """Each class is moved to a place of its own, so that one suppression serves all."""
    good = np.flatnonzero(scores >= score_thr)
    far = 2 * np.abs(boxes).max(initial=1)
    moved = boxes[good] + far * classes[good][:, None]
    return good[np.asarray(nms(moved, scores[good], iou_thr, None), dtype=int)]


@exercise.equivalent("the threshold afterwards")
def multiclass_threshold_last(boxes, scores, classes, score_thr, iou_thr):
    kept = []
    for label in set(classes.tolist()):
        own = [place for place, name in enumerate(classes) if name == label]
        kept += [own[place] for place in nms(boxes[own], scores[own], iou_thr, None)]
    return sorted([k for k in kept if scores[k] > score_thr], key=lambda k: scores[k], reverse=True)


@exercise.equivalent("one loop over all")
def multiclass_by_hand(boxes, scores, classes, score_thr, iou_thr):
    kept = []
    for place in np.argsort(-scores):
        if scores[place] < score_thr:
            break
        rivals = [other for other in kept if classes[other] == classes[place]]
        if all(iou(boxes[other], boxes[place]) < iou_thr for other in rivals):
            kept.append(int(place))
    return np.array(kept)
