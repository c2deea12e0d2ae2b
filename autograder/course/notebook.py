"""The notebooks of a unit, made from the cells of its script: the author's and the students'."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from autograder.course.fast_nbformat import nbformat
from autograder.course.script import BEGIN, END, AuthorError, Cell, Figure, read_script

__all__ = [
    "AuthorError",
    "Cell",
    "Figure",
    "author_notebook",
    "check_id",
    "check_source",
    "clear_solutions",
    "dumps",
    "read_script",
    "release_notebook",
    "solution_lines",
]

STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")  # nbgrader's own text
EXPERIMENT = "experiment"
# What an experiment carries in a release.  It fails as long as the stubs that it calls are
# unanswered: JupyterLab's "Run All" goes on after a cell with the first tag has failed, and
# `nbgrader validate`, which gives no cell more than 30 seconds, leaves out one with the second.
RELEASED_EXPERIMENT = ("raises-exception", "skip-execution")

_TRIVIAL = re.compile(
    r"#.*|pass|continue|break|return( \w+)?|else:|try:|finally:|[)\]}]+[,:]?|\"\"\"|"
)


class Gradable(Protocol):
    """What this module needs of an exercise."""

    @property
    def name(self) -> str: ...
    @property
    def points(self) -> float: ...


def author_notebook(cells: Sequence[Cell], exercises: Sequence[Gradable], unit: str) -> Any:
    """Return the notebook with solutions, nbgrader's source: a NotebookNode.

    Raises:
        AuthorError: Exercises and solution cells don't fit one to one.
    """
    return _notebook([_node(cell) for cell in _assign(cells, exercises)], unit)


def release_notebook(cells: Sequence[Cell], exercises: Sequence[Gradable], unit: str) -> Any:
    """Return the notebook for students, with stubs for the solutions: a NotebookNode.

    Raises:
        AuthorError: Exercises and solution cells don't fit one to one.
    """
    return _notebook([_lock(_node(_release(cell))) for cell in _assign(cells, exercises)], unit)


def dumps(notebook: Any) -> str:
    """Return the text of the notebook file; the same notebook gives the same bytes."""
    return f"{nbformat.writes(notebook)}\n"  # type: ignore[no-untyped-call]


def clear_solutions(source: str) -> str:
    """Return the source with nbgrader's stub text in place of each solution region."""
    lines: list[str] = []
    inside = False
    for line in source.split("\n"):
        if line.strip() == BEGIN:
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + stub for stub in STUB]
            inside = True
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def solution_lines(cells: Sequence[Cell]) -> list[str]:
    """Return the lines that reveal a solution; a released notebook must not contain any."""
    return [
        line
        for cell in cells
        for region in re.findall(f"{BEGIN}(.*?){END}", cell.source, re.DOTALL)
        for line in map(str.strip, region.split("\n"))
        if not _TRIVIAL.fullmatch(line)
    ]


def check_id(exercise: str) -> str:
    """Return the grade id of the locked cell that checks an exercise."""
    return f"check_{exercise}"


def check_source(exercise: str, points: float) -> str:
    """Return the source of the locked cell that checks an exercise."""
    unit = "point" if points == 1 else "points"
    return (
        f"# Public checks of `{exercise}` ({points:g} {unit}); "
        f'the grader repeats them with other numbers.\ncheck("{exercise}")'
    )


def _assign(cells: Sequence[Cell], exercises: Sequence[Gradable]) -> list[Cell]:
    """Return the cells with their roles, and a grade cell after each solution cell."""
    points = {exercise.name: exercise.points for exercise in exercises}
    _check_names(points)
    assigned: list[Cell] = []
    found: dict[str, Cell] = {}
    for cell in cells:
        assigned.append(cell)
        for name in _answers(cell, points):
            if name in found:
                raise AuthorError(
                    f"{cell.place}: this cell defines `{name}`, and so does {found[name].place}. "
                    "An exercise has one cell: delete or rename one."
                )
            found[name] = cell
            source = check_source(name, points[name])
            assigned[-1] = replace(cell, grade_id=name, role="solution")
            assigned.append(Cell("code", source, (), check_id(name), "grade", points[name]))
    for name in points.keys() - found.keys():
        where = cells[0].place.rpartition(":")[0] if cells else "the script"
        raise AuthorError(
            f"{where}: the exercise `{name}` has no solution cell. Expected one code cell with "
            f"`def {name}` or `class {name}` at its top level and `{BEGIN}` .. `{END}` inside it."
        )
    return assigned


def _check_names(names: Collection[str]) -> None:
    for name in names:
        # nbgrader's grade ids and nbformat's cell ids allow no more than this.
        if not re.fullmatch(r"[A-Za-z0-9_]{1,58}", name) or check_id(name) in names:
            raise AuthorError(
                f"The exercise `{name}` can't have this name: it and `{check_id(name)}` must be "
                "two ids of ASCII letters, digits and `_`, at most 64 long, that no other "
                "exercise has. Rename it."
            )


def _answers(cell: Cell, names: dict[str, float]) -> list[str]:
    """Return the exercise that a cell answers: none or one."""
    if cell.kind != "code":
        return []
    defined = [name for name in _definitions(cell) if name in names]
    if BEGIN not in cell.source:
        if defined:
            raise AuthorError(
                f"{cell.place}: this cell defines `{defined[0]}`, which is an exercise, without "
                f"`{BEGIN}` .. `{END}`: students would read the solution. Add the two lines."
            )
        return []
    if len(defined) != 1 or EXPERIMENT in cell.tags:
        seen = " and ".join(f"`{name}`" for name in defined) or "no exercise"
        raise AuthorError(
            f"{cell.place}: this cell has a solution region and defines {seen}"
            f"{' and is an experiment' if EXPERIMENT in cell.tags else ''}. Expected exactly one "
            f"of the unit's exercises ({', '.join(names)}) outside the region, and no such tag: "
            "split the cell, or declare the exercise."
        )
    return defined


def _definitions(cell: Cell) -> Iterator[str]:
    """Yield the names of top-level functions and classes outside solution regions."""
    source = clear_solutions(cell.source)
    try:
        # Magics aren't Python; a comment of the same length keeps the lines.
        tree = ast.parse(re.sub(r"(?m)^[%!].*$", "#", source))
    except SyntaxError as error:
        if BEGIN not in cell.source:  # a cell may be for another language, or for IPython
            return
        raise AuthorError(
            f"{cell.place}: without its solution this cell isn't Python: {error.msg} at "
            f"`{(error.text or '').strip()}`. Students get it like that: make a stub that parses."
        ) from None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _release(cell: Cell) -> Cell:
    tags = (*cell.tags, *RELEASED_EXPERIMENT) if EXPERIMENT in cell.tags else cell.tags
    return replace(cell, source=clear_solutions(cell.source), tags=tags)


def _node(cell: Cell) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": list(cell.tags)} if cell.tags else {}
    node: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": cell.grade_id,
        "metadata": metadata,
        "source": cell.source,
    }
    if cell.kind == "code":
        node |= {"execution_count": None, "outputs": []}
    if cell.figures:
        node["attachments"] = {figure.name: {figure.mime: figure.data} for figure in cell.figures}
    if cell.role != "plain":
        grade = cell.role == "grade"
        metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": cell.grade_id,
            "grade": grade,
            "locked": grade,
            "solution": not grade,
            "task": False,
        } | ({"points": cell.points} if grade else {})
    return node


def _lock(node: dict[str, Any]) -> dict[str, Any]:
    """Add what `nbgrader generate_assignment` adds, so that both tools write the same release."""
    metadata = node["metadata"]
    nbgrader = metadata.get("nbgrader")
    if nbgrader:
        metadata |= {"deletable": False} | ({"editable": False} if nbgrader["grade"] else {})
        flags = [nbgrader["grade"], nbgrader["solution"], nbgrader["locked"]]
        parts = [node["source"], "code", *map(str, flags), nbgrader["grade_id"]]
        parts += [str(float(nbgrader["points"]))] if nbgrader["grade"] else []
        digest = hashlib.md5("".join(parts).encode("utf-8"), usedforsecurity=False)
        nbgrader |= {"cell_type": "code", "checksum": digest.hexdigest()}
    return node


def _notebook(nodes: list[dict[str, Any]], unit: str) -> Any:
    seen: Counter[str] = Counter()
    for node in nodes:
        # A cell keeps its id when another is put before it, which keeps diffs small.
        text = f"{seen[node['source']]}\n{node['source']}"
        seen[node["source"]] += 1
        node["id"] = node["id"] or hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
    metadata = {
        "autograder": {"unit": unit},
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    content = {"cells": nodes, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.from_dict(content)  # type: ignore[no-untyped-call]
