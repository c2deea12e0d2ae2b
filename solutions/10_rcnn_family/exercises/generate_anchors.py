"""Unit 10, `generate_anchors`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float64

from .cases import boxes_of, one_cell_each

exercise = Exercise("generate_anchors", points=3)


def grids(rng: np.random.Generator, scales: int, ratios: tuple[float, ...]) -> Iterator[Case]:
    """Scales in no order, so that sorting them is noticed."""
    for (h, w), stride in zip(((2, 3), (4, 2)), rng.integers(5, 40, 2).tolist(), strict=True):
        sizes = rng.permutation([rng.uniform(5, 12), rng.uniform(20, 30), rng.uniform(40, 60)])
        shape = {"Hf": h, "Wf": w, "stride": stride, "scales": tuple(sizes[:scales].tolist())}
        label = f"{h}×{w} cells, stride {stride}, {scales} scales, {len(ratios)} ratios"
        yield Case(shape | {"ratios": tuple(ratios)}, label)


def squares(rng: np.random.Generator) -> Iterator[Case]:
    """Larger than a cell, so that those at the edge stick out of the picture."""
    for case in grids(rng, 1, (1.0,)):
        scale = case.inputs["stride"] + rng.uniform(3, 30)
        yield Case(case.inputs | {"scales": (scale,)}, case.label)


def full_grids(rng: np.random.Generator) -> Iterator[Case]:
    yield from grids(rng, 3, (0.5, 3.0))
    yield from grids(rng, 2, (2.0, 1.0, 0.25))


@exercise.check(points=0.75, cases=squares, judge=close(float64))
def square_anchors(program, Hf, Wf, stride, scales, ratios):
    """With one scale and ratio 1: a square for each cell, row by row"""
    return {"anchors": program.generate_anchors(Hf, Wf, stride, tuple(scales), tuple(ratios))}


@exercise.check(points=1, cases=full_grids, judge=close(float64))
def all_anchors(program, Hf, Wf, stride, scales, ratios):
    """All anchors, in order: cells row by row, in a cell each scale with all its ratios"""
    return {"anchors": program.generate_anchors(Hf, Wf, stride, tuple(scales), tuple(ratios))}


@exercise.check(points=0.5, cases=one_cell_each, judge=close(float64), helpers=(boxes_of,))
def sides(program, Hf, Wf, stride, scales, ratios):
    """The sides of one cell's anchors: the area is scale² for every ratio, which is h / w"""
    anchors = program.generate_anchors(Hf, Wf, stride, tuple(scales), tuple(ratios))
    anchors, right = boxes_of(anchors)
    if not right:
        return {"sides": anchors}
    sizes = anchors[:, 2:] - anchors[:, :2]
    return {"sides": np.array(sorted(sizes.tolist()))}  # their order is another check's


@exercise.check(points=0.5, cases=full_grids, judge=close(float64), helpers=(boxes_of,))
def centres(program, Hf, Wf, stride, scales, ratios):
    """The anchors of a cell are centred in the middle of the pixels that it stands for"""
    anchors = program.generate_anchors(Hf, Wf, stride, tuple(scales), tuple(ratios))
    anchors, right = boxes_of(anchors)
    if not right:
        return {"centres": anchors}
    middle = (anchors[:, 2:] + anchors[:, :2]) / 2
    return {"centres": middle}


@exercise.check(points=0.25, cases=full_grids, judge=exact(secret=False))
def number_of_anchors(program, Hf, Wf, stride, scales, ratios):
    """There are `Hf * Wf * len(scales) * len(ratios)` of them"""
    anchors = program.generate_anchors(Hf, Wf, stride, tuple(scales), tuple(ratios))
    return {"shape": list(np.shape(anchors))}


CENTRE = "centre = np.stack([cx, cy], axis=-1).reshape(-1, 1, 2) * stride"
GRID = 'cy, cx = np.meshgrid(np.arange(Hf) + 0.5, np.arange(Wf) + 0.5, indexing="ij")'
KINDS = 's, r = np.meshgrid(scales, ratios, indexing="ij")'
HALF = "half = np.stack([s / np.sqrt(r), s * np.sqrt(r)], axis=-1).reshape(-1, 2) / 2"
ANCHORS = "return np.concatenate([centre - half, centre + half], axis=-1).reshape(-1, 4)"
exercise.variant(
    "RC1",
    "Your anchors are centred on the corner of their cell. A cell stands for `stride` pixels, and "
    "its middle lies half a cell further on.",
    {GRID: GRID.replace(" + 0.5", "")},
)
exercise.variant(
    "RC2",
    "Your areas change with the ratio. Both sides have to change, one by the square root of the "
    "ratio, the other by its inverse, so that the area stays scale².",
    {HALF: "half = np.stack([s, s * r], axis=-1).reshape(-1, 2) / 2"},
)
exercise.variant(
    "RC2b",
    "Your areas are right for no ratio but 1, and your quotients are the square of what is asked "
    "for: dividing one side by the ratio and multiplying the other changes their quotient twice.",
    {HALF: "half = np.stack([s / r, s * r], axis=-1).reshape(-1, 2) / 2"},
)
exercise.variant(
    "RC4a",
    "Your cells follow each other column by column. They come row by row, as in a picture.",
    {
        GRID: GRID.replace("cy, cx", "cx, cy").replace(
            "np.arange(Hf) + 0.5, np.arange(Wf) + 0.5", "np.arange(Wf) + 0.5, np.arange(Hf) + 0.5"
        )
    },
)
exercise.variant(
    "RC4b",
    "x and y are exchanged in the centres: the column gives x, the row gives y.",
    {"[cx, cy]": "[cy, cx]"},
)
exercise.variant(
    "RC20",
    "Your ratios are upside down: the ratio is the height divided by the width, so that a ratio "
    "of 2 stands upright.",
    {HALF: "half = np.stack([s * np.sqrt(r), s / np.sqrt(r)], axis=-1).reshape(-1, 2) / 2"},
)
exercise.variant(
    "RC21",
    "Within a cell your anchors go through the scales for each ratio. It is the other way round: "
    "all ratios of the first scale come first.",
    {KINDS: "r, s = np.meshgrid(ratios, scales, indexing='ij')"},
)
exercise.variant(
    "RC22",
    "You list all cells for the first kind of anchor, then all cells for the next. The anchors of "
    "one cell stay together.",
    {
        ANCHORS: (
            "both = np.concatenate([centre - half, centre + half], axis=-1)\n"
            "    return both.transpose(1, 0, 2).reshape(-1, 4)"
        )
    },
)
exercise.variant(
    "RC23",
    "You give centres and sizes. Boxes are corners here: `[x1, y1, x2, y2]`.",
    {
        ANCHORS: (
            "both = np.concatenate([centre + 0 * half, 0 * centre + 2 * half], axis=-1)\n"
            "    return both.reshape(-1, 4)"
        )
    },
)
exercise.variant(
    "RC24",
    "Your anchors are twice as wide and high as they should be: half of a side lies on each side "
    "of the centre.",
    {"reshape(-1, 2) / 2": "reshape(-1, 2)"},
)
exercise.variant(
    "RC25",
    "Your centres count cells. In pixels they are `stride` times as far apart.",
    {CENTRE: CENTRE.replace(" * stride", "")},
)
exercise.variant(
    "RC26",
    "You cut anchors off at the edge of the picture. They may stick out; only so do all have the "
    "area that they should have.",
    {
        ANCHORS: (
            "anchors = np.concatenate([centre - half, centre + half], axis=-1).reshape(-1, 4)\n"
            "    return np.clip(anchors, 0, np.array([Wf, Hf, Wf, Hf]) * stride)"
        )
    },
)
exercise.variant(
    "RC59",
    "Your anchors are still arranged by places: `(places, kinds, 4)`. One row an anchor is wanted, "
    "`(n, 4)`.",
    {ANCHORS: ANCHORS.removesuffix(".reshape(-1, 4)")},
)


@exercise.equivalent("loops")
def anchors_in_loops(Hf, Wf, stride, scales, ratios):
    anchors = []
    for i in range(Hf):
        for j in range(Wf):
            x, y = (j + 0.5) * stride, (i + 0.5) * stride
            for scale in scales:
                for ratio in ratios:
                    w = (scale**2 / ratio) ** 0.5
                    h = w * ratio
                    anchors.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    return np.array(anchors)


@exercise.equivalent("shifts of one cell's anchors")
def anchors_shifted(Hf, Wf, stride, scales, ratios):
    """The anchors of a cell around the origin, moved to each cell."""
    h = np.outer(scales, np.sqrt(ratios)).ravel()
    w = np.outer(scales, 1 / np.sqrt(ratios)).ravel()
    base = np.stack([-w, -h, w, h], axis=1) / 2
    xs = stride * np.arange(Wf) + stride / 2
    ys = stride * np.arange(Hf) + stride / 2
    X, Y = np.meshgrid(xs, ys)
    shifts = np.stack([X.ravel(), Y.ravel(), X.ravel(), Y.ravel()], axis=1)
    return (shifts[:, None, :] + base[None]).reshape(-1, 4)
