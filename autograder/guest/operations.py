"""Noticing which operations a framework runs, whatever function of it they are reached by.

TensorFlow reports every operation that it runs or puts into a graph (`op_callbacks`); of a function
that was traced before, or a graph that a session runs, the operations are looked up.  JAX's
primitives are seen by the profile hook of `autograder.guest.forbidden`, since each is bound in
Python when a function is traced; what was compiled before is forgotten first, so that it is traced
again.
"""

from __future__ import annotations

import fnmatch
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

# JAX's ways to run a primitive, or to put it into what is being traced.
_BINDS = frozenset({"Primitive.bind", "Primitive.bind_with_trace"})
_RUN = "BaseSession.run"  # TensorFlow's, of any graph, also one that was loaded
LOOKED_AT = _BINDS | {_RUN}
PREFIX = "op:"  # of a pattern among the names that an exercise forbids


class OperationWatch:
    """Calls `use` with the name of each operation that matches a pattern.

    Args:
        patterns: As `fnmatch` takes them, such as `*conv*`; upper and lower case are the same.
        use: Takes what was used, as students read it.
    """

    def __init__(self, patterns: Sequence[str], use: Callable[[str], None]) -> None:
        self._patterns = [pattern.lower() for pattern in patterns]
        self._use = use
        self._threads: set[int] = set()
        self._is_forgotten = False
        self._matches = lru_cache(maxsize=None)(self._is_forbidden)

    def start(self) -> None:
        """Watch this thread from now on."""
        if not self._patterns:
            return
        if "tensorflow" in sys.modules:
            _callbacks().add_op_callback(self._ran)
            self._threads.add(threading.get_ident())
        if "jax" in sys.modules and not self._is_forgotten:
            self._is_forgotten = True
            sys.modules["jax"].clear_caches()

    def stop(self) -> bool:
        """Stop watching this thread; return whether nobody else has stopped it."""
        if threading.get_ident() not in self._threads:
            return True
        try:
            _callbacks().remove_op_callback(self._ran)
        except KeyError:
            return False
        return True

    def look_at(self, qualified_name: str, file: str, values: dict[str, Any]) -> None:
        """Look at a call of Python code that runs operations which are not reported otherwise.

        Args:
            qualified_name: Of the code that is called.
            file: Its file.
            values: The call's arguments by name.
        """
        if not self._patterns:
            return
        if qualified_name in _BINDS and file.endswith("core.py"):
            self._one(str(getattr(values.get("self"), "name", "")), "JAX")
        elif qualified_name == _RUN:
            graph = getattr(values.get("self"), "graph", None)
            for operation in graph.get_operations() if graph is not None else ():
                self._one(operation.type, "TensorFlow")

    def _ran(self, op_type: Any, *_: Any, **__: Any) -> None:
        name = op_type.decode() if isinstance(op_type, bytes) else str(op_type)
        for one in _within(name) if name.startswith("__") else (name,):
            self._one(one, "TensorFlow")

    def _one(self, name: str, framework: str) -> None:
        if self._matches(name.lower()):
            self._use(f"{framework}'s operation {name}")

    def _is_forbidden(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self._patterns)


def _callbacks() -> Any:
    from tensorflow.python.framework import op_callbacks

    return op_callbacks


def _within(function: str) -> Iterator[str]:
    """Yield the operations of a traced function, and of those that it calls."""
    from tensorflow.python.eager import context

    waiting, seen = [function], set()
    while waiting:
        name = waiting.pop()
        if name in seen or not context.context().has_function(name):
            continue
        seen.add(name)
        for node in context.context().get_function_def(name).node_def:
            if not node.op.startswith("__"):  # a function, whose name is its author's
                yield node.op
            waiting.append(node.op)
            for value in node.attr.values():
                waiting += [value.func.name] if value.HasField("func") else []
                waiting += [one.name for one in value.list.func]
