"""Unit 01, `sigmoid`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, unchanged

from .cases import moderate

exercise = Exercise("sigmoid", points=2)


def extreme(rng: np.random.Generator) -> Iterator[Case]:
    """The largest numbers of either sign, among ordinary ones."""
    for label, ends in (("up to 1000", (-1000.0, 1000.0)), ("up to 800", (800.0, -800.0, 0.0))):
        Z = np.concatenate([ends, rng.uniform(-30, 30, size=12 - len(ends))])
        yield Case({"Z": rng.permutation(Z).reshape(3, 4)}, label)


@exercise.check(points=1, cases=moderate, judge=close("float64"))
def values(program, Z):
    """`sigmoid` returns 1 / (1 + exp(-z)) of every entry, in the shape of `Z`"""
    return {"sigmoid(Z)": program.sigmoid(Z)}


@exercise.check(points=0.5, cases=extreme, judge=exact(secret=False))
def stable(program, Z):
    """`sigmoid` neither overflows nor gives NaN for any z from -1000 to 1000"""
    seen, given = set(), Z.copy()
    ends = [np.unravel_index(find(Z), Z.shape) for find in (np.argmin, np.argmax)]
    with np.errstate(
        over="call", invalid="call", divide="call", call=lambda kind, flag: seen.add(kind)
    ):
        A = np.asarray(program.sigmoid(Z), dtype=float)
    return {
        "warnings": ", ".join(sorted(seen)) or "none",
        "entries that are NaN": int(np.isnan(A).sum()),
        **{f"value at z = {given[end]:g}": round(float(A[end]), 9) for end in ends},
    }


@exercise.check(points=0.5, cases=extreme, judge=unchanged())
def keeps_z(program, Z):
    """`sigmoid` leaves its argument as it was"""
    program.sigmoid(Z)
    return {"Z": Z}


@exercise.equivalent("masks")
def sigmoid_by_masks(Z):
    A = np.empty_like(Z)
    up = Z >= 0
    A[up] = 1 / (1 + np.exp(-Z[up]))
    A[~up] = np.exp(Z[~up]) / (1 + np.exp(Z[~up]))
    return A


@exercise.equivalent("tanh")
def sigmoid_by_tanh(Z):
    return 0.5 * (1 + np.tanh(0.5 * Z))


@exercise.equivalent("logaddexp")
def sigmoid_by_logaddexp(Z):
    return np.exp(-np.logaddexp(0, -Z))


@exercise.equivalent("clipped")
def sigmoid_of_clipped(Z):
    return 1 / (1 + np.exp(-np.clip(Z, -700, 700)))


@exercise.variant("SG1")
def sigmoid_overflowing(Z):
    """The formula as it stands meets the exponential of a large positive number, which overflows.
    For negative z use the other way to write the same fraction: there every exponent is negative,
    too.
    """
    return 1 / (1 + np.exp(-Z))


@exercise.variant("SG2")
def sigmoid_nan(Z):
    """For large positive z your numerator and denominator are both infinite, and their ratio is
    NaN. That way to write the fraction is safe for negative z only.
    """
    return np.exp(Z) / (1 + np.exp(Z))


@exercise.variant("SG3")
def sigmoid_mirrored(Z):
    """Your sigmoid is mirrored: it falls where it should rise. Look at the sign in the exponent."""
    E = np.exp(-np.abs(Z))
    return np.where(Z <= 0, 1, E) / (1 + E)


@exercise.variant("SG4")
def sigmoid_is_tanh(Z):
    """You return the hyperbolic tangent, which runs from -1 to 1. The sigmoid runs from 0 to 1; the
    two are related, but not equal.
    """
    return np.tanh(Z)


@exercise.variant("SG5")
def sigmoid_slope(Z):
    """You return the slope of the sigmoid. The value is asked for here; its slope is needed later,
    in `backward`.
    """
    E = np.exp(-np.abs(Z))
    return E / (1 + E) ** 2


@exercise.variant("SG6")
def sigmoid_clipping_early(Z):
    """You limit z so early that the result is visibly flattened at both ends. An exponential
    overflows near 709 only: there is much more room.
    """
    return 1 / (1 + np.exp(-np.clip(Z, -10, 10)))


@exercise.variant("SG7")
def sigmoid_clipping_in_place(Z):
    """You limit z inside the caller's array, so that the caller's numbers change. Work on a new
    array.
    """
    np.clip(Z, -500, 500, out=Z)
    return 1 / (1 + np.exp(-Z))
