"""Gradescope's `results.json`, as its autograder specification describes it."""

from __future__ import annotations

import json
from typing import Any

from autograder.report import markdown, phrases
from autograder.report.sanitize import one_line
from autograder.results.result import ExerciseResult, Finding, Result


def render(result: Result, visibility: str = "visible") -> str:
    """Return one submission's results.

    Students see findings, never a wanted value: they are made for students.  Where the grader
    itself failed, no score is given at all, so that Gradescope shows a failed run and not a zero.

    Args:
        result: the submission.
        visibility: when students see the tests: "visible", "after_due_date", "after_published",
            "hidden".
    """
    data: dict[str, Any] = {
        "output": markdown.student(result),
        "output_format": "md",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(result.seconds, 3),
        "extra_data": {"unit": one_line(result.unit), "isolation": result.isolation},
    }
    if result.status != "fault":
        data["score"] = round(float(result.points), 6)
        data["tests"] = [
            _test(f"{number}.{index}", exercise, finding, visibility)
            for number, exercise in enumerate(result.exercises, 1)
            for index, finding in enumerate(exercise.findings, 1)
        ]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _test(
    number: str, exercise: ExerciseResult, finding: Finding, visibility: str
) -> dict[str, Any]:
    told = [markdown.told_as(sentence) for sentence in phrases.sentences(finding)]
    if finding.place and finding.verdict != "passed":
        told.append(f"{phrases.where(finding.place)}: {markdown.inline(f'`{finding.place.code}`')}")
    name = f"{one_line(exercise.exercise)}: {one_line(finding.claim)}"
    return {
        "number": number,
        "name": name.replace("`", ""),
        "score": round(float(finding.points), 6),
        "max_score": round(float(finding.max_points), 6),
        "status": "passed" if finding.verdict == "passed" else "failed",
        "output": "\n\n".join(told),
        "output_format": "md",
        "visibility": visibility,
        "tags": [phrases.WORDS[finding.verdict]],
    }
