"""Results that can't be read as ordinary numbers: they fail when a check uses them, not before."""

from __future__ import annotations

from typing import Any, NoReturn

from autograder.wire.evidence import UNUSABLE, Failure


class UnusableResult(TypeError):  # noqa: N818 - a statement about the result
    """A check used a result that can't be read as ordinary numbers."""

    def __init__(self, function: str, place: str, kind: str) -> None:
        super().__init__(f"`{function}(…){place}`: {kind}")
        self.failure = Failure(UNUSABLE, kind, code=place[:200], function=function)


class Unusable:
    """Stands for something that a function returned.

    It may be asked for its place in a dict or a list, and given back to the program.  Whatever else
    is done with it raises `UnusableResult`.

    Args:
        value: what the function returned.
        function: its name.
        place: where in its result: `[1]['Z']`.
        kind: what it is, a key of `grading.number_types`.
        used: where its use is noted, since NumPy catches some exceptions.
    """

    def __init__(
        self, value: Any, function: str, place: str, kind: str, used: list[Failure]
    ) -> None:
        self.value = value
        self._what = function, place, kind
        self._used = used

    def fail(self, *_: Any, **__: Any) -> NoReturn:
        error = UnusableResult(*self._what)
        self._used.append(error.failure)
        raise error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and not name.startswith("__array"):
            raise AttributeError(name)  # what Python asks of any object
        self.fail()


def _refuses() -> None:
    """Have every operator fail; Python looks for them on the class, past `__getattr__`."""
    arithmetic = "add sub mul truediv floordiv mod divmod pow matmul and or xor lshift rshift"
    names = [f"{side}{name}" for name in arithmetic.split() for side in ("", "r", "i")]
    names += "eq ne lt le gt ge neg pos abs invert bool int float complex index round".split()
    names += "len iter getitem setitem contains call array".split()
    for name in names:
        if name != "idivmod":
            setattr(Unusable, f"__{name}__", Unusable.fail)


_refuses()
Unusable.__hash__ = object.__hash__  # type: ignore[method-assign]  # defining == takes it away
