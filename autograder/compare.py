"""Comparing evidence leaf by leaf: structure, shape, kind, finiteness, and the words for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.evidence import Opaque


@dataclass(frozen=True)
class Difference:
    """The first difference.  `expected` never holds a wanted number; `wanted` does."""

    where: str
    seen: str
    expected: str
    advice: str = ""
    wanted: str = ""


@dataclass(frozen=True)
class Comparison:
    """`deviation` in units of the tolerance (inf where a number can't say it), and what differs."""

    deviation: float
    difference: Difference | None = None

    @property
    def passed(self) -> bool:
        return self.difference is None


Leaf = tuple[str, Any, Any, Any]


def leaves(got: Any, want: Any, sensitivity: Any, path: str) -> Iterator[Leaf | Difference]:
    """Pairs of leaves in step, or the first structural difference."""
    name = f"`{path}`" if path else "The result"
    if isinstance(want, dict):
        if not isinstance(got, dict):
            keys = ", ".join(f"`{key}`" for key in want)
            yield Difference(name, f"{name} is {described(got)}.", f"A dict with {keys}.")
            return
        for key, item in want.items():
            inner = f"{path}[{key}]" if path else key
            if key not in got:
                has = ", ".join(f"`{other}`" for other in got) or "nothing"
                yield Difference(inner, f"{name} has {has}.", f"It should also have `{key}`.")
                return
            moved = sensitivity.get(key) if isinstance(sensitivity, dict) else None
            yield from leaves(got[key], item, moved, inner)
    elif isinstance(want, list):
        if not isinstance(got, list):
            yield Difference(name, f"{name} is {described(got)}.", f"{len(want)} values.")
            return
        if len(got) != len(want):
            yield Difference(name, f"{name} has {len(got)} entries.", f"{len(want)} entries.")
            return
        for index, item in enumerate(want):
            known = isinstance(sensitivity, list) and index < len(sensitivity)
            moved = sensitivity[index] if known else None
            yield from leaves(got[index], item, moved, f"{path}[{index}]" if path else f"[{index}]")
    elif isinstance(got, dict) or (isinstance(got, list) and as_array(got).dtype.kind == "O"):
        yield Difference(name, f"{name} is {described(got)}.", f"It should be {described(want)}.")
    else:
        yield path, got, want, sensitivity


def as_array(value: Any) -> Any:
    """A leaf as an array; one of objects where it is no rectangle of numbers."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.empty((), dtype=object)


def wrong_form(path: str, a: Any, b: Any, equal_nan: bool) -> Difference | None:
    """Shape (exactly), kind of dtype, finiteness: the first that is wrong."""
    name = f"`{path}`" if path else "The result"
    if a.dtype.kind in "OUS" or b.dtype.kind in "OUS":
        if a.dtype.kind == b.dtype.kind == "U":
            return None
        if b.dtype.kind == "O" and b.ndim == 0 and b.item() is None:
            if a.ndim == 0 and a.item() is None:
                return None
            return Difference(name, f"{name} is {described(a)}.", f"{name} should be `None`.")
        return Difference(name, f"{name} is {described(a)}.", f"It should be {described(b)}.")
    if a.shape != b.shape:
        seen = f"{name} has shape {shape(a)}."
        return Difference(name, seen, f"Shape {shape(b)}.")
    # A whole number that happens to be an int is a number all the same.
    whole = a.ndim == 0 and a.dtype.kind in "iu" and b.dtype.kind == "f"
    if kind(a) != kind(b) and not whole:
        return Difference(name, f"{name} holds {kind(a)}.", f"It should hold {kind(b)}.")
    if equal_nan:
        same_nan = np.array_equal(np.isnan(a), np.isnan(b)) if b.dtype.kind in "fc" else True
        return None if same_nan else not_finite(name, a)
    # Infinities may be wanted (an impossible label's loss); they must be the same ones.
    if b.dtype.kind in "fc" and not np.array_equal(
        np.where(np.isfinite(a), 0, a), np.where(np.isfinite(b), 0, b)
    ):
        return not_finite(name, a)
    return None


def not_finite(name: str, a: Any) -> Difference:
    bad = np.argwhere(~np.isfinite(a))
    if not len(bad):
        return Difference(name, f"{name} is finite.", "An infinite value.")
    place = entry(name.strip("`") if name.startswith("`") else "", tuple(bad[0]))
    value = a[tuple(bad[0])]
    return Difference(
        place or name,
        f"{place or name} is {value}, as are {len(bad)} of {a.size} entries."
        if len(bad) > 1
        else f"{place or name} is {value}.",
        "Finite numbers.",
    )


def exact_values(path: str, a: Any, b: Any) -> Comparison:
    differ = np.asarray(a != b)
    if a.dtype.kind == b.dtype.kind == "f":
        differ &= ~(np.isnan(a) & np.isnan(b))
    if not differ.any():
        return Comparison(0.0)
    index = np.unravel_index(int(np.argmax(differ)), differ.shape)
    return Comparison(float("inf"), first_value(path, a, b, index))


def first_value(path: str, a: Any, b: Any, index: tuple[Any, ...]) -> Difference:
    place = entry(path, index) or "The result"
    return Difference(
        where=place,
        seen=f"{place} is {number(a[index])}.",
        expected="Another value.",
        wanted=number(b[index]),
    )


def moved_by(sensitivity: Any) -> float:
    """How far the reference's output moves, max norm, in units of eps of its inputs."""
    if sensitivity is None:
        return 0.0
    moved = np.asarray(sensitivity, float)
    return float(np.max(moved, initial=0.0)) if np.isfinite(moved).all() else 0.0


def entry(path: str, index: tuple[Any, ...]) -> str:
    """An entry as the student would write it: `dW1[2, 0]`, in backticks."""
    numbers = ", ".join(str(int(i)) for i in index)
    if not path and not numbers:
        return ""
    if not path:
        return f"entry `[{numbers}]`"
    return f"`{path}[{numbers}]`" if numbers else f"`{path}`"


def number(value: Any) -> str:
    """A number as a student would print it, in backticks."""
    if isinstance(value, (str, np.str_)):
        return f"`{str(value)[:60]!r}`"
    if value is None or isinstance(value, (bool, np.bool_, int, np.integer)):
        return f"`{value}`"
    return f"`{complex(value):.6g}`" if np.iscomplexobj(value) else f"`{float(value):.6g}`"


def shape(array: Any) -> str:
    """A shape as a student would write it, in backticks; a scalar's is `()`."""
    return f"`{tuple(int(n) for n in array.shape)}`"


def kind(array: Any) -> str:
    """The kind of numbers in words."""
    return {"b": "booleans", "i": "integers", "u": "integers", "f": "floating-point numbers"}.get(
        array.dtype.kind, "complex numbers"
    )


def described(value: Any) -> str:
    """What something is, in words, never its contents."""
    if value is None:
        return "`None`"
    if isinstance(value, Opaque):
        return f"a `{value.type_name}`"
    if isinstance(value, dict):
        return "a dict"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return "a string"
    array = np.asarray(value)
    if array.dtype.kind == "O" and array.ndim == 0:
        return "`None`" if array.item() is None else described(array.item())
    if array.dtype.kind == "U":
        return "a string"
    return f"an array of shape {shape(array)}" if array.ndim else "a number"
