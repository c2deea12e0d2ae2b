"""Findings in words: what was seen, in which place; what was expected; what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from autograder.results.result import Place
from autograder.wire.evidence import Evidence, Failure
from autograder.wire.program import ProgramCell


class Message(NamedTuple):
    """What a student reads in place of an answer's comparison."""

    seen: str
    expected: str = ""
    advice: str = ""


_MOST_NAMES = 200  # that are searched for a misspelt one
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DEFINITION = r"^(?:async )?(?:def|class) {name}\b"


def definition(cells: Sequence[ProgramCell], name: str) -> tuple[ProgramCell, Place] | None:
    """Return the last cell that defines `name`, and where in it."""
    pattern = re.compile(_DEFINITION.format(name=re.escape(name)))
    for cell in reversed(cells):
        for number, line in enumerate(cell.source.splitlines(), 1):
            if not cell.skip and pattern.match(line):
                return cell, Place(cell.number, number, line.strip()[:200])
    return None


def memory_limit(memory_mib: int, gpu_mib: int = 0) -> str:
    """Return what a submission may use of the machine's memory, and of its GPU's if it has one."""
    on_gpu = f", and {gpu_mib} MiB of the GPU's" if gpu_mib else ""
    return f"At most {memory_mib} MiB of memory{on_gpu}."


def place_of(failure: Failure | None) -> Place | None:
    """Return where an exception happened, if in the student's own code."""
    if failure is None or not failure.cell or not failure.line:
        return None
    return Place(failure.cell, failure.line, failure.code)


def status_message(
    name: str,
    evidence: Evidence,
    cells: Sequence[ProgramCell],
    ran: Mapping[int, Evidence],
    memory_limit: str,
) -> Message:
    """Return the message for evidence that is not `ok`.

    Args:
        name: the exercise's.
        evidence: what came back.
        cells: the program's cells.
        ran: how each of them ended, by its number.
        memory_limit: what the program may use, in a sentence.
    """
    failure = evidence.failure or Failure("", "")
    match evidence.status:
        case "missing":
            return _missing(_missing_name(failure, name), evidence, cells, ran)
        case "stub":
            return _stub(name, failure)
        case "raised":
            return _raised(name, failure, cells)
        case "skipped":
            return Message("It was not run, because the exercise had to be stopped before.")
        case _:
            return _stopped(evidence.status, failure, memory_limit)


def cell_failure(number: int, evidence: Evidence) -> str:
    """Return how a cell failed, in one sentence."""
    failure = evidence.failure
    if failure is None:
        return ""
    if failure.type_name == "Stopped":
        return f"Cell {number} did not end by itself: {failure.message}"
    line = f", line {failure.line}" if failure.line else ""
    code = f": `{failure.code}`" if failure.code else ""
    return f"Cell {number}{line} failed with {exception(failure)}{code}"


def exception(failure: Failure) -> str:
    """Return an exception as Python prints it, on one line, in backticks."""
    # Keras colours its messages, and goes on with all arguments of the call.
    said = _COLOURS.sub("", failure.message).split("Arguments received by ")[0]
    message = " ".join(said.split())[:300].replace("`", "'")
    return f"`{failure.type_name}: {message}`" if message else f"`{failure.type_name}`"


def _missing_name(failure: Failure, name: str) -> str:
    """Return which name is missing: the process said it, and may have said anything."""
    said = failure.message
    return said if said.isidentifier() and len(said) <= 100 else name


def _missing(
    name: str, evidence: Evidence, cells: Sequence[ProgramCell], ran: Mapping[int, Evidence]
) -> Message:
    seen = f"`{name}` is not defined when your notebook is run from top to bottom."
    found = definition(cells, name)
    if found is not None and found[0].number in ran and ran[found[0].number].status != "ok":
        failed = cell_failure(*_cause(found[0].number, ran))
        return Message(f"{seen} {failed}", "", "Mend that cell first.")
    advice = (
        "Its cell runs, but the name is gone afterwards: is it deleted?"
        if found is not None
        else _skipped_definition(name, cells)
        or _other_name(name, evidence, cells)
        or f"Put the cell with `def {name}(…)` back and fill in its body."
    )
    return Message(seen, f"The stub's own name: `{name}`.", advice)


def _cause(number: int, ran: Mapping[int, Evidence]) -> tuple[int, Evidence]:
    """Return the cell to look at first where cell `number` failed, and how that cell ended."""
    first = min(other for other, item in ran.items() if item.status != "ok")
    failure = ran[number].failure
    if first < number and failure is not None and failure.type_name == "NameError":
        return first, ran[first]  # what it lacks should have been defined there
    return number, ran[number]


def _skipped_definition(name: str, cells: Sequence[ProgramCell]) -> str:
    """Return the advice where only a cell that grading does not run defines `name`."""
    for cell in cells:
        # At the left margin: an experiment may swap a function for a moment, inside another one.
        if cell.skip and re.search(
            rf"^(?:{name} *=|(?:def|class) {name}\b)", cell.source, re.MULTILINE
        ):
            return (
                f"It is defined in cell {cell.number} only, which grading does not run "
                f"({cell.why}): move it into the exercise's own cell."
            )
    return ""


def _other_name(name: str, evidence: Evidence, cells: Sequence[ProgramCell]) -> str:
    """Return the advice where the function seems to have another name."""
    own = [cell for cell in cells if cell.grade_id == name]
    found = re.findall(r"^(?:def|class) (\w+)", own[0].source, re.MULTILINE) if own else []
    if len(found) != 1:
        names = evidence.value[:_MOST_NAMES] if isinstance(evidence.value, list) else []
        known = [other[:80] for other in names if isinstance(other, str)]
        found = difflib.get_close_matches(name, known, 1, 0.75)
    return f"You have `{found[0]}`: rename it." if found else ""


def _stub(name: str, failure: Failure) -> Message:
    if failure.function and failure.function not in (name, "<module>"):
        return Message(
            f"`{name}` calls `{failure.function}`, which is not answered yet.",
            advice=f"Answer `{failure.function}` first.",
        )
    return Message(f"`{name}` is not answered yet.")


def _raised(name: str, failure: Failure, cells: Sequence[ProgramCell]) -> Message:
    if failure.cell:
        return Message(
            f"Your code raised {exception(failure)}.",
            "A result for inputs of the agreed shapes.",
            _skipped_name(failure, cells),
        )
    if failure.type_name == "KeyError":
        return Message(
            f"What `{name}` returns has no `{failure.message.strip(chr(39))}`.",
            "A result with the keys that the task names.",
        )
    return Message(
        f"The check can't use what `{name}` gives it: {exception(failure)}.",
        "A result of the form that the task describes.",
        "Look at what the function returns, and in which order.",
    )


def _skipped_name(failure: Failure, cells: Sequence[ProgramCell]) -> str:
    """Return the advice where a NameError is about what a cell that is not run defines."""
    unknown = re.search(r"name '(\w+)' is not defined", failure.message)
    if failure.type_name != "NameError" or not unknown:
        return ""
    for cell in cells:
        if cell.skip and re.search(
            rf"\b{unknown[1]}\b *=|(def|import|as) +{unknown[1]}\b", cell.source
        ):
            return (
                f"`{unknown[1]}` is made in cell {cell.number}, which grading does not run "
                f"({cell.why}): move it above your function."
            )
    return ""


def _stopped(status: str, failure: Failure, memory_limit: str) -> Message:
    match status:
        case "timeout":
            return Message(
                failure.message,
                "Far less: the reference needs a small part of this.",
                "Look for a loop whose condition never becomes false, or work that grows with "
                "the square of the input.",
            )
        case "memory":
            own = failure.type_name != "Stopped"
            return Message(
                "Your code ran out of memory." if own else failure.message,
                memory_limit,
                "Look for an array whose shape grows by broadcasting, or a list that is never "
                "emptied.",
            )
        case "forbidden":
            return Message(
                f"Your code used `{failure.message}`.",
                "An answer without it: this exercise is about what it does inside.",
                "Write the computation out yourself.",
            )
        case _:
            return Message(
                f"The Python process ended in the middle. {failure.message}",
                "A function that returns.",
                "Look for `exit()`, `os._exit`, signals, or calls into compiled code with wrong "
                "sizes.",
            )
