"""Findings in words: what was seen, in which place; what was expected; what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from autograder.results.result import Place
from autograder.wire.evidence import Evidence, Failure
from autograder.wire.program import ProgramCell

Words = tuple[str, str, str]  # seen, expected, advice

_MOST_NAMES = 200  # that are searched for one that was misspelt
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DEFINITION = r"^(?:async )?(?:def|class) {name}\b"


def definition(cells: Sequence[ProgramCell], name: str) -> tuple[ProgramCell, Place] | None:
    """The last cell that defines `name`, and where in it."""
    pattern = re.compile(_DEFINITION.format(name=re.escape(name)))
    for cell in reversed(cells):
        for number, line in enumerate(cell.source.splitlines(), 1):
            if not cell.skip and pattern.match(line):
                return cell, Place(cell.number, number, line.strip()[:200])
    return None


def memory_limit(memory_mib: int, gpu_mib: int = 0) -> str:
    """What a submission may use of a machine's memory, and of a GPU's if it has a share of one."""
    on_gpu = f", and {gpu_mib} MiB of the GPU's" if gpu_mib else ""
    return f"At most {memory_mib} MiB of memory{on_gpu}."


def place_of(failure: Failure | None) -> Place | None:
    """Where an exception happened, if in the student's own code."""
    if failure is None or not failure.cell or not failure.line:
        return None
    return Place(failure.cell, failure.line, failure.code)


def status_words(
    name: str,
    evidence: Evidence,
    cells: Sequence[ProgramCell],
    ran: Mapping[int, Evidence],
    memory_limit: str,
) -> Words:
    """The words for evidence that is not `ok`."""
    failure = evidence.failure or Failure("", "")
    if evidence.status == "missing":
        # The process said which name, and may have said anything.
        said = failure.message
        lacking = said if said.isidentifier() and len(said) <= 100 else name
        return _missing(lacking, evidence, cells, ran)
    if evidence.status == "stub":
        return _stub(name, failure)
    if evidence.status == "raised":
        return _raised(name, failure, cells)
    if evidence.status == "skipped":
        return "It was not run, because the exercise had to be stopped before.", "", ""
    return _stopped(evidence.status, failure, memory_limit)


def cell_failure(number: int, evidence: Evidence) -> str:
    """How a cell failed, in one sentence."""
    failure = evidence.failure
    if failure is None:
        return ""
    if failure.type_name == "Stopped":
        return f"Cell {number} did not end by itself: {failure.message}"
    line = f", line {failure.line}" if failure.line else ""
    code = f": `{failure.code}`" if failure.code else ""
    return f"Cell {number}{line} failed with {exception(failure)}{code}"


def exception(failure: Failure) -> str:
    """An exception as Python prints it, on one line, in backticks."""
    # Keras colours its messages, and goes on with all arguments of the call.
    said = _COLOURS.sub("", failure.message).split("Arguments received by ")[0]
    message = " ".join(said.split())[:300].replace("`", "'")
    return f"`{failure.type_name}: {message}`" if message else f"`{failure.type_name}`"


def _missing(
    name: str, evidence: Evidence, cells: Sequence[ProgramCell], ran: Mapping[int, Evidence]
) -> Words:
    seen = f"`{name}` is not defined when your notebook is run from top to bottom."
    expected = f"The stub's own name: `{name}`."
    found = definition(cells, name)
    if found is not None:
        number = found[0].number
        if number in ran and ran[number].status != "ok":
            first = min(other for other, item in ran.items() if item.status != "ok")
            failure = ran[number].failure
            if first < number and failure is not None and failure.type_name == "NameError":
                number = first  # what it lacks should have been made there
            return f"{seen} {cell_failure(number, ran[number])}", "", "Mend that cell first."
        return seen, expected, "Its cell runs, but the name is gone afterwards: is it deleted?"
    skipped = [
        cell
        for cell in cells
        # At the left margin: an experiment may swap a function for a moment, inside another one.
        if cell.skip
        and re.search(rf"^(?:{name} *=|(?:def|class) {name}\b)", cell.source, re.MULTILINE)
    ]
    if skipped:
        return (
            seen,
            expected,
            (
                f"It is defined in cell {skipped[0].number} only, which grading does not run "
                f"({skipped[0].why}): move it into the exercise's own cell."
            ),
        )
    own = [cell for cell in cells if cell.grade_id == name]
    defined = re.findall(r"^(?:def|class) (\w+)", own[0].source, re.MULTILINE) if own else []
    if len(defined) == 1:
        return seen, expected, f"You have `{defined[0]}`: rename it."
    names = evidence.value[:_MOST_NAMES] if isinstance(evidence.value, list) else []
    known = [other[:80] for other in names if isinstance(other, str)]
    close = difflib.get_close_matches(name, known, 1, 0.75)
    if close:
        return seen, expected, f"You have `{close[0]}`: rename it."
    return seen, expected, f"Put the cell with `def {name}(…)` back and fill in its body."


def _stub(name: str, failure: Failure) -> Words:
    if failure.function and failure.function not in (name, "<module>"):
        return (
            f"`{name}` calls `{failure.function}`, which is not answered yet.",
            "",
            f"Answer `{failure.function}` first.",
        )
    return f"`{name}` is not answered yet.", "", ""


def _raised(name: str, failure: Failure, cells: Sequence[ProgramCell]) -> Words:
    if not failure.cell and failure.type_name == "KeyError":
        return (
            f"What `{name}` returns has no `{failure.message.strip(chr(39))}`.",
            "A result with the keys that the task names.",
            "",
        )
    if not failure.cell:
        return (
            f"The check can't use what `{name}` gives it: {exception(failure)}.",
            "A result of the form that the task describes.",
            "Look at what the function returns, and in which order.",
        )
    seen = f"Your code raised {exception(failure)}."
    advice = ""
    unknown = re.search(r"name '(\w+)' is not defined", failure.message)
    if failure.type_name == "NameError" and unknown:
        skipped = [
            cell
            for cell in cells
            if cell.skip
            and re.search(rf"\b{unknown[1]}\b *=|(def|import|as) +{unknown[1]}\b", cell.source)
        ]
        if skipped:
            advice = (
                f"`{unknown[1]}` is made in cell {skipped[0].number}, which grading does not run "
                f"({skipped[0].why}): move it above your function."
            )
    return seen, "A result for inputs of the agreed shapes.", advice


def _stopped(status: str, failure: Failure, memory_limit: str) -> Words:
    detail = failure.message
    if status == "timeout":
        return (
            detail,
            "Far less: the reference needs a small part of this.",
            "Look for a loop whose condition never becomes false, or work that grows with the "
            "square of the input.",
        )
    if status == "memory":
        seen = detail if failure.type_name == "Stopped" else "Your code ran out of memory."
        return (
            seen,
            memory_limit,
            "Look for an array whose shape grows by broadcasting, or a list that is never emptied.",
        )
    if status == "forbidden":
        return (
            f"Your code used `{detail}`.",
            "An answer without it: this exercise is about what it does inside.",
            "Write the computation out yourself.",
        )
    return (
        f"The Python process ended in the middle. {detail}",
        "A function that returns.",
        "Look for `exit()`, `os._exit`, signals, or calls into compiled code with wrong sizes.",
    )
