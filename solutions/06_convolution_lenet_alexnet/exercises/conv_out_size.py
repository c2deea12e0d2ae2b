"""Unit 06, `conv_out_size`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    exact,
)

from .cases import windows

exercise = Exercise("conv_out_size", points=2)


def sizes_plain(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(windows(rng, (0,), (1,)), "stride 1, no padding")
    yield Case(windows(rng, (0,), (2, 3)), "stride 2 or 3, windows fill the line")


def sizes_with_padding(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(windows(rng, (1, 2, 3), (1,)), "stride 1, padding 1 to 3")
    # It fits by the padding: by one side of it, or by both.
    for sides, ends in ((1, "one end"), (2, "both ends")):
        pads = [int(pad) for pad in rng.integers(2, 6, 4)]
        sizes = [int(size) for size in rng.integers(3, 20, 4)]
        asked = [[n, n + sides * pad, pad, 1] for n, pad in zip(sizes, pads, strict=True)]
        yield Case({"asked": asked}, f"a window as wide as the picture and the zeros at {ends}")


def sizes_with_rest(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(windows(rng, (0,), (2, 3, 4), rest=True), "some pixels are left over")


def sizes_whole(rng: np.random.Generator) -> Iterator[Case]:
    sizes = [int(size) for size in rng.integers(2, 30, 6)]
    yield Case({"asked": [[f, f, 0, stride] for f, stride in zip(sizes, (1, 2, 3) * 2)]})  # noqa: B905


def sizes_too_large(rng: np.random.Generator) -> Iterator[Case]:
    n = int(rng.integers(3, 20))
    yield Case({"n": n, "f": n + 1, "pad": 0, "stride": 1}, "one pixel too large")
    pad = int(rng.integers(2, 6))
    asked = {"n": n, "f": n + 2 * pad + 1, "pad": pad, "stride": 2}
    yield Case(asked, "too large for the padded line, too")


@exercise.check(points=0.5, cases=sizes_plain, judge=exact())
def size_without_padding(program, asked):
    """The number of places is right without padding, where windows fill the line"""
    return {"number of places": [program.conv_out_size(*numbers) for numbers in asked]}


@exercise.check(points=0.5, cases=sizes_with_padding, judge=exact())
def size_with_padding(program, asked):
    """Padding counts on both sides"""
    return {"number of places": [program.conv_out_size(*numbers) for numbers in asked]}


@exercise.check(points=0.5, cases=sizes_with_rest, judge=exact())
def size_with_rest(program, asked):
    """A window that would stick out at the end is left out"""
    return {"number of places": [program.conv_out_size(*numbers) for numbers in asked]}


@exercise.check(points=0.25, cases=sizes_whole, judge=exact(), counts_alone=False)  # always 1
def size_of_one(program, asked):
    """A window as large as the line has one place"""
    return {"number of places": [program.conv_out_size(*numbers) for numbers in asked]}


@exercise.check(points=0.25, cases=sizes_too_large, judge=exact(secret=False))
def size_too_large(program, n, f, pad, stride):
    """A window that is larger than the padded line raises `ValueError`"""
    try:
        found = program.conv_out_size(n, f, pad, stride)
    except ValueError:
        return {"what happens": "ValueError"}
    return {"what happens": f"returns {type(found).__name__}"}


FITS = "if f > n + 2 * pad:"
PLACES = "(n + 2 * pad - f) // stride + 1"
exercise.variant(
    "CV3a",
    "You count the steps of the window, not its places: it also stands where it starts. (Five "
    "posts, four gaps.)",
    {PLACES: "(n + 2 * pad - f) // stride"},
)
exercise.variant(
    "CV3b",
    "You round up, so that the last window sticks out of the picture. A window has to fit whole: "
    "round down.",
    {PLACES: "-(-(n + 2 * pad - f) // stride) + 1"},
)
exercise.variant(
    "CV3c",
    "You add the padding once. There are `pad` zeros in front and as many behind.",
    {PLACES: "(n + pad - f) // stride + 1"},
)
exercise.variant(
    "CV3d",
    "Your number of places is no whole number: round down, and return an int. Sizes of arrays and "
    "`range` want one.",
    {PLACES: "(n + 2 * pad - f) / stride + 1"},
)
exercise.variant(
    "CV3e",
    "A window that does not fit at all gets a number of places from you, 0 or even less. Refuse "
    "it: raise a `ValueError`.",
    {FITS: "if False:"},
)
exercise.variant(
    "CV3f",
    "You refuse a window that is exactly as large as the picture. It fits, in one place.",
    {FITS: "if f >= n + 2 * pad:"},
)
exercise.variant(
    "CV3i",
    "You refuse a window that is larger than the picture, though it fits once the zeros are there. "
    "Ask whether it is larger than the padded picture.",
    {FITS: "if f > n:"},
)
exercise.variant(
    "CV3j",
    "Where you ask whether the window fits, you add the padding once. There are zeros at both "
    "ends.",
    {FITS: "if f > n + pad:"},
)
exercise.variant(
    "CV3g",
    "You divide the whole picture by the stride, window and all. The last window has to *begin* "
    "early enough: take its size off first.",
    {PLACES: "(n + 2 * pad) // stride - f + 1"},
)
exercise.variant(
    "CV3h",
    "The stride plays no part in your number of places. A window that moves by 2 stands at half as "
    "many.",
    {PLACES: "n + 2 * pad - f + 1"},
)


@exercise.equivalent("counting")
def size_by_counting(n, f, pad, stride):
    starts = range(-pad, n + pad - f + 1, stride)
    if not starts:
        raise ValueError("no place")
    return len(starts)


@exercise.equivalent("floor of a float")
def size_rounded_floor(n, f, pad, stride):
    steps = (n - f + 2 * pad) / stride
    if steps < 0:
        raise ValueError(f"{f} > {n + 2 * pad}")
    return int(np.floor(steps)) + 1


@exercise.equivalent("the ceiling of other numbers")
def size_ceiling(n, f, pad, stride):
    room = n + 2 * pad - f + 1
    if room <= 0:
        raise ValueError("the filter is too large")
    return int(np.ceil(room / stride))
