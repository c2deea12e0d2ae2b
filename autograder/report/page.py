"""HTML: a page for each student, and one for a class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from statistics import median
from typing import Any, NamedTuple

from jinja2 import Environment
from markupsafe import Markup

from autograder.report import code, fragment, item_analysis, markup, phrases, plots
from autograder.results.result import Result


class Mistake(NamedTuple):
    """A mistake that was recognised, its variants' names, and how many students made it."""

    exercise: str
    advice: str
    students: int
    names: str = ""


def student_page(result: Result) -> str:
    """Return a whole page, in one file, that tells a student what was seen in a submission.

    The same result gives the same bytes.  The seed and the path are not on it.
    """
    first = phrases.first_to_fix(result)
    return _page("student.html", result=result, first=first)


def class_page(results: Iterable[Result], anonymous: bool = False) -> str:
    """Return a page on a class: how points spread, mistakes, checks, and a table of students.

    Args:
        results: of any number of units.
        anonymous: whether students are numbered, and neither named nor linked to their pages.
    """
    units = phrases.by_unit(phrases.without_names(results) if anonymous else results)
    return _page("class.html", units=[_unit(*item) for item in units.items()], linked=not anonymous)


class _UnitView(NamedTuple):
    """What the class page shows of a unit."""

    name: str
    rows: list[Result]
    mistakes: list[Mistake]
    shares: list[item_analysis.ExerciseShares]
    checks: list[item_analysis.CheckFacts]
    pictures: list[plots.Picture]
    seconds: tuple[float, float]


def _unit(name: str, rows: list[Result]) -> _UnitView:
    shares = item_analysis.exercise_shares(rows)
    pictures = []
    if len(item_analysis.graded(rows)) > 1:  # of one it would show nothing that the row doesn't
        pictures = [plots.points(item_analysis.points_histogram(rows)), plots.exercises(shares)]
    return _UnitView(
        name,
        rows,
        count_mistakes(rows),
        shares,
        item_analysis.check_facts(rows),
        pictures,
        item_analysis.typical_seconds(rows),
    )


def similar_page(pairs: Sequence[Any], segments: Callable[..., Any]) -> str:
    """Return a page with pairs of similar notebooks; `segments` cuts code at its spans."""
    return _page("similar.html", pairs=pairs, segments=segments)


def page_path(result: Result, suffix: str = ".html") -> str:
    """Return where the class page looks for a student's page: `01_two_layer_network/ada.html`.

    Other files on the student lie beside it; `suffix` is how their names end.
    """
    return f"{markup.file_name(result.unit)}/{markup.file_name(result.student)}{suffix}"


def count_mistakes(results: Iterable[Result]) -> list[Mistake]:
    """Return the recognised mistakes, the most frequent first; a student counts once for each."""
    made = {
        (result.student, exercise.exercise, finding.advice, ", ".join(finding.explained_by))
        for result in results
        for exercise in result.exercises
        for finding in exercise.findings
        if finding.explained_by and finding.advice
    }
    names: dict[tuple[str, str], str] = {}
    for _, exercise, advice, variants in sorted(made):
        names.setdefault((exercise, advice), variants)
    counted = Counter({(student, exercise, advice) for student, exercise, advice, _ in made})
    students = Counter((exercise, advice) for _, exercise, advice in counted)
    ordered = sorted(students.items(), key=lambda item: (-item[1], item[0]))
    return [Mistake(*mistake, count, names[mistake]) for mistake, count in ordered]


def summary(results: list[Result]) -> str:
    """Return a class in one line: how many, their median, what needs the teacher."""
    graded = [result for result in results if result.status == "graded"]
    absent = sum(result.absent for result in results)
    handed_in = len(results) - absent
    parts = [f"{handed_in} submission{'' if handed_in == 1 else 's'}"]
    if graded:
        middle = phrases.number(median(result.points for result in graded))
        parts.append(f"median {middle} of {phrases.number(graded[0].max_points)} points")
    for status, told in [("fault", "to run again"), ("ungradable", "not gradable")]:
        count = sum(result.status == status and not result.absent for result in results)
        parts += [f"{count} {told}"] if count else []
    parts += [f"{absent} handed in nothing"] if absent else []
    return " · ".join(parts)


def _page(template: str, **values: object) -> str:
    environment = _environment()
    style = environment.get_template("page.css").render()
    return environment.get_template(template).render(
        style=Markup(style),
        policy=markup.policy(style),
        **values,
    )


@cache
def _environment() -> Environment:
    environment = fragment.environment()
    environment.filters.update(code=code.highlight, href=markup.href, summary=summary)
    environment.globals.update(page_path=page_path, statistics=item_analysis)
    return environment
