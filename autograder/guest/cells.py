"""Running a cell statement by statement where an import in it fails.

An unused `import pandas` in the first cell would otherwise take all that follows it away.  What
can't be imported is passed over and reported; so is a statement that asks for a name which was to
be imported.  Everything else stops the cell, as in Jupyter.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograder.guest import front_end

_ANY = "*"  # `from … import *` would have bound nobody knows what


class Statements:
    """Runs the statements of a shell's cells; `failures` are those of the statements passed over.

    `absent` are the names that they would have bound.
    """

    def __init__(self, shell: Any) -> None:
        self._names = shell.user_ns
        self._run: Callable[..., Any] = shell.run_ast_nodes
        self._absent: set[str] = set()
        self.failures: list[BaseException] = []
        shell.run_ast_nodes = self._run_nodes

    async def _run_nodes(
        self,
        nodelist: list[ast.stmt],
        cell_name: str,
        interactivity: str = "last_expr",
        compiler: Any = compile,
        result: Any = None,
    ) -> bool:
        waiting = list(_imports_apart(nodelist))
        while waiting:
            # Once something is missing, each statement may need it.
            count = 1 if self._absent else _until_import(waiting)
            part, waiting = waiting[:count], waiting[count:]
            how = "none" if waiting and interactivity != "all" else interactivity
            if not await self._run(part, cell_name, how, compiler, result):
                continue
            if len(part) > 1 or not self._passes_over(part[0], result):
                return True
        return False

    def _passes_over(self, statement: ast.stmt, result: Any) -> bool:
        """Return whether the cell goes on after a statement that failed."""
        error = result.error_in_exec if result is not None else None
        if isinstance(statement, ast.Import | ast.ImportFrom) and isinstance(error, Exception):
            bound = {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
            if isinstance(error, ImportError) and front_end.stands_for(_module(statement)):
                self._names.update(dict.fromkeys(bound - {_ANY}, front_end.Inert()))
                result.error_in_exec = None
                return True
        elif isinstance(error, NameError) and self._lacks(error.name):
            bound = _bound(statement)
        else:
            return False
        self._absent |= bound
        self.failures.append(error)
        result.error_in_exec = None
        return True

    def _lacks(self, name: str | None) -> bool:
        return name not in self._names and bool(self._absent & {name, _ANY})


def _imports_apart(nodes: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, an import of several modules as several imports."""
    for node in nodes:
        if not isinstance(node, ast.Import):
            yield node
            continue
        for alias in node.names:
            yield ast.copy_location(ast.Import([alias]), node)


def _until_import(nodes: Sequence[ast.stmt]) -> int:
    """Return how many statements can run together: one import, or all before the next."""
    imports = [
        index for index, node in enumerate(nodes) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    first = imports[0] if imports else len(nodes)
    return first or 1


def _module(statement: ast.Import | ast.ImportFrom) -> str:
    """Return the dotted name of what is imported; `from google import colab` is `google.colab`."""
    name = statement.names[0].name
    if isinstance(statement, ast.Import):
        return name
    package = statement.module or ""
    return package if front_end.stands_for(package) else f"{package}.{name}"


def _bound(statement: ast.stmt) -> set[str]:
    """Return the names that a statement would have bound."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
