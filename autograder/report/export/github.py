"""What GitHub Actions reads: annotations on the notebook, and the step's outputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from autograder.report import phrases
from autograder.report.sanitize import inert, one_line
from autograder.results.result import Finding, Result

# GitHub shows this many annotations of a step; the rest is in the summary.
SHOWN = 10


def marks(result: Result, path: str, notebook: str) -> list[str]:
    """Return workflow commands that mark the notebook's lines, one an exercise that isn't right.

    Args:
        result: the submission's result.
        path: the notebook in the repository.
        notebook: its text, in which the lines are looked for.
    """
    if result.status != "graded":
        level = "error" if result.status == "ungradable" else "warning"
        said = result.problem or phrases.RUN_AGAIN
        return [_command(level, path, 1, result.unit, said)]
    lines = notebook.splitlines()
    return [
        _command("error", path, _line_of(finding, lines), title, _message(finding))
        for title, finding in _first_findings(result)
    ][:SHOWN]


def outputs(results: Sequence[Result]) -> str:
    """Return lines for the step's outputs: points, what could be had, the share in percent."""
    points = sum(result.points for result in results)
    most = sum(result.max_points for result in results)
    statuses = {result.status for result in results}
    status = next((s for s in ("fault", "ungradable") if s in statuses), "graded")
    values = {
        "points": phrases.number(points),
        "max_points": phrases.number(most),
        "percent": phrases.number(round(phrases.percent(points, most), 2)),
        "status": status if results else "ungradable",
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _first_findings(result: Result) -> Iterator[tuple[str, Finding]]:
    for exercise in result.exercises:
        if finding := phrases.to_fix(exercise):
            yield f"{one_line(exercise.exercise)}: {phrases.share(exercise)}", finding


def _message(finding: Finding) -> str:
    told = [sentence.line for sentence in phrases.sentences(finding)]
    return inert("\n".join([finding.claim, *told])).replace("`", "'")


def _line_of(finding: Finding, lines: list[str]) -> int:
    """The line of the notebook's file that holds the student's, 1 where it can't be told."""
    if finding.place is None or not finding.place.code.strip():
        return 1
    written = json.dumps(finding.place.code, ensure_ascii=False)[1:-1]
    escaped = json.dumps(finding.place.code)[1:-1]
    found = (n for n, line in enumerate(lines, 1) if written in line or escaped in line)
    return next(found, 1)


def _command(level: str, path: str, line: int, title: str, message: str) -> str:
    properties = f"file={_property(path)},line={line},title={_property(one_line(title))}"
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    # A newline that gets through would begin a command of the student's own.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
