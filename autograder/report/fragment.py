"""HTML: the fragment that `check` shows in Jupyter, and what templates of all kinds can use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.report import markup, phrases
from autograder.report.sanitize import one_line, source
from autograder.results.result import ExerciseResult


def finding_html(exercise: ExerciseResult, notes: Sequence[str] = ()) -> str:
    """Return the findings of one exercise as HTML that Jupyter shows below a cell.

    `notes` stand before them.
    """
    return _shared().get_template("fragment.html").render(exercise=exercise, notes=notes)


@cache
def _shared() -> Environment:
    return environment()


def environment() -> Environment:
    """Return an environment for this package's templates; everything that they show is escaped."""
    made = Environment(
        loader=PackageLoader("autograder.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        inline=markup.inline,
        block=markup.block,
        line=one_line,
        source=source,
        name=markup.name,
        number=phrases.number,
        seconds=phrases.seconds,
    )
    made.globals.update(words=phrases)
    return made
