"""Unit 08, `nms`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, exact, unchanged

from .cases import (
    READY_MADE_IOU,
    READY_MADE_NMS,
    box,
    different,
    heap,
    in_any_order,
    indices,
    places,
    shifted,
    together,
)

exercise = Exercise(
    "nms", points=4, uses=("iou", "iou_matrix"), forbids=(*READY_MADE_IOU, *READY_MADE_NMS)
)


def scenes(rng: np.random.Generator) -> Iterator[Case]:
    for iou_thr in (0.5, 0.3, 0.7):
        inputs = together(rng, iou_thr)
        yield Case(inputs, f"{len(inputs['scores'])} boxes in heaps, iou_thr = {iou_thr}")


def chains(rng: np.random.Generator) -> Iterator[Case]:
    """Boxes in a row: neighbours overlap by more than the threshold, others by less.

    In the first row the scores fall along it, so that every other box stays.  Of the second the
    middle one is the best; then come both beside it, or an end and the one beside the middle on
    the other side, which lies on the best and not on the one before it.
    """
    side = rng.choice([-1, 1])
    for iou_thr, axis, falling in (
        (0.5, 0, (0, side, -side, 2 * side, -2 * side)),
        (0.35, 1, (0, 2 * side, -side, side, -2 * side)),
    ):
        corners = places(rng, 2)
        boxes, scores = [], []
        for corner in corners:
            sides = rng.uniform(25, 40, 2) * [1.3, 1.0]
            step = shifted(sides, iou_thr + 0.1, axis)
            boxes += [box(corner + number * step, sides) for number in range(5)]
        second = np.empty(5)
        second[2 + np.array(falling)] = np.sort(different(rng, 5, 0.3) * 0.7)[::-1]
        scores = np.concatenate([np.linspace(0.95, 0.75, 5) + rng.uniform(0, 0.005, 5), second])
        # The first to come is one that is to go.
        order = np.array([1, *rng.permutation([0, *range(2, 10)])])
        inputs = {"boxes": np.array(boxes)[order], "scores": scores[order], "iou_thr": iou_thr}
        yield Case(inputs, f"two rows of five boxes, iou_thr = {iou_thr}")


def limited(rng: np.random.Generator) -> Iterator[Case]:
    for max_out in (1, 3, 50):
        inputs = together(rng, 0.5) | {"max_out": max_out}
        yield Case(inputs, f"{len(inputs['scores'])} boxes in heaps, max_out = {max_out}")


def few(rng: np.random.Generator) -> Iterator[Case]:
    boxes = np.array(heap(rng, rng.uniform(5, 20, 2), rng.uniform(25, 40, 2), 4))
    for label, count, iou_thr in (("no box", 0, 0.5), ("one box", 1, 0.5), ("four boxes", 4, 1.0)):
        inputs = {"boxes": boxes[:count], "scores": different(rng, count), "iou_thr": iou_thr}
        yield Case(inputs, f"{label}, iou_thr = {iou_thr}")


@exercise.check(points=1.25, cases=scenes, judge=exact(), helpers=(in_any_order, indices))
def best_of_each_heap(program, boxes, scores, iou_thr):
    """Of each heap of boxes the best one stays (its place in `boxes` is wanted)"""
    return {"boxes that stay": in_any_order(program.nms(boxes, scores, iou_thr, None))}


@exercise.check(points=0.75, cases=chains, judge=exact(), helpers=(in_any_order, indices))
def along_chains(program, boxes, scores, iou_thr):
    """In a row of boxes, one that has been dropped drops no other"""
    return {"boxes that stay": in_any_order(program.nms(boxes, scores, iou_thr, None))}


@exercise.check(points=0.5, cases=limited, judge=exact(), helpers=(in_any_order, indices))
def at_most_so_many(program, boxes, scores, iou_thr, max_out):
    """At most `max_out` boxes stay, and those are the best of what would stay without a limit"""
    return {"boxes that stay": in_any_order(program.nms(boxes, scores, iou_thr, max_out))}


@exercise.check(points=0.25, cases=scenes, judge=exact(secret=False), helpers=(indices,))
def best_first(program, boxes, scores, iou_thr):
    """The boxes that stay come in the order of their scores, the best first"""
    kept = indices(program.nms(boxes, scores, iou_thr, None))
    if not kept or type(kept[0]) is not int:
        return {"indices": False}
    steps = np.diff(scores[kept])
    return {"the best first": bool((steps < 0).all()), "the worst first": bool((steps > 0).all())}


@exercise.check(points=0.5, cases=scenes, judge=exact(secret=False), helpers=(indices,))
def laws_of_suppression(program, boxes, scores, iou_thr):
    """What stays obeys the laws of suppression, in whatever order the boxes come in"""

    def kept_of(order):
        again = program.nms(boxes[order].copy(), scores[order].copy(), iou_thr, None)
        return {int(order[place]) for place in indices(again) if type(place) is int}

    def overlap(a, b):
        sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
        common = np.maximum(sides, 0).prod()
        return common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common)

    everyone = np.arange(len(boxes))
    kept = kept_of(everyone)
    dropped = set(range(len(boxes))) - kept
    close_pairs = {
        (i, j) for i in kept for j in range(len(boxes)) if overlap(boxes[i], boxes[j]) > iou_thr
    }
    beaten = {j for i, j in close_pairs if scores[i] > scores[j]}
    return {
        "the best box of all stays": int(np.argmax(scores)) in kept,
        "two boxes that stay overlap too much": any(i != j for i, j in close_pairs if j in kept),
        "each box that goes overlaps a better one that stays": dropped <= beaten,
        "the same boxes in another order: the same stay": kept_of(everyone[::-1]) == kept,
        "suppressing what is left drops nothing": kept_of(np.array(sorted(kept))) == kept,
    }


@exercise.check(points=0.5, cases=few, judge=exact(secret=False), helpers=(in_any_order, indices))
def few_boxes(program, boxes, scores, iou_thr):
    """No box, one box, and a threshold of 1, at which all boxes stay"""
    kept = in_any_order(program.nms(boxes, scores, iou_thr, None))
    return {"boxes that stay": kept}


@exercise.check(points=0.25, cases=scenes, judge=unchanged())
def nms_arguments_unchanged(program, boxes, scores, iou_thr):
    """It leaves the caller's `boxes` and `scores` as they were"""
    program.nms(boxes, scores, iou_thr, None)
    return {"boxes": boxes, "scores": scores}


ORDER = "np.argsort(scores)[::-1]"
RETURNED = "return np.array(kept, dtype=int)"
exercise.variant(
    "NM2a",
    "You begin with the lowest score. `argsort` puts the smallest first; the surest box comes "
    "first here.",
    {ORDER: "np.argsort(scores)"},
)
exercise.variant(
    "NM2b",
    "You take the boxes as they come. The surest of those that are left has to be taken each time.",
    {ORDER: "np.arange(len(scores))"},
)


@exercise.variant("NM3")
def nms_against_all(boxes, scores, iou_thr, max_out):
    """You compare each box with *all* better ones, those that have been dropped included. A box
    that is gone stands for nothing and drops no other: compare with those that stay.
    """
    overlaps = iou_matrix(boxes, boxes)
    order = np.argsort(scores)[::-1]
    kept = [i for n, i in enumerate(order) if all(overlaps[i, j] <= iou_thr for j in order[:n])]
    return np.array(kept[:max_out], dtype=int)


exercise.variant(
    "NM4",
    "You drop the boxes that overlap little and go on with those that overlap much. It is the "
    "other way round.",
    {"overlaps <= iou_thr": "overlaps > iou_thr"},
)


@exercise.variant("NM5")
def nms_one_round(boxes, scores, iou_thr, max_out):
    """You make one round only: what overlaps the very best box goes, and everything else stays. The
    step has to be repeated with the best of those that are left (这个步骤循环进行).
    """
    if not len(boxes):
        return np.array([], dtype=int)
    order = np.argsort(scores)[::-1]
    best, rest = order[0], order[1:]
    rest = rest[iou_matrix(boxes[best][None], boxes[rest])[0] <= iou_thr]
    return np.concatenate([[best], rest])[:max_out]


@exercise.variant("NM6")
def nms_while_iterating(boxes, scores, iou_thr, max_out):
    """You take boxes out of a list while a loop goes over it. The loop then skips the one behind
    each box that goes, so that every other near-copy survives. Build a new list instead.
    """
    left = list(np.argsort(scores)[::-1])
    kept = []
    while left and len(kept) != max_out:
        best = left.pop(0)
        kept.append(best)
        for other in left:
            if iou(boxes[best], boxes[other]) > iou_thr:
                left.remove(other)
    return np.array(kept, dtype=int)


exercise.variant(
    "NM8",
    "You ignore `max_out`: stop as soon as so many boxes stay.",
    {" and len(kept) != max_out": ""},
)
exercise.variant(
    "NM9",
    "You take the `max_out` best boxes first and suppress then. Near-copies of the best one use up "
    "the places; the limit is for the boxes that stay.",
    {ORDER: ORDER + "[:max_out]", " and len(kept) != max_out": ""},
)
exercise.variant(
    "NM10",
    "Your indices count in the sorted list. The caller needs the places in `boxes` as it was "
    "handed in.",
    {RETURNED: "return np.argsort(np.argsort(-scores))[kept].astype(int)"},
)
exercise.variant(
    "NM11",
    "You return the boxes themselves. Their places in `boxes` are wanted, so that scores and "
    "classes can be looked up as well.",
    {RETURNED: "return boxes[kept]"},
)
exercise.variant(
    "NM12",
    "You return one flag for each box. The places of those that stay are wanted.",
    {RETURNED: "return np.isin(np.arange(len(boxes)), kept)"},
)
exercise.variant(
    "NM13",
    "Your threshold is always 0.5. It is an argument: `iou_thr`.",
    {"overlaps <= iou_thr": "overlaps <= 0.5"},
)
exercise.variant(
    "NM14",
    "The right boxes stay, but you list them in the order of their places. The best score comes "
    "first.",
    {RETURNED: "return np.array(sorted(kept), dtype=int)"},
)


@exercise.variant("NM15")
def nms_in_place(boxes, scores, iou_thr, max_out):
    """The right boxes stay, but you strike out scores in the caller's array. Work on a copy."""
    kept = []
    while len(scores) and scores.max() > -np.inf and len(kept) != max_out:
        best = int(scores.argmax())
        kept.append(best)
        scores[best] = -np.inf
        scores[iou_matrix(boxes[best][None], boxes)[0] > iou_thr] = -np.inf
    return np.array(kept, dtype=int)


@exercise.variant("NM17")
def nms_neighbours_in_order(boxes, scores, iou_thr, max_out):
    """You compare each box with the last one that was kept only. It has to be compared with all
    that stay.
    """
    kept = []
    for place in np.argsort(scores)[::-1]:
        if len(kept) == max_out:
            break
        if not kept or iou(boxes[kept[-1]], boxes[place]) <= iou_thr:
            kept.append(place)
    return np.array(kept, dtype=int)


@exercise.equivalent("mask, >=")
def nms_with_a_mask(boxes, scores, iou_thr, max_out):
    gone = np.zeros(len(boxes), dtype=bool)
    overlaps = iou_matrix(boxes, boxes)
    kept = []
    for place in np.argsort(-scores):
        if gone[place]:
            continue
        kept.append(place)
        gone |= overlaps[place] >= iou_thr
    return np.array(kept if max_out is None else kept[:max_out], dtype=np.int32)


@exercise.equivalent("lists, <")
def nms_with_lists(boxes, scores, iou_thr, max_out):
    left = sorted(range(len(scores)), key=lambda place: scores[place], reverse=True)
    kept = []
    while left:
        if max_out is not None and len(kept) >= max_out:
            break
        best = left[0]
        kept.append(best)
        left = [other for other in left[1:] if iou(boxes[best], boxes[other]) < iou_thr]
    return kept


@exercise.equivalent("recursive")
def nms_recursive(boxes, scores, iou_thr, max_out):
    def suppress(order, room):
        if not order or room == 0:
            return []
        first, *others = order
        apart = [place for place in others if iou(boxes[first], boxes[place]) <= iou_thr]
        return [first, *suppress(apart, room - 1)]

    order = [int(place) for place in np.argsort(-scores)]
    return suppress(order, len(order) if max_out is None else max_out)


@exercise.equivalent("scores struck out on a copy")
def nms_on_a_copy(boxes, scores, iou_thr, max_out):
    alive = scores.copy()
    found = []
    while len(found) < (max_out or len(boxes)) and np.isfinite(alive).any():
        place = alive.argmax()
        found.append(place)
        near = iou_matrix(boxes, boxes[[place]])[:, 0] > iou_thr
        alive[near] = -np.inf
        alive[place] = -np.inf
    return np.array(found, dtype=np.int64)


@exercise.equivalent("every pair first")
def nms_by_pairs(boxes, scores, iou_thr, max_out):
    pairs = [(i, j) for i in range(len(boxes)) for j in range(len(boxes)) if i != j]
    clash = {pair for pair in pairs if iou(boxes[pair[0]], boxes[pair[1]]) > iou_thr}
    stay = []
    for i in sorted(range(len(boxes)), key=lambda i: scores[i], reverse=True):
        if not any((i, j) in clash for j in stay):
            stay.append(i)
    return np.array(stay[:max_out], dtype=int)
