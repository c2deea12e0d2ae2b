"""A result as outputs of the notebook's cells, in the words that nbgrader takes points from.

nbgrader gives a grade cell the number that is the text of its `execute_result`; no points after
anything on stderr or an error, and all of them after anything else.  So a grade cell gets its
findings as `display_data` and then one plain number, always.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbformat.v4 import new_markdown_cell, new_output

from autograder.course.notebook import check_id
from autograder.report import fragment, markdown, phrases, terminal
from autograder.report.sanitize import clean, shorten
from autograder.results.result import CellRun, ExerciseResult, Result
from autograder.submissions.notebook_file import grade_id_of, nbgrader_metadata


def write(notebook: Any, result: Result) -> None:
    """Puts findings, points and captured output into a notebook of format 4."""
    runs = {run.cell: run for run in result.cells}
    exercises = {check_id(one.exercise): one for one in result.exercises}
    count = 0
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, 1):
        exercise = exercises.get(grade_id_of(cell)) if is_grade_cell(cell) else None
        run = runs.get(number)
        if exercise is not None:
            count += 1
            cell["outputs"] = _findings(exercise, count)
        elif run is not None and run.status != "skipped":
            count += 1
            cell["outputs"] = list(captured(run))
        else:
            cell["execution_count"] = None
            continue
        cell["execution_count"] = count
    _add_notes(notebook, result)


def is_grade_cell(cell: Any) -> bool:
    """Whether a cell carries points, so that nbgrader reads its outputs."""
    return nbgrader_metadata(cell).get("grade") is True


def finished(path: Path) -> bool:
    """Whether an autograded notebook went through both of nbgrader's passes.

    The first clears all outputs and numbers of cells, the second gives them.
    """
    try:
        code = [c for c in json.loads(path.read_bytes())["cells"] if c["cell_type"] == "code"]
        return not code or any(cell["execution_count"] is not None for cell in code)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def points_text(exercise: ExerciseResult) -> str:
    """The points as nbgrader reads them; more than there are, by rounding, would be an error."""
    return repr(float(max(0.0, min(round(exercise.points, 9), exercise.max_points))))


def _findings(exercise: ExerciseResult, count: int) -> list[Any]:
    shown = {"text/html": fragment.finding_html(exercise), "text/plain": terminal.render(exercise)}
    points = {"text/plain": points_text(exercise)}
    return [
        new_output("display_data", data=shown),
        new_output("execute_result", data=points, execution_count=count),
    ]


def captured(run: CellRun) -> Any:
    """What a cell printed, and how it failed, as outputs."""
    if printed := shorten(clean(run.output)):
        yield new_output("stream", name="stdout", text=printed)
    if run.status != "ok":
        how = phrases.CELL_WORDS.get(run.status, run.status)
        said = clean(run.error) or f"The cell {how}."
        yield new_output("error", ename=run.status, evalue=how, traceback=[said])


def _add_notes(notebook: Any, result: Result) -> None:
    notes = [*result.notes, *([phrases.NOT_ISOLATED] if result.isolation == "none" else [])]
    if not notes:
        return
    told = "".join(f"- {markdown.inline(note)}\n" for note in notes)
    cell = new_markdown_cell(f"**About this notebook** (written by the grader)\n\n{told}")
    if (notebook["nbformat"], notebook["nbformat_minor"]) >= (4, 5):
        cell["id"] = "autograder-notes"
    else:
        del cell["id"]  # format 4.4 knows none
    notebook["cells"].insert(0, cell)
