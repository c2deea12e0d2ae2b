"""Unit 04, `random_shift`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    exact,
    unchanged,
    within,
)

from .cases import new_seed, share

exercise = Exercise("random_shift", points=3)


def pictures(rng: np.random.Generator) -> Iterator[Case]:
    """Noise without a 0 in it; height and width differ, and border pixels count.

    The brightest pixel of an image is in the middle, which no shift moves out of the picture.
    """
    for label, (N, H, W, C), max_px, kind in (
        ("grey, ±2 pixels", (8, 6, 9, 1), 2, np.float64),
        ("three channels, ±1 pixel", (10, 5, 4, 3), 1, np.float64),
        ("bytes, ±3 pixels", (12, 7, 8, 2), 3, np.uint8),
    ):
        images = rng.uniform(10, 150, (N, H, W, C))
        images[:, H // 2, W // 2] = rng.uniform(160, 250, (N, 1))
        inputs = {"images": images.astype(kind), "max_px": max_px, "seed": new_seed(rng)}
        yield Case(inputs, label)


def many_shifts(rng: np.random.Generator) -> Iterator[Case]:
    """1500 small images, and the law of their shifts: both uniform and independent."""
    for max_px in (1, 2):
        n, k = 1500, 2 * max_px + 1
        H, W = (int(size) for size in k + rng.integers(3, size=2))
        # Pixels hold their own address, counted from 1 along the rows.
        middle = H // 2 * W + W // 2 + 1
        truth = {
            "shares of shifts down": tuple([x] * k for x in share(1 / k, n)),
            "shares of shifts to the right": tuple([x] * k for x in share(1 / k, n)),
            "share of other shifts": (0.0, 0.0),
            "share moved alike on both axes": share(1 / k, n),
            "share moved like the image before": share(1 / k**2, n - 1),
            "mean of the middle pixel": (middle, float(np.sqrt((W**2 + 1) * (k**2 - 1) / 12 / n))),
        }
        inputs = {"max_px": max_px, "shape": [n, H, W, 1], "seed": new_seed(rng)}
        yield Case(inputs, f"1500 images, ±{max_px} pixel{'s' * (max_px > 1)}", truth)


# The images themselves come back, and are judged outside: who sends moved ones has moved them.
def moves(value, inputs):
    """What became of each image: moved with zeros, rolled, or something else."""
    given, moved, max_px = inputs["images"], np.asarray(value["moved"]), inputs["max_px"]
    _, H, W, _ = given.shape
    form = {"shape": str(moved.shape), "type of numbers": moved.dtype.name}
    if moved.shape != given.shape:
        return form
    span = range(-max_px, max_px + 1)
    fits, rolls, rest = 0, 0, 0
    for old, new in zip(given, moved, strict=True):
        padded = np.pad(old, ((max_px, max_px), (max_px, max_px), (0, 0)))
        shifts = [(down, right) for down in span for right in span]
        windows = [padded[max_px - d :, max_px - r :][:H, :W] for d, r in shifts]
        if any(np.array_equal(new, window) for window in windows):
            fits += 1
        elif any(np.array_equal(new, np.roll(old, shift, (0, 1))) for shift in shifts):
            rolls += 1
        else:
            rest += 1
    return form | {
        "some image moves": not np.array_equal(moved, given),
        "pixels come back on the other side": rolls > 0,
        "images that are something else": rest > 0,
        "all are their originals, moved": fits == len(given),
        "brightest pixel of each": moved.max(axis=(1, 2, 3)),
    }


@exercise.check(
    points=1.25, cases=pictures, judge=exact(secret=False), counts_alone=True, measure=moves
)
def shifted_content(program, images, max_px, seed):
    """Each image is moved as a whole, by whole pixels, and zeros move in"""
    moved = program.random_shift(images, max_px, np.random.default_rng(seed))
    return {"moved": np.asarray(moved)}


def shares_moved(value, inputs):
    """How often images move how far, by their middle pixel, which is always in the picture."""
    N, H, W, _ = inputs["shape"]
    moved, max_px = np.asarray(value["moved"])[..., 0], inputs["max_px"]
    address = moved[:, H // 2, W // 2].astype(int) - 1
    down, right = H // 2 - address // W, W // 2 - address % W
    span = np.arange(-max_px, max_px + 1)
    # A moved image is moved as a whole.  What moves in at its border is another check's question.
    rows = np.arange(H)[:, None] - down[:, None, None]
    columns = np.arange(W) - right[:, None, None]
    from_outside = (rows < 0) | (rows >= H) | (columns < 0) | (columns >= W)
    whole = (from_outside | (moved == rows * W + columns + 1)).reshape(N, -1).all(axis=1)
    inside = np.isin(down, span) & np.isin(right, span) & whole
    alike = (down[1:] == down[:-1]) & (right[1:] == right[:-1])
    return {
        "shares of shifts down": (down[:, None] == span).mean(axis=0),
        "shares of shifts to the right": (right[:, None] == span).mean(axis=0),
        "share of other shifts": 1 - inside.mean(),
        "share moved alike on both axes": (down == right).mean(),
        "share moved like the image before": alike.mean(),
        "mean of the middle pixel": address.mean() + 1,
    }


@exercise.check(
    points=0.75, cases=many_shifts, judge=within(), counts_alone=True, measure=shares_moved
)
def shift_law(program, max_px, shape, seed):
    """Shifts down and to the right are drawn from -max_px, …, max_px, all equally likely"""
    N, H, W, C = shape
    # Each pixel holds its own address.
    images = np.tile(np.arange(1.0, H * W + 1).reshape(1, H, W, 1), (N, 1, 1, C))
    moved = program.random_shift(images, max_px, np.random.default_rng(seed))
    return {"moved": np.asarray(moved)}


def moves_differ(value, inputs):
    """Where shifts differ: over images and calls."""
    first, second, again = (np.asarray(value[name]) for name in ("first", "second", "again"))
    return {
        "images move differently": bool((first != first[:1]).any()),
        "a second call moves them differently": not np.array_equal(first, second),
        "an rng in the same state moves them alike": bool(np.array_equal(first, again)),
    }


@exercise.check(points=0.5, cases=pictures, judge=exact(secret=False), measure=moves_differ)
def fresh_shifts(program, images, max_px, seed):
    """Every image and every call gets its own shift, and `rng` decides which"""
    images[:] = images[:1]  # equal images differ afterwards by their shifts alone
    rng = np.random.default_rng(seed)
    first, second = (np.asarray(program.random_shift(images.copy(), max_px, rng)) for _ in range(2))
    again = program.random_shift(images.copy(), max_px, np.random.default_rng(seed))
    return {"first": first, "second": second, "again": np.asarray(again)}


@exercise.check(points=0.5, cases=pictures, judge=unchanged())
def shift_arguments_unchanged(program, images, max_px, seed):
    """The caller's images stay as they were, and so do those that lie beside them in memory"""
    program.random_shift(images[:-2], max_px, np.random.default_rng(seed))
    return {"images": images[:-2], "validation images": images[-2:]}


DRAW_SHIFTS = "rng.integers(-max_px, max_px + 1, size=(N, 2))"
PADDED = "np.pad(images, ((0, 0), (max_px, max_px), (max_px, max_px), (0, 0)))"
EMPTY = "moved = np.empty_like(images)"


@exercise.variant("AU2")
def shift_by_roll(images, max_px, rng):
    """What leaves an image on one side comes back on the other. It should be gone, and zeros should
    move in: rolling makes images that nobody has ever drawn.
    """
    moved = np.empty_like(images)
    for i, shift in enumerate(rng.integers(-max_px, max_px + 1, size=(len(images), 2))):
        moved[i] = np.roll(images[i], shift, axis=(0, 1))
    return moved


exercise.variant(
    "AU3",
    "One shift is drawn for the whole batch. Draw for each image.",
    {DRAW_SHIFTS: "np.repeat(rng.integers(-max_px, max_px + 1, size=(1, 2)), N, axis=0)"},
)
exercise.variant(
    "AU3b",
    "Each image moves along the diagonal only: one number is drawn for both axes. Draw two.",
    {DRAW_SHIFTS: "np.repeat(rng.integers(-max_px, max_px + 1, size=(N, 1)), 2, axis=1)"},
)
exercise.variant(
    "AU4",
    "No image moves by +max_px: the upper end of `rng.integers` does not belong to the range.",
    {DRAW_SHIFTS: "rng.integers(-max_px, max_px, size=(N, 2))"},
)
exercise.variant(
    "AU4b",
    "Your images move down and to the right only. Shifts go in all directions.",
    {DRAW_SHIFTS: "rng.integers(0, max_px + 1, size=(N, 2))"},
)
exercise.variant(
    "AU4c",
    "Your shifts along one axis are missing: images should move down or up, *and* to the right or "
    "left.",
    {DRAW_SHIFTS: "rng.integers(-max_px, max_px + 1, size=(N, 2)) * [0, 1]"},
)
exercise.variant(
    "AU5",
    "What moves in is a copy of the border. Zeros should move in.",
    {PADDED: PADDED.replace("(0, 0)))", '(0, 0)), mode="edge")')},
)
exercise.variant(
    "AU6",
    "Your images have another type of numbers than the ones that you were given. Make the new "
    "array like the old one.",
    {EMPTY: "moved = np.zeros(images.shape)"},
)
exercise.variant(
    "AU7",
    "You write into the caller's images, so that they wander off a little further with every "
    "epoch. Make a new array.",
    {EMPTY: "moved = images"},
)
exercise.variant(
    "AU8",
    "Your shifts do not come from the `rng` that you are given, but from NumPy's global generator. "
    "Then nobody can repeat your run.",
    {DRAW_SHIFTS: "np.random.randint(-max_px, max_px + 1, size=(N, 2))"},
)
exercise.variant(
    "AU8b",
    "You make a generator of your own with a fixed seed: each epoch moves the images alike, so "
    "there is nothing new to see.",
    {DRAW_SHIFTS: DRAW_SHIFTS.replace("rng", "np.random.default_rng(0)")},
)
exercise.variant(
    "AU9",
    "Every image moves by the full `max_px` on both axes; only the direction is drawn. Smaller "
    "shifts, and none at all, are as likely.",
    {DRAW_SHIFTS: "max_px * rng.choice([-1, 1], size=(N, 2))"},
)


@exercise.equivalent("slices")
def shift_by_slices(images, max_px, rng):
    moved = np.zeros_like(images)
    N, H, W = images.shape[:3]
    for i in range(N):
        d, r = rng.integers(-max_px, max_px, size=2, endpoint=True)
        target = (slice(max(d, 0), H + min(d, 0)), slice(max(r, 0), W + min(r, 0)))
        source = (slice(max(-d, 0), H + min(-d, 0)), slice(max(-r, 0), W + min(-r, 0)))
        moved[i][target] = images[i][source]
    return moved


@exercise.equivalent("rolled, then cleared")
def shift_by_cleared_roll(images, max_px, rng):
    out = []
    for image in images:
        down, right = (int(rng.choice(np.arange(-max_px, max_px + 1))) for _ in range(2))
        image = np.roll(image, (down, right), axis=(0, 1))
        if down > 0:
            image[:down] = 0
        elif down < 0:
            image[down:] = 0
        if right > 0:
            image[:, :right] = 0
        elif right < 0:
            image[:, right:] = 0
        out.append(image)
    return np.stack(out)


@exercise.equivalent("indices")
def shift_by_indices(images, max_px, rng):
    N, H, W, _ = images.shape
    down = rng.integers(-max_px, max_px + 1, size=(N, 1, 1))
    right = rng.integers(-max_px, max_px + 1, size=(N, 1, 1))
    rows, columns = np.arange(H)[:, None] - down, np.arange(W) - right
    inside = (rows >= 0) & (rows < H) & (columns >= 0) & (columns < W)
    moved = images[np.arange(N)[:, None, None], rows.clip(0, H - 1), columns.clip(0, W - 1)]
    return np.where(inside[..., None], moved, np.zeros((), dtype=images.dtype))
