"""What a right program asks of its own earlier functions: how often, by whom, with which values.

Runs beside the reference and other right solutions, never beside a student's code.  Each function
is lent to its own program, so that its calls are those that a borrower's would be.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from autograder.guest.remote import answered, borrowed
from autograder.wire.codec import pack, unpack


class Recording:
    """Records the calls of some of a program's functions.

    Args:
        names: The program's, as its cells left them; some are replaced.
        exercise: The function whose own calls are told from its checks'.
        lent: Functions whose calls are counted.
        whole: Those of them whose arguments and results are recorded, too.
    """

    def __init__(
        self, names: dict[str, Any], exercise: str, lent: Sequence[str], whole: Sequence[str]
    ) -> None:
        self._depth = 0  # calls of the exercise's function that have not returned
        self._calls: dict[str, list[bool]] = {}  # for each, whether the exercise's own code made it
        self._asked: dict[str, list[list[Any]]] = {}
        self._parameters: dict[str, list[list[Any]]] = {}
        for name in lent:
            function = names[name]
            self._parameters[name] = _parameters(function)
            names[name] = borrowed(name, self._answering(name, function, name in whole))
        if not isinstance(names.get(exercise), type):
            names[exercise] = self._inside(names[exercise])
        self.clear()

    def clear(self) -> None:
        """Forget the calls so far."""
        self._calls = {name: [] for name in self._parameters}
        self._asked = {name: [] for name in self._parameters}

    def found(self) -> dict[str, Any]:
        """Return the calls since the last `clear`, by function, as plain data."""
        return {
            name: {
                "calls": len(calls),
                "own": sum(calls),
                "parameters": self._parameters[name],
                "asked": self._asked[name],
            }
            for name, calls in self._calls.items()
        }

    def _inside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def inside(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1

        inside.__name__ = getattr(function, "__name__", "inside")
        return inside

    def _answering(
        self, name: str, function: Callable[..., Any], whole: bool
    ) -> Callable[[dict[str, Any]], Any]:
        def answer(question: dict[str, Any]) -> Any:
            self._calls[name].append(self._depth > 0)
            # What crosses to a lender is a copy, which the function may change.
            call = unpack(pack({key: item for key, item in question.items() if key != "ask"}))
            given = unpack(pack([call["args"], call["kwargs"]])) if whole else None
            value = unpack(pack(answered(function, **call)))
            if given is not None and "cotangents" not in call:
                self._asked[name].append([*given, value])
            return value

        return answer


def _parameters(function: Callable[..., Any]) -> list[list[Any]]:
    """Return each parameter's name, followed by its default if it has one."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        [one.name] if one.default is inspect.Parameter.empty else [one.name, one.default]
        for one in parameters
    ]
