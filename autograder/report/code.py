"""The student's code as HTML.  Pages have it; what `check` shows in a notebook has not."""

from __future__ import annotations

from markupsafe import Markup
from pygments import highlight as pygmentize
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.report.sanitize import shorten, source
from autograder.results.result import ExerciseResult


def highlight(exercise: ExerciseResult) -> Markup:
    """Return the student's code as highlighted HTML, the lines that findings point to marked."""
    code = shorten(source(exercise.code).rstrip())
    lines = code.split("\n")
    # The code need not be the cell that a place is in, so the line itself must agree.
    marked = {
        place.line
        for finding in exercise.findings
        if (place := finding.place) and finding.verdict != "passed"
        if 0 < place.line <= len(lines)
        and lines[place.line - 1].strip() == source(place.code).strip()
    }
    # Without `stripnl` the lexer would drop empty lines at the start and shift the numbers.
    html = pygmentize(
        code,
        PythonLexer(stripnl=False),
        HtmlFormatter(linenos="inline", cssclass="code", hl_lines=sorted(marked)),
    )
    # It scrolls, also for people without a mouse.
    return Markup(html.replace("<pre>", '<pre tabindex="0">', 1))
