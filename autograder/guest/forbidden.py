"""Noticing that an exercise is answered with what it forbids.

What counts is the code that runs, not the name it is reached by: aliases, `getattr`, `importlib`,
`reload` and functions that an earlier cell kept all end in a code object with the same file and
name.  `docs/security.md` says what a process can't notice about itself: a copy of the library's
text, compiled code called past Python, and code that cleverly dismantles this watch.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import threading
from collections.abc import Iterator, Sequence
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, TracebackType
from typing import Any

SWITCHED_OFF = "a way to switch the grader's watch off"
# How compiled framework code is called directly, past every function that has a name.
_COMPILED = "_pywrap"


class Ban:
    """A watch for uses of `names`; `seen` is the first, with the frame that used it.

    Args:
        names: Dotted names of functions and classes; of a class every own method counts.

    Raises:
        LookupError: On entering, if a name's package is loaded and has no such thing, or one
            whose use can't be noticed.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._code: dict[str, dict[str, str]] = {}  # file -> qualified name -> forbidden name
        self._builtins: dict[int, str] = {}
        self._unloaded: set[str] = set()
        self.seen: tuple[str, FrameType | None] | None = None

    def __enter__(self) -> Ban:
        for name in self._names:
            root = name.partition(".")[0]
            if root in sys.modules:
                self._resolve(name)
            else:
                self._unloaded.add(root)
        if self._names:
            self._hook = self._profile
            threading.setprofile(self._hook)
            sys.setprofile(self._hook)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._names:
            return
        if sys.getprofile() is not self._hook:
            self._use(SWITCHED_OFF, None)
        sys.setprofile(None)
        threading.setprofile(None)
        for root in self._unloaded & set(sys.modules):
            self._use(root, None)

    def _resolve(self, name: str) -> None:
        found = _found(name)
        codes = list(_codes(found))
        for code in codes:
            self._code.setdefault(code.co_filename, {})[code.co_qualname] = name
        if type(found) is BuiltinFunctionType:
            self._builtins[id(found)] = name
        elif not codes:
            raise LookupError(f"The exercise forbids `{name}`, whose use can't be noticed.")

    def _profile(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            names = self._code.get(frame.f_code.co_filename)
            if names is not None and frame.f_code.co_qualname in names:
                self._use(names[frame.f_code.co_qualname], frame)
        elif event == "c_call":
            if id(argument) in self._builtins:
                self._use(self._builtins[id(argument)], frame)
            elif _COMPILED in str(getattr(argument, "__module__", "")):
                if frame.f_code.co_filename.startswith("<"):  # not a library calling its own
                    self._use(f"{argument.__module__}.{argument.__name__}", frame)

    def _use(self, name: str, frame: FrameType | None) -> None:
        self.seen = self.seen or (name, frame)


def _found(name: str) -> Any:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        try:
            return functools.reduce(getattr, parts[length:], module)
        except AttributeError:
            break
    raise LookupError(f"The exercise forbids `{name}`, which does not exist.")


def _codes(found: Any) -> Iterator[CodeType]:
    """Yield the code that runs when something is used; none for what is compiled."""
    if isinstance(found, type):
        for member in vars(found).values():
            yield from _codes(getattr(member, "__func__", member)) if member is not found else ()
        return
    # Of a decorated function the original: everything that the decorator wraps has its wrapper's
    # code.
    found = inspect.unwrap(found)
    if isinstance(found, FunctionType) and "<locals>" not in found.__code__.co_qualname:
        yield found.__code__
