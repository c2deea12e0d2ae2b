"""Findings as Markdown, for the summaries that CI systems show and for Gradescope."""

from __future__ import annotations

import re
from collections.abc import Iterable

from autograder.report import phrases
from autograder.report.markup import INLINE_CODE
from autograder.report.sanitize import inert, one_line, shorten
from autograder.results.result import ExerciseResult, Finding, Result

MESSAGE_LIMIT = 2_000
MARKS = {"good": "✅", "bad": "❌", "open": "⬜", "fault": "⚠️"}
# What Markdown or its renderers act on: formatting, links, pictures, HTML, mentions, issues.
SPECIAL = re.compile(r"([\\`*_{}\[\]()#+.!|<>~@:$&-])")


def student(result: Result) -> str:
    """Return one submission's findings: what to fix first, then every exercise."""
    so_far = " so far" if result.status == "fault" else ""
    lines = [f"## {inline(result.unit)}: {phrases.share(result)} points{so_far}", ""]
    if result.status == "ungradable":
        lines += [f"⚠️ This notebook could not be graded: {inline(result.problem)}", ""]
    elif result.status == "fault":
        lines += [f"⚠️ {phrases.FAULT}", ""]
    if result.isolation == "none":
        lines += [f"⚠️ **{phrases.NOT_ISOLATED}**", ""]
    lines += [f"- {inline(note)}" for note in result.notes]
    first = phrases.first_to_fix(result)
    if first:
        name = inline(first.exercise.exercise)
        lines += ["", f"**Start with {name}:** {inline(phrases.headline(first.finding))}", ""]
    elif result.status == "graded":
        lines += ["", "Everything is right. Well done.", ""]
    if result.exercises:
        lines += ["| exercise | state | points |", "|---|---|---:|"]
        lines += [
            f"| {inline(e.exercise)} | {inline(phrases.state(e))} | {phrases.share(e)} |"
            for e in result.exercises
        ]
    lines += [f"\n{exercise(item)}" for item in result.exercises if not _all_right(item)]
    return "\n".join(lines).rstrip() + "\n"


def exercise(what: ExerciseResult) -> str:
    """Return the findings of one exercise as a list below a heading."""
    lines = [f"### {inline(what.exercise)}: {phrases.share(what)}", ""]
    for finding, told in phrases.told_once(what):
        lines.append(f"- {_head(finding)}")
        for sentence in told:
            lines.append(f"  <br>{told_as(sentence)}")
        if finding.place and finding.verdict != "passed":
            code = one_line(finding.place.code)
            lines.append(f"  <br>{phrases.where(finding.place)}: {_code(code)}")
    return "\n".join(lines) + "\n"


def class_summary(results: Iterable[Result]) -> str:
    """Return a table of students for each unit."""
    lines: list[str] = []
    for unit, rows in phrases.by_unit(results).items():
        lines += [f"## {inline(phrases.unit_name(unit))}", ""]
        lines += ["| student | points | first to fix |", "|---|---:|---|"]
        for result in rows:
            name, points = inline(phrases.student_name(result)), phrases.share(result)
            lines.append(f"| {name} | {points} | {_first(result)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n" if lines else "No submissions.\n"


def told_as(sentence: phrases.Sentence) -> str:
    """Return a sentence of a finding with its label set off."""
    label = f"*{sentence.label}:* " if sentence.label else ""
    return f"{label}{inline(sentence.text)}"


def inline(text: str) -> str:
    """Return a message as one line of Markdown: code in backticks, all else without a meaning."""
    parts = INLINE_CODE.split(" ".join(shorten(inert(text), MESSAGE_LIMIT).split()))
    return "".join(
        _code(part) if index % 2 else SPECIAL.sub(r"\\\1", part) for index, part in enumerate(parts)
    )


def _code(text: str) -> str:
    """Return text as inline code that no backtick, or table's bar, in it can end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if "`" in text else ""
    return f"{fence}{padding}{text.replace('|', '¦')}{padding}{fence}" if text.strip() else ""


def _head(finding: Finding) -> str:
    mark, word = MARKS[phrases.tone(finding.verdict)], phrases.WORDS[finding.verdict]
    return f"{mark} **{word}** {phrases.share(finding)} · {inline(finding.claim)}"


def _first(result: Result) -> str:
    if result.status in ("ungradable", "fault"):
        return f"⚠️ {inline(phrases.problem(result))}"
    first = phrases.first_to_fix(result)
    if first is None:
        return "✅"
    return f"{inline(first.exercise.exercise)}: {inline(phrases.headline(first.finding))}"


def _all_right(what: ExerciseResult) -> bool:
    return all(f.verdict == "passed" and not f.remarks for f in what.findings)
