"""What a cell does to a name: define, assign, import or delete it."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Literal, NamedTuple

from autograder.wire.program import definition_of

_Kind = Literal["defines", "assigns", "imports", "deletes"]
# Cell magics whose body runs as the cell would.
_RUNS_BODY = re.compile(r"%%(?:time|capture|prun)\b[^\n]*")
_RESET = re.compile(r"^[ \t]*%reset(?:[ \t]+-[sf]+)*[ \t]*$", re.MULTILINE)


class Binding(NamedTuple):
    """One thing that a cell does to a name, with the line that says so, counted from 1."""

    line: int
    kind: _Kind
    code: str


def bindings(source: str, name: str) -> list[Binding]:
    """Return what a cell does to `name` at its top level, in the order of its lines.

    A cell with a syntax error does nothing; what it would define is found by its look.
    """
    lines = source.splitlines()
    tree = _parsed(source)
    if tree is None:
        found = _by_look(source, name)
    else:
        finder = _Finder(name)
        finder.visit(tree)
        found = finder.found
    found += [(_line(source, each.start()), "deletes") for each in _RESET.finditer(source)]
    return [
        Binding(line, kind, lines[line - 1].strip()[:200] if line <= len(lines) else "")
        for line, kind in sorted(found)
    ]


def _parsed(source: str) -> ast.Module | None:
    text, blank = source, len(source) - len(source.lstrip())
    if magic := _RUNS_BODY.match(source, blank):
        text = source[:blank].replace(" ", "") + source[magic.end() :]
    if re.search(r"^\s*[%!?]|=\s*[%!]|\?\s*$", text, re.MULTILINE):
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            text = TransformerManager().transform_cell(text)  # type: ignore[no-untyped-call]
        except SyntaxError:
            return None
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _by_look(source: str, name: str) -> list[tuple[int, _Kind]]:
    looks: tuple[tuple[_Kind, re.Pattern[str]], ...] = (
        ("defines", definition_of(name)),
        ("assigns", re.compile(rf"^{re.escape(name)}\s*=(?!=)", re.MULTILINE)),
    )
    return [
        (_line(source, each.start()), kind)
        for kind, look in looks
        for each in look.finditer(source)
    ]


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


class _Finder(ast.NodeVisitor):
    """Finds what happens to a name outside functions and classes, whose names are their own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.found: list[tuple[int, _Kind]] = []

    def visit_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        if node.name == self._name:
            self.found.append((node.lineno, "defines"))

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_definition

    def visit_inner(self, node: ast.AST) -> None:
        """Names in here are no names of the notebook."""

    visit_Lambda = visit_ListComp = visit_SetComp = visit_inner
    visit_DictComp = visit_GeneratorExp = visit_inner

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == self._name and not isinstance(node.ctx, ast.Load):
            kind: _Kind = "assigns" if isinstance(node.ctx, ast.Store) else "deletes"
            self.found.append((node.lineno, kind))

    def visit_alias(self, node: ast.alias) -> None:
        if (node.asname or node.name.partition(".")[0]) == self._name:
            self.found.append((node.lineno, "imports"))
