"""Whose a file is, and which unit it is for, by the place where it lies.

A hand-in is what stands directly below what was given (`spots`), and its name is the student's: a
folder, a zip, or a file less the name of its unit.  Where a platform has named the hand-ins, its
part of the name says who, how late and which attempt (`layouts`).  What a student has put into a
hand-in, folders with the names of others among it, says nothing of whose it is.

Where several folders or zips that lie side by side are given, each is a hand-in of its own
(`class/*`), unless it is named as a unit.  Several notebooks from different folders
(`class/*/*.ipynb`) are taken as if the folder that holds all of them had been given.

A file's unit is, first found: the argument, a folder named as the unit that holds hand-ins, the
file's name (`03_optimizers.ipynb`, `ada_03_optimizers.ipynb`), a folder in the hand-in.  Where none
of these says it, the notebook's own metadata and grade ids do (`submission`); those that come last
are the student's word, which replaces no grade of another hand-in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.results.result import NOBODY, Person
from autograder.submissions import layouts, owners
from autograder.submissions.file import MIB, File
from autograder.submissions.layouts import Layout
from autograder.submissions.names import code, identifier, listed, named_unit, printable, several
from autograder.submissions.owners import Owned
from autograder.submissions.spots import UsageError, find

__all__ = [
    "MAX_BYTES",
    "MAX_NOTEBOOKS",
    "Found",
    "HandIn",
    "Placed",
    "UsageError",
    "code",
    "discover",
    "hand_ins",
    "listed",
    "printable",
]

MAX_NOTEBOOKS = 100  # of one hand-in: a repository with all units, and copies
MAX_BYTES = 200 * MIB  # of all of them


@dataclass(frozen=True)
class Placed:
    """A file, and what its place says: whose it is, and which unit it is for, "" if nothing does.

    `decided` says that the unit is named by the argument or by a folder that holds hand-ins, not
    by a name that the student may have chosen.  `name` is the student's own name of the file,
    `hand_in` tells apart what stands at several places.
    """

    file: File
    student: str
    unit: str
    decided: bool
    name: str = ""
    hand_in: str = ""


@dataclass(frozen=True)
class HandIn:
    """What one student handed in: for one unit, or for units that only reading it can tell.

    `again` says that of several attempts this is the newest.
    """

    student: str
    files: tuple[Placed, ...]
    notes: tuple[str, ...] = ()
    person: Person = NOBODY
    late: bool = False
    again: bool = False

    @property
    def unit(self) -> str:
        """The unit that all of it is for, "" where the place does not say so."""
        units = {placed.unit for placed in self.files}
        return units.pop() if len(units) == 1 else ""


@dataclass(frozen=True)
class Found:
    """All hand-ins, the layouts that they were found in, and the names of what was left aside."""

    hand_ins: tuple[HandIn, ...]
    layouts: tuple[Layout, ...] = ()
    passed_over: tuple[str, ...] = ()


def hand_ins(
    paths: Sequence[Path],
    units: Collection[str],
    unit: str | None = None,
    student: str | None = None,
) -> list[HandIn]:
    """Return the hand-ins that `discover` finds."""
    return list(discover(paths, units, unit, student).hand_ins)


def discover(
    paths: Sequence[Path],
    units: Collection[str],
    unit: str | None = None,
    student: str | None = None,
    layout: str | None = None,
    skip: Path | None = None,
) -> Found:
    """Find what was handed in at `paths`; reads no notebook.

    Args:
        paths: notebooks, folders, zips.
        units: the names of the course's units.
        unit: what all of them are for, whatever they say themselves.
        student: who handed in all of it, whatever its place says.
        layout: which platform named the hand-ins (the one that the names show).
        skip: a folder that is none of what was handed in: that of the results.

    Raises:
        UsageError: a path or the unit doesn't exist, or there is no hand-in.
        LayoutError: there is no such layout.
    """
    if unit is not None and unit not in units:
        raise UsageError(f"There is no unit `{unit}`. The course has {listed(units)}.")
    layouts.require(layout)
    spots = find(paths, units, skip.resolve() if skip else None, layout == layouts.NBGRADER)
    found = owners.of(spots, units, layout)
    if not found.owned:
        raise UsageError(_nothing(paths, found.passed_over))
    owned = found.owned
    if student:
        owned = tuple(replace(one, student=student, hand_in=()) for one in owned)
    placed = [(one, _placed(one, units, unit)) for one in owned]
    named = {file.unit for _, file in placed} - {""}
    usual = named.pop() if len(named) == 1 else ""
    together: dict[str, list[tuple[Owned, Placed]]] = {}
    for one, file in placed:
        together.setdefault(file.student, []).append((one, file))
    whole = [hand_in for group in together.values() for hand_in in _hand_ins(group, usual)]
    return Found(tuple(whole), found.layouts, found.passed_over)


def _nothing(paths: Sequence[Path], passed_over: Sequence[str]) -> str:
    places = several([str(path) for path in paths])
    seen = f"There is {several(passed_over)}, but no notebook." if passed_over else "It is empty."
    return (
        f"There is no hand-in in {places}. {seen} Expected a folder or a zip that holds a folder "
        "or a notebook, `.ipynb`, for each student. Nothing was graded."
    )


def _placed(one: Owned, units: Collection[str], unit: str | None) -> Placed:
    decided = unit or one.decided
    name = identifier(one.student)[0]
    own = _unit_in(one.names, units) if one.names else ""
    return Placed(
        one.file,
        name,
        decided or own,
        bool(decided),
        next(reversed(one.names), ""),
        "\0".join(one.hand_in),
    )


def _unit_in(names: tuple[str, ...], units: Collection[str]) -> str:
    """Return the unit that a file's name or the nearest folder in a hand-in names, or ""."""
    last = names[-1]
    named = named_unit(last, units) or named_unit(Path(last).stem, units)
    return named or next((name for name in reversed(names[:-1]) if name in units), "")


# ------------------------------------------------------------------------------------ one student


def _hand_ins(group: Sequence[tuple[Owned, Placed]], usual: str) -> Iterator[HandIn]:
    """Yield what a student handed in, unit by unit, or all together where a unit isn't known.

    `usual` is the one unit that the class hands in, if there is one.
    """
    files = [placed for one, placed in group if not one.file.other]
    by_file = {id(placed): one for one, placed in group}
    for placed in [*_unit_by_unit(files), *_without_notebook(group, usual)]:
        owned = [by_file[id(one)] for one in placed if id(one) in by_file] or [group[0][0]]
        notes = dict.fromkeys(note for one in owned for note in one.notes)
        _, changed = identifier(owned[0].student)
        people = {one.person for one in owned}
        yield HandIn(
            placed[0].student,
            tuple(placed),
            (*changed, *notes),
            # Two downloads may hold two people of one name.
            people.pop() if len(people) == 1 else NOBODY,
            any(one.late for one in owned),
            any(one.again for one in owned),
        )


def _unit_by_unit(files: list[Placed]) -> Iterator[list[Placed]]:
    if problem := _excess(files):
        yield [replace(files[0], file=replace(_folder_of(files[0].file), problem=problem))]
        return
    by_unit: dict[str, list[Placed]] = {}
    for placed in files:
        by_unit.setdefault(placed.unit, []).append(placed)
    yield from [files] if "" in by_unit else by_unit.values()


def _folder_of(file: File) -> File:
    """Return what stands for all that lies beside a file."""
    path = str(Path(file.path).parent) if len(file.parts) > 1 else file.path
    return replace(file, path=path)


def _excess(files: Sequence[Placed]) -> str:
    """Return why there is more than one student hands in, or ""."""
    if len(files) > MAX_NOTEBOOKS:
        return (
            f"There are {len(files):,} notebooks in what this student handed in; at most "
            f"{MAX_NOTEBOOKS} are looked at. Hand in the one that counts."
        )
    if sum(placed.file.size for placed in files if not placed.file.problem) > MAX_BYTES:
        return (
            f"The notebooks that this student handed in have more than {MAX_BYTES // MIB} "
            "MiB together. Clear their outputs, and hand in the one that counts."
        )
    return ""


def _without_notebook(group: Sequence[tuple[Owned, Placed]], usual: str) -> Iterator[list[Placed]]:
    """Yield what stands for hand-ins in which there is no notebook.

    In nbgrader's tree a student hands in for each unit; elsewhere one notebook is enough.
    """
    by_unit: dict[str, list[Placed]] = {}
    for one, placed in group:
        if one.file.other:
            by_unit.setdefault(placed.unit if one.nbgrader else "", []).append(placed)
    answered = {placed.unit for one, placed in group if not one.file.other}
    for unit, others in by_unit.items():
        if unit in answered or (not unit and (answered or len(by_unit) > 1)):
            continue
        names = [placed.name for placed in others if placed.name]
        first = next((placed for placed in others if placed.name), others[0])
        known = {placed.unit for placed in others} - {""}
        unit = unit or (known.pop() if len(known) == 1 else usual)
        problem = first.file.problem if first.file.named else ""
        problem = problem or _no_notebook(names, unit, len(first.file.parts) > 1)
        yield [replace(first, unit=unit, file=replace(first.file, problem=problem))]


_KINDS: Mapping[str, str] = {
    ".py": "a Python script",
    ".pdf": "a PDF",
    ".html": "a web page",
    ".htm": "a web page",
    ".docx": "a Word document",
    ".txt": "a text file",
    ".md": "a text file",
    ".rar": "an archive of a kind that isn't opened",
    ".7z": "an archive of a kind that isn't opened",
    ".gz": "an archive of a kind that isn't opened",
    ".tar": "an archive of a kind that isn't opened",
}


def _no_notebook(names: Sequence[str], unit: str, folder: bool) -> str:
    """Return what to say of a hand-in without a notebook, of which some names were seen."""
    wanted = f"`{unit}.ipynb`" if unit else "an `.ipynb` file"
    how = (
        f"Expected {wanted}: hand in the notebook itself (Jupyter and Colab: File > Download; an "
        "archive must be a `.zip`)."
    )
    if not names:
        what = "folder is empty" if folder else "hand-in is empty"
        return f"The {what}: no file was handed in. {how}"
    kinds = {_KINDS.get(Path(name).suffix.lower(), "") for name in names}
    kind = kinds.pop() if len(kinds) == 1 else ""
    said = f" ({kind})" if kind and len(names) == 1 else ""
    return f"Handed in {several(names)}{said}, not a notebook. {how}"
