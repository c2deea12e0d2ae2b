"""Causes of errors that the notebook alone does not show: where it is graded, and with what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autograder.wire.evidence import Evidence, Failure
from autograder.wire.program import Background, ProgramCell

_NO_MODULE = re.compile(r"\ANo module named '([\w.]{1,100})'")
_NO_NAME = re.compile(r"\Acannot import name '(\w{1,100})' from '([\w.]{1,100})'")
_NO_ATTRIBUTE = re.compile(r"\Amodule '([\w.]{1,100})' has no attribute '(\w{1,100})'")
_NAME = re.compile(r"\bname '(\w{1,100})' is not defined")
_QUOTED = re.compile(r"'([^'`]{1,40})'")
_ELSEWHERE = "remove the line, or move it to a cell that is tagged `experiment`"


@dataclass(frozen=True)
class Setting:
    """Where a notebook is graded, and what is known of it beside the code that runs.

    `python` is the version that grades it; `package` gives the installed package with its version
    for the name of a module, "" for none; `stubs` are the unit's cells as students got them.
    """

    python: str
    package: Callable[[str], str]
    background: Background = field(default_factory=Background)
    stubs: Mapping[str, str] = field(default_factory=dict)


class Cause(NamedTuple):
    """Why something failed, as a clause without a full stop, and what to do about it."""

    seen: str
    advice: str


def cause_of(failure: Failure, setting: Setting | None) -> Cause | None:
    """Return the cause of an exception as far as it is known, else None."""
    if failure.type_name in ("SyntaxError", "IndentationError", "TabError"):
        return Cause(syntax(failure), _newer_python(setting))
    if setting is None:
        return None
    if match := _NO_MODULE.match(failure.message):
        return _no_module(match[1], setting)
    if match := _NO_NAME.match(failure.message):
        return _lacks(match[2], match[1], setting)
    if failure.type_name == "AttributeError" and (match := _NO_ATTRIBUTE.match(failure.message)):
        return _lacks(match[1], match[2], setting)
    return None


def what_to_do(
    failure: Failure,
    cells: Sequence[ProgramCell],
    ran: Mapping[int, Evidence],
    setting: Setting | None,
) -> str:
    """Return advice on an exception whose message already says what went wrong, "" for none."""
    if setting is not None and failure.type_name == "FileNotFoundError":
        return "Only the notebook is graded: no file that lies beside it is there."
    if failure.type_name == "NameError" and (match := _NAME.search(failure.message)):
        return _not_made(match[1], cells, ran, setting)
    if "object is not callable" in failure.message:
        return _overwritten(re.findall(r"\b(\w{1,100})\(", failure.code), cells)
    return ""


def overwritten(name: str, cells: Sequence[ProgramCell]) -> str:
    """Return which cell gives the name of a function to something else, "" if none does."""
    defined = [cell.number for cell in cells if not cell.skip and defines(cell, name)]
    for cell in cells if defined else ():
        if not cell.skip and cell.number >= defined[0]:
            for line, text in enumerate(cell.source.splitlines(), 1):
                if binds(text, name):
                    return f"Cell {cell.number}, line {line} gives the name `{name}` to"
    return ""


def defines(cell: ProgramCell, name: str) -> bool:
    """Return whether a cell defines a function or class at its left margin."""
    pattern = rf"^(?:(?:async )?(?:def|class) {re.escape(name)}\b|{re.escape(name)} *= *lambda\b)"
    return bool(re.search(pattern, cell.source, re.MULTILINE))


def binds(line: str, name: str) -> bool:
    """Return whether a line at the left margin gives a name to something, and defines nothing."""
    own = re.escape(name)
    pattern = (
        rf"\A(?:{own} *(?::[^=]*)?=(?!=| *lambda\b)|{own} *,|(?:for|del) {own}\b"
        rf"|(?:import|from) .*\b(?:import|as) {own}\b)"
    )
    return bool(re.search(pattern, line))


def syntax(failure: Failure) -> str:
    """Return what Python says of code that it can't read, in backticks what it quotes."""
    plain = " ".join(failure.message.split())[:300].replace("`", "")
    said = _QUOTED.sub(r"`\1`", plain)
    return said or failure.type_name


def _no_module(name: str, setting: Setting) -> Cause:
    top = name.partition(".")[0]
    for file in (f"{top}.py", top):
        if file in setting.background.beside:
            return Cause(
                f"`{top}` is not there, because only the notebook is graded, and not `{file}` "
                "beside it",
                f"Copy what you use of `{file}` into the notebook.",
            )
    if installed := setting.package(top):
        return Cause(
            f"grading happens with {installed}, which has no `{name}`",
            f"Do without it: {_ELSEWHERE}.",
        )
    return Cause(
        f"`{top}` is not installed where grading happens",
        f"If `{top}` is a package, do without it: {_ELSEWHERE}. If it is a file of your own, copy "
        "it into the notebook: nothing else is graded.",
    )


def _lacks(module: str, name: str, setting: Setting) -> Cause | None:
    top = module.partition(".")[0]
    installed = setting.package(top)
    if not installed:
        return None
    return Cause(
        f"grading happens with {installed}, which has no `{module}.{name}`",
        f"Use something that {installed} has.",
    )


def _newer_python(setting: Setting | None) -> str:
    saved = setting.background.python if setting else ""
    if setting is None or not saved or _minor(saved) <= _minor(setting.python):
        return ""
    own = ".".join(setting.python.split(".")[:2])
    return (
        f"Grading runs Python {own}, while the notebook was saved by Python {saved}, in which this "
        f"line may be right: write it so that {own} can read it."
    )


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _not_made(
    name: str, cells: Sequence[ProgramCell], ran: Mapping[int, Evidence], setting: Setting | None
) -> str:
    """Return why a name that code asks for is not there."""
    for number, evidence in ran.items():
        failure = evidence.failure
        if failure is None or not re.search(rf"\b(?:as|import) +{name}\b", failure.code):
            continue
        if cause := cause_of(failure, setting):
            return f"`{name}` would come from cell {number}, line {failure.line}: {cause.seen}."
    skipped = [
        cell
        for cell in cells
        if cell.skip and re.search(rf"\b{name}\b *=|(def|import|as) +{name}\b", cell.source)
    ]
    if not skipped:
        return ""
    return (
        f"`{name}` is made in cell {skipped[0].number}, which grading does not run "
        f"({skipped[0].why}): move it above your function."
    )


def _overwritten(names: Sequence[str], cells: Sequence[ProgramCell]) -> str:
    found = (overwritten(name, cells) for name in names)
    return next((f"{said} something else: use another name there." for said in found if said), "")
