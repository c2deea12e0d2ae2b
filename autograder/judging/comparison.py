"""Compare evidence leaf by leaf: structure, shape, kind, finiteness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from autograder.judging.describe import described, entry, kind, number, shape, subject

PASS: Final = 64.0  # a deviation up to this passes


@dataclass(frozen=True)
class Wanted:
    """The reference's evidence for one case.

    `sensitivity` has the arrays of `value` replaced by how far each moves, in units of eps, when
    the inputs move by one eps; or it is a function that measures it.  `truth` is what the case
    keeps from the student's process.
    """

    value: Any = None
    sensitivity: Any = None
    truth: dict[str, Any] = field(default_factory=dict)

    @property
    def measured(self) -> Wanted:
        """The same, with the sensitivity itself instead of a function."""
        moves = self.sensitivity
        return replace(self, sensitivity=moves()) if callable(moves) else self


@dataclass(frozen=True)
class Difference:
    """The first difference.  `expected` never holds a wanted number; `wanted` may."""

    where: str
    seen: str
    expected: str
    advice: str = ""
    wanted: str = ""


@dataclass(frozen=True)
class Comparison:
    """What a judge found.

    `deviation` is in units of rounding (inf where no number can say it), and `difference` is None
    on a pass.  `remark` is shown on a pass, too.
    """

    deviation: float
    difference: Difference | None = None
    remark: str = ""

    @property
    def passed(self) -> bool:
        return self.difference is None


Leaf = tuple[str, Any, Any, Any]


def leaves(got: Any, want: Any, sensitivity: Any, path: str) -> Iterator[Leaf | Difference]:
    """Yield pairs of leaves in step, or the first structural difference.

    Text and None are compared here; a leaf that is yielded holds numbers on both sides.
    """
    if isinstance(want, dict):
        yield from _dict_leaves(got, want, sensitivity, path)
    elif isinstance(want, list):
        yield from _list_leaves(got, want, sensitivity, path)
    elif (wrong := _wrong_leaf(got, want, subject(path))) is not None:
        yield wrong
    elif not (want is None or isinstance(want, str)):
        yield path, got, want, sensitivity


def _dict_leaves(
    got: Any, want: dict[str, Any], sensitivity: Any, path: str
) -> Iterator[Leaf | Difference]:
    """Yield the leaves of the wanted keys; `got` may have more of them."""
    if not isinstance(got, dict):
        keys = ", ".join(f"`{key}`" for key in want)
        yield Difference(
            subject(path), f"{subject(path)} is {described(got)}.", f"A dict with {keys}."
        )
        return
    for key, item in want.items():
        inner = f"{path}[{key}]" if path else key
        if key not in got:
            yield _missing_key(got, want, path, inner)
            return
        moved = sensitivity.get(key) if isinstance(sensitivity, dict) else None
        yield from leaves(got[key], item, moved, inner)


def _missing_key(got: dict[str, Any], want: dict[str, Any], path: str, inner: str) -> Difference:
    """Return the difference at `inner`, the path of the first key that `got` lacks."""
    has = ", ".join(f"`{other[:40]}`" for other in list(got)[:10]) or "nothing"
    more = f" and {len(got) - 10} more" if len(got) > 10 else ""
    lacking = ", ".join(f"`{other}`" for other in want if other not in got)
    seen = f"{subject(path)} has {has}{more}."
    return Difference(f"`{inner}`", seen, f"It should also have {lacking}.")


def _list_leaves(
    got: Any, want: list[Any], sensitivity: Any, path: str
) -> Iterator[Leaf | Difference]:
    """Yield the leaves of each entry; both lists must be of one length.

    An array is taken as the list of its rows, as a list of numbers is taken as an array.
    """
    name = subject(path)
    if isinstance(got, np.ndarray) and got.ndim:
        got = list(got)
    if not isinstance(got, list):
        yield Difference(name, f"{name} is {described(got)}.", f"{len(want)} values.")
        return
    if len(got) != len(want):
        yield Difference(name, f"{name} has {len(got)} entries.", f"{len(want)} entries.")
        return
    moves = sensitivity if isinstance(sensitivity, list) else []
    for index, item in enumerate(want):
        moved = moves[index] if index < len(moves) else None
        yield from leaves(got[index], item, moved, f"{path}[{index}]")


def _wrong_leaf(got: Any, want: Any, name: str) -> Difference | None:
    """Return what is wrong with a leaf that should be of the wanted kind, or with its text."""
    if not _comparable(got, want):
        return Difference(name, f"{name} is {described(got)}.", f"It should be {described(want)}.")
    if isinstance(want, str) and got != want:
        expected = "Another text; the answers to hidden cases are not shown."
        return Difference(name, f"{name} is {number(got)}.", expected, wanted=number(want))
    return None


def _comparable(got: Any, want: Any) -> bool:
    """Return whether both leaves are text, None or numbers; a list of numbers is an array."""
    for alone in (str, type(None)):
        if isinstance(want, alone) or isinstance(got, alone):
            return isinstance(want, alone) and isinstance(got, alone)
    return as_array(got).dtype.kind in "biufc"


def as_array(value: Any) -> Any:
    """Return a leaf as an array of numbers; as one of objects, of shape (), if it is none."""
    if _numbers_only(value):
        try:
            return np.asarray(value)
        except ValueError:  # rows of different lengths
            pass
    return np.empty((), dtype=object)


def widened(array: Any) -> Any:
    """Return numbers as float64, or as complex128 where they are complex."""
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _numbers_only(value: Any) -> bool:
    if isinstance(value, list):
        return all(_numbers_only(item) for item in value)
    return isinstance(value, (bool, int, float, np.ndarray, np.generic))


def wrong_form(path: str, a: Any, b: Any, equal_nan: bool) -> Difference | None:
    """Return the first that is wrong of shape (exactly), kind of dtype and finiteness."""
    name = subject(path)
    if a.shape != b.shape:
        seen = f"{name} has shape {shape(a)}."
        return Difference(name, seen, f"Shape {shape(b)}.")
    # A whole number that happens to be an int is a number all the same; no numbers have no kind.
    whole = a.ndim == 0 and a.dtype.kind in "iu" and b.dtype.kind == "f"
    if kind(a) != kind(b) and not whole and a.size:
        return Difference(name, f"{name} holds {kind(a)}.", f"It should hold {kind(b)}.")
    if b.dtype.kind not in "fc":
        return None
    # Infinities may be wanted (an impossible label's loss); they must be the same ones.
    odd = ~(np.isfinite(a) & np.isfinite(b))
    same = (a == b) | (np.isnan(a) & np.isnan(b) if equal_nan else False)
    return not_finite(path, a, odd & ~same) if (odd & ~same).any() else None


def not_finite(path: str, a: Any, where: Any) -> Difference:
    """Return the difference for entries that are infinite, or finite, where they should not be."""
    index = tuple(np.argwhere(where)[0])
    place = entry(path, index) or "The result"
    if np.isfinite(a[index]):
        return Difference(place, f"{place} is finite.", "An infinite value.")
    count = int(where.sum())
    others = f", as are {count} of {a.size} entries" if count > 1 else ""
    return Difference(place, f"{place} is {a[index]}{others}.", "Finite numbers.")


def exact_values(path: str, a: Any, b: Any) -> Comparison:
    """Compare two arrays of one form to the last bit; NaN equals NaN."""
    differ = np.asarray(a != b)
    if a.dtype.kind == b.dtype.kind == "f":
        differ &= ~(np.isnan(a) & np.isnan(b))
    if not differ.any():
        return Comparison(0.0)
    index = np.unravel_index(int(np.argmax(differ)), differ.shape)
    return Comparison(float("inf"), first_value(path, a, b, index))


def first_value(path: str, a: Any, b: Any, index: tuple[Any, ...]) -> Difference:
    """Return the difference between `a` and the wanted `b` at `index`."""
    place = entry(path, index) or "The result"
    return Difference(
        where=place,
        seen=f"{place} is {number(a[index], b[index])}.",
        expected="Another value; the answers to hidden cases are not shown.",
        wanted=number(b[index], a[index]),
    )


def moved_by(sensitivity: Any) -> float:
    """Return how far the reference's output moves, max norm, in units of eps of its inputs."""
    if sensitivity is None:
        return 0.0
    moved = np.asarray(sensitivity, float)
    return float(np.max(moved, initial=0.0)) if np.isfinite(moved).all() else 0.0


def scale(want: Any, sensitivity: Any, answer: Any) -> float:
    """Return what a deviation of one array is relative to: its size, and how far it moves.

    Where all of it is 0, nothing says how large the numbers were that cancel, and right forms may
    leave a rounding error of them: then it is the size of the whole answer, if that is larger.
    """
    size, moved = _largest(want), moved_by(sensitivity)
    return size + moved if size else max(moved, _largest(answer))


def _largest(value: Any) -> float:
    """Return the largest finite magnitude in an answer, 0 where there is none."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return max(map(_largest, value), default=0.0)
    array = as_array(value)
    if array.dtype.kind not in "iufc":
        return 0.0
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
