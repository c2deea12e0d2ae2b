"""Looking for an answer that is not there under its name: where it was seen instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.grading.causes import Setting, cause_of, defines
from autograder.grading.definitions import definition
from autograder.wire.evidence import Evidence
from autograder.wire.program import ProgramCell

_MOST_NAMES = 200  # that are searched for one that was misspelt
_DEFINED = re.compile(r"^(?:async )?(?:def|class) +(\w+)|^(\w+) *= *lambda\b", re.MULTILINE)
_IMPORTED = re.compile(r"(?:%run|%load|open\() *['\"]?([\w.]{1,100})")


@dataclass(frozen=True)
class Search:
    """What is looked through for the function or class `name`.

    `told` says how a cell failed; `known` are the names that the program says it has.
    """

    name: str
    cells: Sequence[ProgramCell]
    ran: Mapping[int, Evidence]
    told: Callable[[int, Evidence], str]
    setting: Setting | None = None
    known: Sequence[str] = ()

    @property
    def others(self) -> set[str]:
        """The unit's other exercises, which are no misspelt form of this one."""
        return set(self.setting.stubs if self.setting else ()) - {self.name}

    @property
    def running(self) -> list[ProgramCell]:
        """The cells that run."""
        return [cell for cell in self.cells if not cell.skip]


def where_it_went(search: Search) -> tuple[str, str]:
    """Return what was seen of an answer that is missing, and what to do."""
    ways = (_failed, _gone, _in_text, _skipped, _beside, _inside, _renamed, _commented)
    found = next((said for way in ways if (said := way(search))), None)
    return found or ("", f"Put the cell with `def {search.name}(…)` back and fill in its body.")


def _failed(search: Search) -> tuple[str, str] | None:
    """Its cell, or one that imports it, stopped before the name was there."""
    own = re.escape(search.name)
    gives = re.compile(
        rf"^(?:{own} *=|from [\w.]{{1,200}} import .*(?:\b{own}\b|\*))", re.MULTILINE
    )
    cells = [
        cell.number
        for cell in search.running
        if (defines(cell, search.name) or gives.search(cell.source))
        and search.ran.get(cell.number, Evidence("ok")).status != "ok"
    ]
    if not cells:
        return None
    number = cells[-1]
    first = min(other for other, item in search.ran.items() if item.status != "ok")
    failure = search.ran[number].failure
    if first < number and failure is not None and failure.type_name == "NameError":
        number = first  # what it lacks should have been made there
    failure = search.ran[number].failure
    cause = cause_of(failure, search.setting) if failure else None
    line = f"line {failure.line} of " if failure and failure.line else ""
    return search.told(number, search.ran[number]), " ".join(
        part for part in (f"Fix {line}cell {number} first.", cause.advice if cause else "") if part
    )


def _gone(search: Search) -> tuple[str, str] | None:
    found = definition(search.cells, search.name)
    if found is None:
        return None
    cell, _ = found
    magic = cell.source.lstrip().split(maxsplit=1)[0]
    if magic.startswith("%%"):
        return "", (
            f"It stands in cell {cell.number} below `{magic}`, which keeps it from being a part of "
            "the notebook: delete that line."
        )
    return "", f"Cell {cell.number} defines it, but the name is gone afterwards: is it deleted?"


def _in_text(search: Search) -> tuple[str, str] | None:
    elsewhere = dict(search.setting.background.elsewhere) if search.setting else {}
    if search.name not in elsewhere:
        return None
    where = elsewhere[search.name]
    return f"It stands in {where}, which does not run.", (
        f"Your `{search.name}` is in {where}: make that a code cell."
    )


def _skipped(search: Search) -> tuple[str, str] | None:
    # At the left margin: an experiment may swap a function for a moment, inside another one.
    own = re.escape(search.name)
    pattern = re.compile(rf"^(?:{own} *=|(?:def|class) {own}\b)", re.MULTILINE)
    for cell in search.cells:
        if cell.skip and pattern.search(cell.source):
            return "", (
                f"It is defined in cell {cell.number} only, which grading does not run "
                f"({cell.why}): move it into the exercise's own cell."
            )
    return None


def _beside(search: Search) -> tuple[str, str] | None:
    """It stands in a file that a cell runs or reads, and which nobody grades."""
    if search.setting is None:
        return None
    for cell in search.running:
        for file in _IMPORTED.findall(cell.source):
            names = {file, f"{file}.py"} & set(search.setting.background.beside)
            if names:
                name = min(names)
                return (
                    f"Cell {cell.number} asks for `{name}`, which is not there: only the notebook "
                    "is graded.",
                    f"Copy `{search.name}` out of `{name}` into the notebook.",
                )
    return None


def _renamed(search: Search) -> tuple[str, str] | None:
    places = dict(_defined(search.running))
    own = [cell for cell in search.cells if cell.grade_id == search.name]
    alone = re.findall(r"^(?:def|class) (\w+)", own[0].source, re.MULTILINE) if own else []
    names = [name for name in (*places, *search.known[:_MOST_NAMES]) if name not in search.others]
    likely = [
        *(alone if len(alone) == 1 else ()),
        *(name for name in names if _plain(name) == _plain(search.name)),
        *(name for name in places if _is_within(search.name, name) and name in names),
        *difflib.get_close_matches(search.name, names, 1, 0.75),
    ]
    if not likely:
        return None
    other = likely[0][:80]
    where = f" ({places[other]})" if other in places else ""
    return "", f"You have `{other}`{where}: rename it `{search.name}`."


def _defined(cells: Sequence[ProgramCell]) -> Iterator[tuple[str, str]]:
    for cell in cells:
        for match in _DEFINED.finditer(cell.source):
            line = cell.source.count("\n", 0, match.start()) + 1
            yield match[1] or match[2], f"cell {cell.number}, line {line}"


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def _is_within(name: str, other: str) -> bool:
    """Return whether a name has only become longer: `my_sigmoid`, `sigmoid2`, `sigmoidNew`."""
    return _plain(name) in _plain(other) and len(_plain(other)) <= 2 * len(_plain(name)) + 8


def _inside(search: Search) -> tuple[str, str] | None:
    """It is defined, but within something else."""
    pattern = re.compile(rf"^([ \t]+)(?:async )?(?:def|class) {re.escape(search.name)}\b")
    for cell in reversed(search.running):
        lines = cell.source.splitlines()
        for index, line in enumerate(lines):
            if match := pattern.match(line):
                around = _around(lines[:index], len(match[1].expandtabs()))
                within = f" inside `{around}`" if around else ""
                return f"Cell {cell.number}, line {index + 1} defines it{within}.", (
                    f"Move `{search.name}` (cell {cell.number}, line {index + 1}) to the left "
                    f"margin: it stands{within or ' inside something else'}."
                )
    return None


def _around(lines: Sequence[str], width: int) -> str:
    """Return the line that opens the block which the next line, indented by `width`, is in."""
    for line in reversed(lines):
        indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        if line.strip() and indent < width:
            return line.strip()[:80].replace("`", "'")
    return ""


def _commented(search: Search) -> tuple[str, str] | None:
    pattern = re.compile(rf"^[ \t]*#[# \t]*(?:def|class) {re.escape(search.name)}\b")
    for cell in reversed(search.running):
        for number, line in enumerate(cell.source.splitlines(), 1):
            if pattern.match(line):
                return "", (
                    f"It is commented out in cell {cell.number}, line {number}: remove the `#`."
                )
    return None
