"""Values in words, as students read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.wire.codec import Opaque


def subject(path: str) -> str:
    """Return what a sentence about a leaf begins with: its path in backticks, or "The result"."""
    return f"`{path}`" if path else "The result"


def entry(path: str, index: tuple[Any, ...]) -> str:
    """Return an entry as the student would write it, to begin a sentence: `dW1[2, 0]`."""
    numbers = ", ".join(str(int(i)) for i in index)
    if not path and not numbers:
        return ""
    if not path:
        return f"Entry `[{numbers}]`"
    return f"`{path}[{numbers}]`" if numbers else f"`{path}`"


def number(value: Any, beside: Any = None) -> str:
    """Return a value as a student would print it, in backticks.

    Where six digits would make it look like `beside`, it has all its digits.
    """
    if isinstance(value, (str, np.str_)):
        return f"`{str(value)[:60]!r}`"
    if value is None or isinstance(value, (bool, np.bool_, int, np.integer)):
        return f"`{value}`"
    short = _printed(value, "6g")
    if beside is not None and not isinstance(beside, str) and short == _printed(beside, "6g"):
        short = _printed(value, "17g")
    return f"`{short}`"


def _printed(value: Any, digits: str) -> str:
    return format(complex(value) if np.iscomplexobj(value) else float(value), f".{digits}")


def shape(array: Any) -> str:
    """Return a shape as a student would write it, in backticks; a scalar's is `()`."""
    return f"`{tuple(int(n) for n in array.shape)}`"


def kind(array: Any) -> str:
    """Return the kind of numbers in words."""
    return {"b": "booleans", "i": "integers", "u": "integers", "f": "floating-point numbers"}.get(
        array.dtype.kind, "complex numbers"
    )


def described(value: Any) -> str:
    """Return what something is, in words, never its contents."""
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
