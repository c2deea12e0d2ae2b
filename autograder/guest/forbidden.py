"""Noticing that an exercise is answered with what it forbids.

What counts is what runs, not the name it is reached by: aliases, `getattr`, `importlib`, `reload`
and functions that an earlier cell kept all end in a code object with the same file and name, or in
a file of the same package; what a framework computes ends in operations, which have names of their
own (`operations.py`).  `docs/security.md` says what a process can't notice about itself: a copy of
the library's text, compiled code called past Python, and code that cleverly dismantles this watch.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, TracebackType
from typing import Any

from autograder.guest.operations import LOOKED_AT, PREFIX, OperationWatch

SWITCHED_OFF = "a way to switch the grader's watch off"
# How compiled framework code is called directly, past every function that has a name.
_COMPILED = "_pywrap"


class Ban:
    """A watch for uses of `names`; `seen` is the first, with the frame that used it.

    Args:
        names: Dotted names of functions and classes (of a class every own method counts) and of
            modules and packages (all that runs in them counts, but for importing them); patterns
            of operations' names, `op:*conv*`.

    Raises:
        LookupError: On entering, if a name's package is loaded and has no such thing, or one
            whose use can't be noticed.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [name for name in names if not name.startswith(PREFIX)]
        patterns = [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]
        self._operations = OperationWatch(patterns, self._ran)
        self._is_watching = bool(names)
        self._code: dict[str, dict[str, str]] = {}  # file -> qualified name -> forbidden name
        self._builtins: dict[int, str] = {}
        self._unloaded: set[str] = set()
        self._places: dict[str, str] = {}  # a folder or file -> forbidden package or module
        self._files: dict[str, str] = {}  # a file -> forbidden package or module, "" if in none
        self.seen: tuple[str, FrameType | None] | None = None

    def __enter__(self) -> Ban:
        for name in self._names:
            root = name.partition(".")[0]
            if (place := place_of_module(name)) is not None:
                self._places[place] = name
            elif root in sys.modules:
                self._resolve(name)
            else:
                self._unloaded.add(root)
        if self._is_watching:
            self._hook = self._profile
            self._operations.start()
            threading.setprofile(self._begin_thread)
            sys.setprofile(self._hook)
        return self

    def _begin_thread(self, frame: FrameType, event: str, argument: Any) -> None:
        """Watch a thread that the program has started."""
        sys.setprofile(self._hook)
        self._operations.start()
        self._profile(frame, event, argument)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_watching:
            return
        was_there = sys.getprofile() is self._hook
        sys.setprofile(None)
        threading.setprofile(None)
        if not (self._operations.stop() and was_there):
            self._use(SWITCHED_OFF, None)
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
            code = frame.f_code
            names = self._code.get(code.co_filename)
            if names is not None and code.co_qualname in names:
                self._use(names[code.co_qualname], frame)
            elif self._places and (name := self._package_of(code.co_filename)):
                if not _is_importing(frame):
                    self._use(name, frame)
            if code.co_qualname in LOOKED_AT:
                self._operations.look_at(code.co_qualname, code.co_filename, frame.f_locals)
        elif event == "c_call":
            if id(argument) in self._builtins:
                self._use(self._builtins[id(argument)], frame)
            elif _COMPILED in str(getattr(argument, "__module__", "")):
                if frame.f_code.co_filename.startswith("<"):  # not a library calling its own
                    self._use(f"{argument.__module__}.{argument.__name__}", frame)
            elif self._places and frame.f_code.co_filename.startswith("<"):
                self._use_compiled(argument, frame)

    def _package_of(self, file: str) -> str:
        """Return the forbidden package or module that a file belongs to, "" if none."""
        name = self._files.get(file)
        if name is None:
            inside = (self._places[place] for place in self._places if file.startswith(place))
            name = self._files[file] = next(inside, "")
        return name

    def _use_compiled(self, function: Any, frame: FrameType) -> None:
        """Note a compiled function of a forbidden package that student code calls itself."""
        own = getattr(getattr(function, "__self__", None), "__name__", None)
        module = str(own or getattr(function, "__module__", None) or "")
        file = getattr(sys.modules.get(module), "__file__", None)
        if file and (name := self._package_of(file)):
            self._use(name, frame)

    def _ran(self, operation: str) -> None:
        self._use(operation, sys._getframe())

    def _use(self, name: str, frame: FrameType | None) -> None:
        self.seen = self.seen or (name, frame)


def place_of_module(name: str) -> str | None:
    """Return the folder of a package or the file of a module; None if the name is neither.

    It is looked for in its top package's folder, so that nothing is imported that was not before.
    """
    root, *parts = name.split(".")
    try:
        spec = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations or not parts:
        return None
    for top in spec.submodule_search_locations:
        path = "/".join([top, *parts])
        if os.path.isdir(path):  # noqa: PTH112 - `pathlib` is slow beside student code
            return f"{path}/"
        if os.path.isfile(f"{path}.py"):  # noqa: PTH113
            return f"{path}.py"
    return None


def _is_importing(frame: FrameType | None) -> bool:
    """Return whether code runs because its module is imported, not because it is used."""
    while frame is not None and not frame.f_code.co_filename.startswith("<cell"):
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


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
