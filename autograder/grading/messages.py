"""Findings in words: what was seen, in which place; what was expected; what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from autograder.grading.causes import (
    Setting,
    cause_of,
    overwritten,
    what_to_do,
)
from autograder.grading.definitions import defining, definition
from autograder.grading.missing import Search, where_it_went
from autograder.results.result import Place
from autograder.wire.evidence import NOT_LENT, Evidence, Failure
from autograder.wire.program import ProgramCell

__all__ = ["cell_failure", "definition", "exception", "memory_limit", "place_of", "status_message"]


class Message(NamedTuple):
    """What a student reads in place of an answer's comparison."""

    seen: str
    expected: str = ""
    advice: str = ""


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_STUB_LINES = ("raise NotImplementedError()", "raise NotImplementedError")


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
    setting: Setting | None = None,
) -> Message:
    """Return the message for evidence that is not `ok`.

    Args:
        name: the exercise's.
        evidence: of one of its checks.
        cells: the notebook's.
        ran: how its cells ran.
        memory_limit: what it may use, as a sentence.
        setting: where it was graded; None in the student's own kernel.
    """
    failure = evidence.failure or Failure("", "")
    match evidence.status:
        case "missing":
            known = evidence.value if isinstance(evidence.value, list) else []
            search = Search(
                _missing_name(failure, name),
                cells,
                ran,
                partial(cell_failure, setting=setting),
                setting,
                known=[other[:80] for other in known if isinstance(other, str)],
            )
            return _missing(search)
        case "stub":
            return _stub(name, failure)
        case "raised":
            return _raised(name, failure, cells, ran, setting)
        case "skipped":
            return Message("It was not run, because the exercise had to be stopped before.")
        case _:
            return _stopped(evidence.status, failure, memory_limit)


def cell_failure(number: int, evidence: Evidence, setting: Setting | None = None) -> str:
    """Return how a cell failed, in one sentence."""
    failure = evidence.failure
    if failure is None:
        return ""
    if failure.type_name == "Stopped":
        return f"Cell {number} did not end by itself: {failure.message}"
    line = f", line {failure.line}" if failure.line else ""
    code = f": `{failure.code}`" if failure.code else ""
    if cause := cause_of(failure, setting):
        return f"Cell {number}{line}: {cause.seen}{code}"
    return f"Cell {number}{line} failed with {exception(failure)}{code}"


def failed_imports(ran: Mapping[int, Evidence], setting: Setting) -> Iterator[tuple[str, str]]:
    """Yield how each cell failed in which something can't be imported, and a note on it."""
    for number, evidence in ran.items():
        failure = evidence.failure
        if failure is None or failure.function != "<module>" or not failure.line:
            continue
        if failure.type_name in ("ModuleNotFoundError", "ImportError"):
            if cause := cause_of(failure, setting):
                failed = cell_failure(number, evidence, setting)
                yield failed, f"{failed}. {cause.advice}"


def which_counts(name: str, cells: Sequence[ProgramCell], ran: Mapping[int, Evidence]) -> str:
    """Return which of several values of a name is graded, "" where there is one."""
    for cell in cells:
        lost = ran[cell.number].value if cell.number in ran else None
        if isinstance(lost, list) and name in lost:
            return (
                f"`{name}` was graded as it stood before cell {cell.number}, which gives the name "
                "to something else."
            )
    defined = defining(cells, name, ran)
    if len(defined) < 2:
        return ""
    numbers = " and ".join(map(str, defined[:5]))
    return f"`{name}` is defined in cells {numbers}; what cell {defined[-1]} defines counts."


def is_released_stub(
    name: str, evidence: Evidence, cells: Sequence[ProgramCell], setting: Setting | None
) -> bool:
    """Return whether code that raised is still what the student was given."""
    failure = evidence.failure
    if setting is None or failure is None or failure.function != name:
        return False
    if failure.code not in _STUB_LINES or failure.message or name not in setting.stubs:
        return False
    own = [cell.source for cell in cells if cell.number == failure.cell]
    return bool(own) and _compact(setting.stubs[name]) in _compact(own[0])


def _compact(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.splitlines() if line.strip())


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


def _missing(search: Search) -> Message:
    seen = f"`{search.name}` is not defined when your notebook is run from top to bottom."
    more, advice = where_it_went(search)
    expected = "" if more else f"The stub's own name: `{search.name}`."
    return Message(f"{seen} {more}".strip(), expected, advice)


def _stub(name: str, failure: Failure) -> Message:
    if failure.function and failure.function not in (name, "<module>"):
        return Message(
            f"`{name}` calls `{failure.function}`, which is not answered yet.",
            advice=f"Answer `{failure.function}` first.",
        )
    return Message(f"`{name}` is not answered yet.")


def _raised(
    name: str,
    failure: Failure,
    cells: Sequence[ProgramCell],
    ran: Mapping[int, Evidence],
    setting: Setting | None,
) -> Message:
    if failure.type_name == NOT_LENT:
        return Message(
            " ".join(failure.message.split())[:400],
            "An answer that needs no more of it: from the formula, not by trying values.",
            "Write the formula out, or answer that function first: your own may be called as often "
            "as you like.",
        )
    if not failure.cell:
        return _unusable(name, failure, cells)
    seen = f"Your code raised {exception(failure)}."
    if failure.type_name == "NotImplementedError" and _left_in(failure, cells):
        return Message(
            seen,
            "An answer in the place of that line.",
            f"Cell {failure.cell}, line {failure.line}, `{failure.code}`, is still there: "
            "delete it.",
        )
    expected = "A result for inputs of the agreed shapes."
    if cause := cause_of(failure, setting):
        said = f"{cause.seen[:1].upper()}{cause.seen[1:]}."
        return Message(f"{seen} {said}", expected, cause.advice)
    return Message(seen, expected, what_to_do(failure, cells, ran, setting))


def _unusable(name: str, failure: Failure, cells: Sequence[ProgramCell]) -> Message:
    """Return the message for a failure in the check itself, which can't use what it was given."""
    if failure.type_name == "KeyError":
        return Message(
            f"What `{name}` returns has no `{failure.message.strip(chr(39))}`.",
            "A result with the keys that the task names.",
        )
    seen = f"The check can't use what `{name}` gives it: {exception(failure)}."
    if "object is not callable" in failure.message and (given := overwritten(name, cells)):
        value = failure.message.partition(" object")[0].strip("'\"")
        return Message(
            seen,
            f"A function or class by the name `{name}`.",
            f"{given} a value of type `{value}`: use another name there.",
        )
    return Message(
        seen,
        "A result of the form that the task describes.",
        "Look at what the function returns, and in which order.",
    )


def _left_in(failure: Failure, cells: Sequence[ProgramCell]) -> bool:
    """Return whether a function's own body, and no branch of it, still has the stub's line."""
    if failure.message or failure.code not in _STUB_LINES:
        return False
    for cell in cells:
        lines = cell.source.splitlines()[: failure.line]
        if cell.number != failure.cell or len(lines) < failure.line:
            continue
        width = _indent(lines[-1])
        above = [line for line in lines[:-1] if line.strip()]
        if above and above[-1].strip() == "# YOUR CODE HERE":
            return True
        around = next((line for line in reversed(above) if _indent(line) < width), "")
        return bool(re.match(r"\s*(?:async )?def |\s*\)", around))
    return False


def _indent(line: str) -> int:
    return len(line.expandtabs()) - len(line.expandtabs().lstrip())


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
