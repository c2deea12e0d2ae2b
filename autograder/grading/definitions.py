"""Which text of a notebook made what was graded, among others that only look as if they had.

A definition counts if it runs: not one in a string, under `if False:`, behind a line that failed or
in a cell that is skipped.  It is read from the text alone, for the process of a submission could
say anything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.results.result import Place
from autograder.wire.evidence import Evidence
from autograder.wire.program import ProgramCell, definition_of

_MAX_SOURCE = 100_000  # characters of a cell that is parsed
_MAX_ALIASES = 5  # names that a definition is followed through: `f = g`
# Lines that are not Python, and the magics of whole cells below which Python runs all the same.
_LINE_MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|\w[\w., ]*= *[%!].*)$", re.MULTILINE)
_CELL_MAGIC = re.compile(r"\A\s*%%(\w+)")
_RUNS_BELOW = {"capture", "debug", "memit", "prun", "time"}


@dataclass(frozen=True)
class _Binding:
    """Where a name is given to something: a definition, or another name's or a call's value."""

    cell: ProgramCell
    line: int
    defines: bool
    alias: str = ""  # whose value it takes

    @property
    def place(self) -> Place:
        """The line, as findings show it."""
        return Place(self.cell.number, self.line, _line(self.cell.source, self.line)[:200])


def definition(
    cells: Sequence[ProgramCell], name: str, ran: Mapping[int, Evidence] | None = None
) -> tuple[ProgramCell, Place] | None:
    """Return the cell that gave `name` what is graded, and where in it.

    Args:
        cells: the notebook's.
        name: the exercise's.
        ran: how the cells ran, where that is known.
    """
    found = _graded(cells, name, ran or {})
    if found is None:
        return _written(cells, name)
    return found.cell, found.place


def defining(cells: Sequence[ProgramCell], name: str, ran: Mapping[int, Evidence]) -> list[int]:
    """Return the numbers of the cells that ran to their end and define a name."""
    fine = [cell for cell in cells if ran.get(cell.number, Evidence("")).status == "ok"]
    return [
        cell.number
        for cell in fine
        if any(binding.defines for binding in _bindings(cell, name, Evidence("ok")))
    ]


def _graded(
    cells: Sequence[ProgramCell], name: str, ran: Mapping[int, Evidence]
) -> _Binding | None:
    """Return the last binding that ran and counts; an alias is followed to what it stands for."""
    for _ in range(_MAX_ALIASES):
        found: _Binding | None = None
        for number, cell in enumerate(cells, 1):
            how = ran.get(cell.number, Evidence("ok"))
            # What the name was given to in passing is not graded (`guest.answers`).
            passed_over = isinstance(how.value, list) and name in how.value
            for binding in _bindings(cell, name, how):
                if binding.defines or not (passed_over or binding.alias == name):
                    found, until = binding, number
        if found is None or not found.alias:
            return found
        cells, name, alias = cells[:until], found.alias, found
        if not any(name in cell.source for cell in cells):
            return alias
    return found


def _bindings(cell: ProgramCell, name: str, how: Evidence) -> Iterator[_Binding]:
    """Yield where a cell binds a name as it runs, in order."""
    if cell.skip or name not in cell.source:
        return
    last = _last_line(cell, how)
    for node in _statements(_tree(cell.source)):
        if node.lineno > last:
            return
        binding = _binding(cell, node, name)
        if binding is not None:
            yield binding


def _binding(cell: ProgramCell, node: ast.stmt, name: str) -> _Binding | None:
    """Return how a statement binds a name; None if it doesn't."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return _Binding(cell, node.lineno, True) if node.name == name else None
        case ast.Assign(targets=targets, value=value):
            if not any(isinstance(one, ast.Name) and one.id == name for one in targets):
                return None
        case ast.AnnAssign(target=ast.Name(id=own), value=ast.expr() as value) if own == name:
            pass
        case ast.ImportFrom(names=names) | ast.Import(names=names):
            given = {alias.asname or alias.name for alias in names}
            return _Binding(cell, node.lineno, False) if name in given else None
        case _:
            return None
    alias = value.id if isinstance(value, ast.Name) else ""
    # A function's own result in its place is no function any more: `sigmoid = sigmoid(x)`.
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name:
        alias = name
    return _Binding(cell, node.lineno, isinstance(value, ast.Lambda), alias)


def _statements(tree: ast.Module | None) -> Iterator[ast.stmt]:
    """Yield the statements that run as a cell does, in order: not those within functions."""
    waiting = list(reversed(tree.body)) if tree else []
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(list(_within(node)))


def _within(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statements of a block's parts that can run."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    test = node.test if isinstance(node, ast.If | ast.While) else None
    known = isinstance(test, ast.Constant)
    truth = bool(test.value) if isinstance(test, ast.Constant) else True
    parts = [] if known and not truth else [getattr(node, "body", [])]
    parts += [one.body for one in getattr(node, "handlers", [])]
    parts += [one.body for one in getattr(node, "cases", [])]
    parts += [] if known and truth else [getattr(node, "orelse", [])]
    parts += [getattr(node, "finalbody", [])]
    for part in parts:
        yield from part


def _last_line(cell: ProgramCell, how: Evidence) -> float:
    """Return the last line of a cell that ran to its end, as far as that is known."""
    if how.status == "ok":
        return float("inf")
    failure = how.failure
    if failure is None or failure.cell != cell.number or not failure.line:
        return 0 if failure is not None and failure.type_name == "SyntaxError" else float("inf")
    # A statement that failed bound nothing.
    return failure.line - 1


def _tree(source: str) -> ast.Module | None:
    """Return what Python makes of a cell, None if nothing of it can run."""
    if len(source) > _MAX_SOURCE:
        return None
    magic = _CELL_MAGIC.match(source)
    if magic and magic[1] not in _RUNS_BELOW:
        return None
    try:
        return ast.parse(_LINE_MAGIC.sub(r"\1pass", source))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _written(cells: Sequence[ProgramCell], name: str) -> tuple[ProgramCell, Place] | None:
    """Return the last cell with the text of a definition that Python does not read at all."""
    pattern = definition_of(name)
    for cell in reversed(cells):
        if cell.skip or _tree(cell.source) is not None:
            continue
        for number, line in enumerate(cell.source.splitlines(), 1):
            if pattern.match(line):
                return cell, Place(cell.number, number, line.strip()[:200])
    return None


def _line(source: str, number: int) -> str:
    lines = source.splitlines()
    return lines[number - 1].strip() if number <= len(lines) else ""
