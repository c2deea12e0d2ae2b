"""`nbgrader export` without zeros that nobody gave."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from nbgrader.plugins import CsvExportPlugin

from autograder.report import output
from autograder.report.sanitize import one_line

# From the end, since nbgrader doesn't quote names, which may hold commas.
_RAW_SCORE, _PENALTY, _SCORE = -4, -3, -2


class GradesExporter(CsvExportPlugin):
    """nbgrader's table, with empty scores for submissions of which nothing is graded yet.

    A student who handed nothing in has 0, as in nbgrader.
    """

    def export(self, gradebook: Any) -> None:
        super().export(gradebook)
        waiting = {
            (assignment.name, submission.student.id)
            for assignment in gradebook.assignments
            for submission in assignment.submissions
            if _is_ungraded(submission)
        }
        path = Path(self.to or "grades.csv")
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        for row in rows:
            if (row[0], row[3]) in waiting:
                row[_RAW_SCORE] = row[_PENALTY] = row[_SCORE] = ""
        output.write(path, "".join(",".join(row) + "\n" for row in rows))
        if waiting:
            listed = ", ".join(
                f"{one_line(student)} ({assignment})" for assignment, student in sorted(waiting)
            )
            self.log.warning("Not graded yet, so without a score: %s", listed)


def _is_ungraded(submission: Any) -> bool:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    return all(grade.auto_score is None and grade.manual_score is None for grade in grades)
