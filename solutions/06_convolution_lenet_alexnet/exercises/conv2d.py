"""Unit 06, `conv2d`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import (
    Case,
    Exercise,
    close,
    equal_sides,
    exact,
    float64,
    ready_made,
    unchanged,
)

from .cases import CORNER, Array

exercise = Exercise("conv2d", points=6, uses=("conv_out_size",), forbids=ready_made.CONVOLUTIONS)


def pictures(rng: np.random.Generator, *shape: int) -> Array:
    """Numbers around 0, none of them small."""
    return rng.uniform(0.2, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


def convolution(
    rng: np.random.Generator,
    size: tuple[int, int, int, int],
    filters: tuple[int, int],
    stride: int = 1,
    pad: int = 0,
) -> dict[str, Any]:
    """Pictures of `size` (N, H, W, C), `filters` (f, K), and a bias."""
    (f, K), C = filters, size[3]
    inputs = {"X": pictures(rng, *size), "W": pictures(rng, f, f, C, K), "b": pictures(rng, K)}
    return inputs | {"stride": stride, "pad": pad}


def unbiased(inputs: dict[str, Any]) -> dict[str, Any]:
    return inputs | {"b": np.zeros_like(inputs["b"])}


def plain(inputs: dict[str, Any]) -> dict[str, Any]:
    """Without bias, and with filters that are the same turned over by 180°."""
    W = inputs["W"]
    return unbiased(inputs) | {"W": W + W[::-1, ::-1]}


def conv_sums(rng: np.random.Generator) -> Iterator[Case]:
    """Stride 1, no padding, no bias: only windows, filters and channels."""
    for size, filters in (
        ((2, 6, 9, 3), (3, 4)),
        ((1, 8, 5, 2), (4, 3)),
        ((3, 4, 7, 5), (1, 2)),
    ):
        yield Case(
            unbiased(convolution(rng, size, filters)),
            f"{size[3]} channels, {filters[1]} filters of {filters[0]}×{filters[0]}",
        )


def conv_strides(rng: np.random.Generator) -> Iterator[Case]:
    """Larger strides; one channel, no padding."""
    for size, filters, stride in (
        ((2, 9, 9, 1), (3, 2), 2),
        ((1, 11, 11, 1), (4, 3), 3),
        ((1, 8, 8, 1), (5, 2), 2),
    ):
        label = f"stride {stride}, {filters[0]}×{filters[0]} on {size[1]}×{size[2]}"
        yield Case(plain(convolution(rng, size, filters, stride)), label)


def conv_pads(rng: np.random.Generator) -> Iterator[Case]:
    """Zeros around; one channel, stride 1."""
    for size, filters, pad in (
        ((2, 5, 7, 1), (3, 2), 1),
        ((1, 6, 4, 1), (5, 3), 2),
        ((1, 3, 8, 1), (3, 2), 3),
    ):
        label = f"pad {pad}, {filters[0]}×{filters[0]} on {size[1]}×{size[2]}"
        yield Case(plain(convolution(rng, size, filters, pad=pad)), label)


def conv_biases(rng: np.random.Generator) -> Iterator[Case]:
    """Filters of zeros, so that the bias is all; in the first case the result is 4×4×4."""
    for size, filters, stride in (((2, 6, 6, 2), (3, 4), 1), ((1, 7, 7, 3), (3, 5), 2)):
        inputs = convolution(rng, size, filters, stride)
        yield Case(inputs | {"W": np.zeros_like(inputs["W"])}, "filters of zeros")


def conv_all(rng: np.random.Generator) -> Iterator[Case]:
    """Everything at once."""
    for size, filters, stride, pad in (
        ((2, 7, 10, 3), (3, 4), 2, 1),
        ((1, 9, 6, 2), (5, 3), 3, 2),
        ((3, 5, 8, 4), (2, 5), 1, 1),
    ):
        label = f"stride {stride}, pad {pad}, {size[3]} channels, {filters[1]} filters"
        yield Case(convolution(rng, size, filters, stride, pad), label)


def conv_deltas(rng: np.random.Generator) -> Iterator[Case]:
    """Filters that are 0 but for a 1, off the middle."""
    channels = rng.permutation([0, 1, rng.integers(2)]).tolist()
    for place, channel in zip(((0, 2), (2, 1), (1, 0)), channels, strict=True):
        X = pictures(rng, 1, 6, 8, 2)
        W = np.zeros((3, 3, 2, 1))
        W[(*place, channel, 0)] = 1
        inputs = {"X": X, "W": W, "place": list(place), "channel": channel}
        yield Case(inputs, f"the 1 is at {place}")


def conv_constants(rng: np.random.Generator) -> Iterator[Case]:
    """Pictures that are the same everywhere."""
    inputs = convolution(rng, (2, 6, 8, 3), (3, 4))
    inputs["X"] = np.broadcast_to(pictures(rng, 2, 1, 1, 3), (2, 6, 8, 3)).copy()
    yield Case({name: inputs[name] for name in "XWb"}, "each channel is constant")


def conv_two(rng: np.random.Generator) -> Iterator[Case]:
    inputs = plain(convolution(rng, (2, 6, 8, 1), (3, 2)))
    two = {
        "X1": inputs["X"],
        "X2": pictures(rng, *inputs["X"].shape),
        "a": float(rng.uniform(2, 3)),
    }
    yield Case(two | {"W": inputs["W"]})


def conv_shifted(rng: np.random.Generator) -> Iterator[Case]:
    inputs = plain(convolution(rng, (2, 8, 9, 1), (3, 2)))
    yield Case({"X": inputs["X"], "W": inputs["W"]}, "moved by one row and two columns")


def conv_too_large(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(convolution(rng, (1, 4, 9, 2), (5, 3)), "more rows than the picture")
    yield Case(convolution(rng, (1, 9, 2, 2), (5, 3), 2, 1), "more columns, in spite of padding")


@exercise.check(points=0.5, cases=conv_all, judge=exact(secret=False))
def conv_form(program, X, W, b, stride, pad):
    """The result has the right shape"""
    return {"shape": str(np.shape(program.conv2d(X, W, b, stride, pad)))}


@exercise.check(points=1, cases=conv_sums, judge=close(float64))
def conv_windows(program, X, W, b, stride, pad):
    """Each output is the sum over rows, columns and channels of a window times a filter"""
    return {"Y": program.conv2d(X, W, b, stride, pad)}


@exercise.check(points=1, cases=conv_strides, judge=close(float64))
def conv_stride(program, X, W, b, stride, pad):
    """With a larger stride, the windows begin `stride` apart"""
    return {"Y": program.conv2d(X, W, b, stride, pad)}


@exercise.check(points=0.75, cases=conv_pads, judge=close(float64))
def conv_padding(program, X, W, b, stride, pad):
    """`pad` rows and columns of zeros lie on all four sides"""
    return {"Y": program.conv2d(X, W, b, stride, pad)}


@exercise.check(
    points=0.75,
    cases=conv_biases,
    judge=close(float64),
    counts_alone=False,  # the bias, over and over
)
def conv_bias(program, X, W, b, stride, pad):
    """Each filter adds its own bias, once"""
    return {"Y": program.conv2d(X, W, b, stride, pad)}


@exercise.check(
    points=0.25,
    cases=conv_deltas,
    judge=equal_sides("a filter that is 1 in one place, and the picture, moved by that place"),
)
def conv_delta(program, X, W, place, channel):
    """A filter with a single 1 moves the picture"""
    u, v = place
    moved = X[:, u : u + X.shape[1] - 2, v : v + X.shape[2] - 2, channel : channel + 1]
    return {"left": {"Y": program.conv2d(X, W, np.zeros(1), 1, 0)}, "right": {"Y": moved}}


@exercise.check(
    points=0.25,
    cases=conv_constants,
    judge=equal_sides("Y for a constant picture, and its channels times the filter's sums, plus b"),
)
def conv_constant(program, X, W, b):
    """Of a constant picture, a filter sees its own sum"""
    Y = program.conv2d(X, W, b, 1, 0)
    sums = np.tensordot(X[:, :1, :1], W.sum(axis=(0, 1)), axes=1) + b
    rows, columns = (X.shape[axis] - W.shape[0] + 1 for axis in (1, 2))
    return {"left": {"Y": Y}, "right": {"Y": np.tile(sums, (1, rows, columns, 1))}}


@exercise.check(
    points=0.25,
    cases=conv_two,
    judge=equal_sides("conv2d of a·X1 + X2, and a·conv2d(X1) + conv2d(X2), without bias"),
)
def conv_linear(program, X1, X2, a, W):
    """Convolution is linear"""
    zero = np.zeros(W.shape[3])
    one, two = (program.conv2d(X, W, zero, 1, 0) for X in (X1, X2))
    both = program.conv2d(a * X1 + X2, W, zero, 1, 0)
    return {"left": {"Y": both}, "right": {"Y": a * one + two}}


@exercise.check(
    points=0.25,
    cases=conv_shifted,
    judge=equal_sides("Y of the moved picture, and the moved Y"),
)
def conv_moves(program, X, W):
    """Where the picture moves, the result moves along"""
    zero = np.zeros(W.shape[3])
    later = program.conv2d(X[:, 1:, 2:], W, zero, 1, 0)
    return {"left": {"Y": later}, "right": {"Y": program.conv2d(X, W, zero, 1, 0)[:, 1:, 2:]}}


@exercise.check(points=0.5, cases=conv_all, judge=close(float64))
def conv_altogether(program, X, W, b, stride, pad):
    """Stride, padding, channels and bias work together"""
    return {"Y": program.conv2d(X, W, b, stride, pad)}


@exercise.check(points=0.25, cases=conv_all, judge=unchanged())
def conv_arguments_unchanged(program, X, W, b, stride, pad):
    """The caller's `X`, `W` and `b` stay as they were"""
    program.conv2d(X, W, b, stride, pad)
    return {"X": X, "W": W, "b": b}


@exercise.check(points=0.25, cases=conv_too_large, judge=exact(secret=False))
def conv_refuses(program, X, W, b, stride, pad):
    """Filters that are larger than the padded picture raise `ValueError`"""
    try:
        Y = program.conv2d(X, W, b, stride, pad)
    except ValueError:
        return {"what happens": "ValueError"}
    return {"what happens": f"returns an array of shape {np.shape(Y)}"}


ROWS = "rows = conv_out_size(X.shape[1], f, pad, stride)"
COLUMNS = "columns = conv_out_size(X.shape[2], f, pad, stride)"
PADDED = "np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))"
CONV_WINDOW = "padded[:, top : top + f, left : left + f, :]"
SUM = "np.tensordot(window, W, axes=3) + b"
exercise.variant(
    "CV1",
    "You turn the filter over before you lay it on the picture, as mathematics does. Networks "
    "don't: row 0 of the filter meets the window's row 0.",
    {"np.tensordot(window, W,": "np.tensordot(window, W[::-1, ::-1],"},
)
exercise.variant(
    "CV2",
    "You use the stride for the size of the result, but your windows begin one pixel apart all the "
    "same. The window at place (i, j) begins `stride` times as far from the corner.",
    {CORNER: "top, left = i, j"},
)
exercise.variant(
    "CV2b",
    "Your stride reaches inside the window, so that it takes every second pixel (a *dilated* "
    "convolution). Only the beginning of a window moves by the stride; what lies in it are "
    "neighbours.",
    {
        PADDED: PADDED.replace("(pad, pad)", "(pad, pad + f * stride)"),
        CONV_WINDOW: (
            "padded[:, top : top + f * stride : stride, left : left + f * stride : stride, :]"
        ),
    },
)
exercise.variant(
    "CV3i",
    "Your result is a row and a column short: the window also stands where it starts.",
    {
        ROWS: ROWS + " - 1",
        COLUMNS: COLUMNS + " - 1",
    },
)
exercise.variant(
    "CV4",
    "Height and width have changed places in your result. Axis 1 of X counts rows, axis 2 columns, "
    "and so it is in Y.",
    {"    return Y": "    return Y.transpose(0, 2, 1, 3)"},
)
exercise.variant(
    "CV4b",
    "Your filters are transposed: their first axis counts rows, the second columns, like the "
    "window's.",
    {"np.tensordot(window, W,": "np.tensordot(window, W.swapaxes(0, 1),"},
)
exercise.variant(
    "CV5a",
    "Your bias comes in at every entry of the window, and so many times over. It is added once, to "
    "the finished sum.",
    {SUM: "np.tensordot(window, W, axes=3) + b * window[0].size"},
)
exercise.variant(
    "CV5b",
    "Your bias goes to the columns of the result instead of its last axis. One filter, one map, "
    "one bias: b belongs to the channels.",
    {SUM: "np.tensordot(window, W, axes=3) + b[j % len(b)]"},
)
exercise.variant(
    "CV5c",
    "Your bias plays no part.",
    {SUM: "np.tensordot(window, W, axes=3)"},
)
exercise.variant(
    "CV6a",
    "You sum over rows and columns only, and look at the first channel alone. One filter takes in "
    "all channels of the window, and its sum runs over them too.",
    {SUM: "np.tensordot(window[..., 0], W[:, :, 0], axes=2) + b"},
)


@exercise.variant("CV6b")
def conv2d_by_channel(X, W, b, stride, pad):
    """You sum over rows and columns only, so that every channel gives a map of its own (a
    *depthwise* convolution). The sum runs over the channels as well: one filter, one map.
    """
    f, K = W.shape[0], W.shape[3]
    rows = conv_out_size(X.shape[1], f, pad, stride)
    columns = conv_out_size(X.shape[2], f, pad, stride)
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    Y = np.empty((X.shape[0], rows, columns, X.shape[3] * K))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = padded[:, top : top + f, left : left + f, :]
            sums = np.einsum("nuvc,uvck->nck", window, W)
            Y[:, i, j, :] = (sums + b).reshape(len(X), -1)
    return Y


exercise.variant(
    "CV7a",
    "Your code takes every picture to have three channels. It works for any number: the picture's "
    "shape says how many.",
    {
        SUM: "np.tensordot(np.pad(window, ((0, 0),) * 3 + ((0, 3),))[..., :3], "
        "np.pad(W, ((0, 0),) * 2 + ((0, 3), (0, 0)))[:, :, :3], axes=3) + b"
    },
)
exercise.variant(
    "CV7b",
    "Your stride is always 2, whatever the caller says. Look at where your code takes it from: a "
    "variable of another cell?",
    {"    f = W.shape[0]\n": "    f, stride = W.shape[0], 2\n"},
)
exercise.variant(
    "CV9a",
    "Your zeros lie on two sides only. The frame runs all around: above, below, left and right.",
    {PADDED: "np.pad(X, ((0, 0), (0, 2 * pad), (0, 2 * pad), (0, 0)))"},
)
exercise.variant(
    "CV9b",
    "You repeat the picture's edge instead of putting zeros around it.",
    {PADDED: PADDED.replace("(0, 0)))", '(0, 0)), mode="edge")')},
)
exercise.variant(
    "CV10",
    "You return the mean of each window's products. It is their sum.",
    {SUM: "np.tensordot(window, W, axes=3) / W[..., 0].size + b"},
)


@exercise.variant("CV11")
def conv2d_into_the_bias(X, W, b, stride, pad):
    """You start each sum as `b` and let it grow with `+=`, which changes the caller's `b` itself:
    every place begins where the last one ended. Start from a copy, or add `b` at the end.
    """
    f = W.shape[0]
    rows = conv_out_size(X.shape[1], f, pad, stride)
    columns = conv_out_size(X.shape[2], f, pad, stride)
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    Y = np.empty((X.shape[0], rows, columns, W.shape[3]))
    for n, i, j in np.ndindex(*Y.shape[:3]):
        total = b
        total += np.tensordot(padded[n, i * stride :, j * stride :][:f, :f], W, axes=3)
        Y[n, i, j] = total
    return Y


exercise.variant(
    "CV12",
    "Filters that are larger than the picture get an empty result from you. Refuse them: "
    "`conv_out_size` raises the error, if you ask it.",
    {
        ROWS: "rows = max((X.shape[1] + 2 * pad - f) // stride + 1, 0)",
        COLUMNS: "columns = max((X.shape[2] + 2 * pad - f) // stride + 1, 0)",
    },
)


@exercise.equivalent("seven loops")
def conv2d_seven_loops(X, W, b, stride, pad):
    N, H, width, C = X.shape
    f, _, _, K = W.shape
    H_out, W_out = conv_out_size(H, f, pad, stride), conv_out_size(width, f, pad, stride)
    Y = np.zeros((N, H_out, W_out, K))
    for n in range(N):
        for k in range(K):
            for i in range(H_out):
                for j in range(W_out):
                    total = float(b[k])
                    for u in range(f):
                        row = i * stride + u - pad
                        for v in range(f):
                            column = j * stride + v - pad
                            if 0 <= row < H and 0 <= column < width:
                                for c in range(C):
                                    total += float(X[n, row, column, c]) * float(W[u, v, c, k])
                    Y[n, i, j, k] = total
    return Y


@exercise.equivalent("sliding_window_view")
def conv2d_views(X, W, b, stride, pad):
    f = W.shape[0]
    padded = np.pad(X, [(0, 0), (pad, pad), (pad, pad), (0, 0)])
    if f > padded.shape[1] or f > padded.shape[2]:
        raise ValueError("the filter is larger than the picture")
    every = np.lib.stride_tricks.sliding_window_view(padded, (f, f), axis=(1, 2))
    return np.einsum("nijcuv,uvck->nijk", every[:, ::stride, ::stride], W, optimize=True) + b


@exercise.equivalent("offset by offset")
def conv2d_by_offset(X, W, b, stride, pad):
    f = W.shape[0]
    size = [(n + 2 * pad - f) // stride + 1 for n in X.shape[1:3]]
    if min(X.shape[1:3]) + 2 * pad < f:
        raise ValueError("too large")
    padded = np.zeros((len(X), X.shape[1] + 2 * pad, X.shape[2] + 2 * pad, X.shape[3]))
    padded[:, pad : pad + X.shape[1], pad : pad + X.shape[2]] = X
    Y = np.zeros((len(X), *size, len(b)))
    for u, v in np.ndindex(f, f):
        last = [start + stride * (count - 1) + 1 for start, count in zip((u, v), size, strict=True)]
        Y += padded[:, u : last[0] : stride, v : last[1] : stride] @ W[u, v]
    return Y + b


@exercise.equivalent("one matrix product")
def conv2d_im2col(X, W, b, stride, pad):
    f, _, C, K = W.shape
    rows, columns = (conv_out_size(n, f, pad, stride) for n in X.shape[1:3])
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)), "constant")
    patches = [
        padded[:, i * stride :, j * stride :][:, :f, :f].reshape(len(X), -1)
        for i in range(rows)
        for j in range(columns)
    ]
    Y = np.stack(patches, axis=1) @ W.reshape(f * f * C, K) + b
    return Y.reshape(len(X), rows, columns, K)


@exercise.equivalent("by Fourier transforms")
def conv2d_fourier(X, W, b, stride, pad):
    f = W.shape[0]
    rows, columns = (conv_out_size(n, f, pad, 1) for n in X.shape[1:3])
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    size = padded.shape[1:3]
    spectra = np.einsum(
        "nijc,ijck->nijk",
        np.fft.fft2(padded, axes=(1, 2)),
        np.conj(np.fft.fft2(W, size, axes=(0, 1))),
    )
    Y = np.fft.ifft2(spectra, axes=(1, 2)).real[:, :rows, :columns]
    return Y[:, ::stride, ::stride] + b
