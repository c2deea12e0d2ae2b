"""Grade and solution cells as the gradebook has them, whatever a student or an editor did."""

from __future__ import annotations

import re
from typing import Any

from nbformat import from_dict
from nbgrader.api import Gradebook
from nbgrader.preprocessors import OverwriteCells
from nbgrader.utils import compute_checksum

from autograder.submissions.identify import printable
from autograder.wire.program import definition_of

SCHEMA_VERSION = 3  # of the metadata that nbgrader 0.9 reads
_MAX_TOLD = 5  # names that are told one by one
_MAX_SHOWN = 60  # characters of a name


class RestoreCells(OverwriteCells):
    """Takes every mark of nbgrader from the gradebook, and adds the grade cells that are missing.

    It stands for nbgrader's `DeduplicateIds` and `OverwriteCells`, and reports what they report.
    Those stop at a submission, and some stop the whole class, where marks are damaged, doubled or
    of an older schema, or where a solution cell is missing before a grade cell.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        self.notebook_id = resources["nbgrader"]["notebook"]
        self.assignment_id = resources["nbgrader"]["assignment"]
        with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
            source = gradebook.find_notebook(self.notebook_id, self.assignment_id)
            self._sources = {cell.name: cell for cell in source.source_cells}
            self._points = {cell.name: cell.max_score for cell in source.grade_cells}
            self._points |= {cell.name: cell.max_score for cell in source.task_cells}
            self._grades = {cell.name for cell in source.grade_cells}
            self._solutions = {cell.name for cell in source.solution_cells}
            self._tasks = {cell.name for cell in source.task_cells}
            self._restore(nb)
        return nb, resources

    def _restore(self, nb: Any) -> None:
        found: dict[str, Any] = {}
        doubled: list[str] = []
        unknown: list[str] = []
        for cell in reversed(nb.cells):  # of two with one id the last counts, as in nbgrader
            name = _name(cell)
            if name and name not in self._sources:
                unknown.append(name)
                name = ""
            if name in found:
                doubled.append(name)
                name = ""
            if name:
                self._restore_cell(cell, name)
                found[name] = cell
            else:
                cell.metadata.pop("nbgrader", None)
        self._tell_each(doubled, "Cell with id '%s' exists multiple times!")
        self._tell_each(unknown, "Cell '%s' does not exist in the database")
        for name in self._solutions - self._grades - found.keys():
            cell = _unmarked_definition(nb, name)
            if cell is None:
                self.log.warning("Missing solution cell %s", name)
            else:
                self._restore_cell(cell, name)
                found[name] = cell
        self._add_missing(nb, found)

    def _tell_each(self, names: list[str], message: str) -> None:
        """Warns of names of unknown origin, each once and of a few only."""
        each = list(dict.fromkeys(names))
        for name in each[:_MAX_TOLD]:
            self.log.warning(message, printable(name[:_MAX_SHOWN]))
        if len(each) > _MAX_TOLD:
            self.log.warning(f"{message} (%s more)", "…", f"{len(each) - _MAX_TOLD:,}")

    def report_change(self, name: str, attr: str, old: Any, new: Any) -> None:
        """Warns as nbgrader does; what a student's notebook says is shown as far as it can be."""
        super().report_change(name, attr, old, printable(str(new)[:_MAX_SHOWN]))

    def _restore_cell(self, cell: Any, name: str) -> None:
        source = self._sources[name]
        if cell.cell_type != source.cell_type:
            self.report_change(name, "cell_type", source.cell_type, cell.cell_type)
            self.update_cell_type(cell, source.cell_type)
        marks = self._marks(name)
        old = cell.metadata.get("nbgrader", marks)
        for key in ("grade", "solution", "locked", "points"):
            if key in marks and old.get(key) != marks[key]:
                self.report_change(name, key, marks[key], old.get(key))
        cell.metadata["nbgrader"] = marks
        if source.locked and cell.source != source.source:
            self.report_change(name, "checksum", source.checksum, compute_checksum(cell))
            cell.source = source.source

    def _marks(self, name: str) -> Any:
        """The metadata of a cell as `nbgrader generate_assignment` wrote it."""
        source, grade = self._sources[name], name in self._grades
        marks = {
            "schema_version": SCHEMA_VERSION,
            "grade_id": name,
            "grade": grade,
            "solution": name in self._solutions,
            "locked": source.locked,
            "task": name in self._tasks,
            "cell_type": source.cell_type,
            "checksum": source.checksum,
        }
        if name in self._points:
            marks["points"] = self._points[name]
        return from_dict(marks)

    def _add_missing(self, nb: Any, found: dict[str, Any]) -> None:
        """Adds missing grade and task cells, each behind the marked cell that precedes it."""
        before: Any = None
        for name, source in self._sources.items():
            if name not in found and name in self._points:
                self.log.warning("Missing grade cell %s encountered, adding to notebook", name)
                cell = self._missing(nb, name, source)
                index = _position(nb.cells, before) + 1 if before is not None else len(nb.cells)
                nb.cells.insert(index, cell)
                found[name] = cell
            before = found.get(name, before)

    def _missing(self, nb: Any, name: str, source: Any) -> Any:
        cell = self.missing_cell_transform(
            source,
            self._points[name],
            is_solution=name in self._solutions,
            is_task=name in self._tasks,
        )
        cell.metadata["nbgrader"] = self._marks(name)
        if (nb.nbformat, nb.nbformat_minor) >= (4, 5):
            cell["id"] = f"restored-{re.sub('[^A-Za-z0-9_-]', '-', name)}"[:64]
        return cell


def _name(cell: Any) -> str:
    """The grade id that a cell claims, or ""."""
    marks = cell.metadata.get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else ""


def _unmarked_definition(nb: Any, name: str) -> Any:
    """The last code cell without marks that defines an exercise; some editors drop all marks."""
    defines = definition_of(name)
    for cell in reversed(nb.cells):
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            if defines.search(cell.source):
                return cell
    return None


def _position(cells: list[Any], cell: Any) -> int:
    return next(index for index, other in enumerate(cells) if other is cell)
