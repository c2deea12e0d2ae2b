"""Which value a name is graded by, where a later cell gives the name to something else.

A student may try `sigmoid = sigmoid(x)` below the check of `sigmoid`.  What the check has seen is
the answer; what stands below it is an experiment, unless it defines the name anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

_GONE = object()
_MAGIC = re.compile(r"^[ \t]*[%!?].*", re.MULTILINE)  # lines that are not Python


class Answers:
    """Remembers what the names of a program held, cell by cell.

    Args:
        names: the program's names, as its cells change them.
        until: by an exercise's name, the number of the last cell that counts for it.
    """

    def __init__(self, names: dict[str, Any], until: Mapping[str, int] | None = None) -> None:
        self._names = names
        self._until = dict(until or {})
        self._graded: dict[str, Any] = {}  # as it stood at the end of the last cell that counts
        self._before: dict[str, Any] = {}
        self._callable: dict[str, Any] = {}  # the last value that can be called
        self._helpers: dict[str, Any] | None = None  # what else was there when the last one ended

    def before(self, number: int) -> None:
        """Look at the names before a cell runs."""
        self._before = {name: self._names.get(name, _GONE) for name in self._until}
        for name, last in self._until.items():
            if last < number and name not in self._graded:
                self._graded[name] = self._before[name]
        if self._until and self._helpers is None and max(self._until.values()) < number:
            self._helpers = {
                name: value for name, value in self._names.items() if _can_be_used(value)
            }

    def after(self, source: str) -> list[str]:
        """Look at the names after a cell has run; return those that it gave to something else."""
        changed = [
            name for name in self._until if self._names.get(name, _GONE) is not self._before[name]
        ]
        passing = in_passing(source) if changed else set()
        for name in changed:
            value = self._names.get(name, _GONE)
            if not callable(value):
                continue
            self._callable[name] = value
            if name in self._graded and (name not in passing or _is_called(value, name)):
                self._graded[name] = value
        rights = {name: self._right(name) for name in changed}
        return [
            name
            for name, right in rights.items()
            if right is not None and right is not self._now(name)
        ]

    def restore(self) -> None:
        """Give the names back what they are graded by."""
        for name in self._until:
            right = self._right(name)
            if right is not None:
                self._names[name] = right
        for name, value in (self._helpers or {}).items():
            if name not in self._until and not _can_be_used(self._now(name)):
                self._names[name] = value

    def _now(self, name: str) -> Any:
        return self._names.get(name, _GONE)

    def _right(self, name: str) -> Any:
        """Return what a name is graded by as things are, None if nothing of it can be called."""
        values = (self._graded.get(name, _GONE), self._now(name), self._callable.get(name))
        return next((value for value in values if callable(value)), None)


def in_passing(source: str) -> set[str]:
    """Return the names that a cell's top level uses for something which is not meant to stay.

    These are a loop's variable, what `with` opens, what is imported under the name, and the result
    of calling what had the name.
    """
    try:
        tree = ast.parse(_MAGIC.sub("", source))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return set()
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Lambda):
            found |= _called(node.value) & {name for one in node.targets for name in _names(one)}
        elif isinstance(node, ast.For | ast.AsyncFor):
            found |= _names(node.target)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            found |= _names(node.optional_vars)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.Module | ast.stmt | ast.excepthandler) and not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ):
            waiting += ast.iter_child_nodes(node)
    return found


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _called(node: ast.AST) -> set[str]:
    """Return the names that are called in an expression."""
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return {function.id for function in calls if isinstance(function, ast.Name)}


def _is_called(value: Any, name: str) -> bool:
    """Return whether a function or class has a name itself, from wherever it comes."""
    return isinstance(value, FunctionType | type) and value.__name__ == name


def _can_be_used(value: Any) -> bool:
    return callable(value) or isinstance(value, ModuleType)
