"""Whose a file is, and which unit it is for, by the place where it lies.

A hand-in is what stands directly below what was given, and its name is the student's: a folder,
or a file less the name of its unit.  What a student has put into it, folders with the names of
others among it, says nothing of whose it is.  Folders named as a unit, and nbgrader's `submitted`,
hold hand-ins as what was given does; `submitted/<student>/<unit>/` is known from every level.

Where several folders or zips that lie side by side are given, each is a hand-in of its own
(`class/*`), unless it is named as a unit.  Several notebooks from different folders
(`class/*/*.ipynb`) are taken as if the folder that holds all of them had been given.

A file's unit is, first found: the argument, a folder named as the unit that holds hand-ins, the
file's name (`03_optimizers.ipynb`, `ada_03_optimizers.ipynb`), a folder in the hand-in.  Where none
of these says it, the notebook's own metadata and grade ids do (`submission`); those that come last
are the student's word, which replaces no grade of another hand-in.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import UserError
from autograder.submissions import places
from autograder.submissions.file import MAX_NAME, MIB, File, may_be_notebook
from autograder.submissions.places import Given

SUBMITTED = "submitted"  # nbgrader's folder
MAX_NOTEBOOKS = 100  # of one hand-in: a repository with all units, and copies
MAX_BYTES = 200 * MIB  # of all of them

_MAX_ID = 100
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control and format characters, line ends
# What browsers, JupyterLab and file managers add to the name of a second copy.
_COPY = re.compile(r"(?:[ _]?\(\d{1,6}\)|-Copy\d{1,6})$")
_ENDING = re.compile(r"\.(?:ipynb|zip)(?:\.\w{1,20})?$", re.IGNORECASE)
_BETWEEN = "-_. "  # what stands between a student's name and a unit's


class UsageError(UserError):
    """What was asked for does not exist: a path, a unit."""


@dataclass(frozen=True)
class Placed:
    """A file, and what its place says: whose it is, and which unit it is for, "" if nothing does.

    `decided` says that the unit is named by the argument or by a folder that holds hand-ins, not
    by a name that the student may have chosen.
    """

    file: File
    student: str
    unit: str
    decided: bool


@dataclass(frozen=True)
class HandIn:
    """What one student handed in: for one unit, or for units that only reading it can tell."""

    student: str
    files: tuple[Placed, ...]
    notes: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The unit that all of it is for, "" where the place does not say so."""
        units = {placed.unit for placed in self.files}
        return units.pop() if len(units) == 1 else ""


def hand_ins(
    paths: Sequence[Path],
    units: Collection[str],
    unit: str | None = None,
    student: str | None = None,
) -> list[HandIn]:
    """Find what was handed in at `paths`; reads no file.

    Args:
        paths: notebooks, folders, zips.
        units: the names of the course's units.
        unit: what all of them are for, whatever they say themselves.
        student: who handed in all of it, whatever its place says.

    Raises:
        UsageError: a path or the unit doesn't exist.
    """
    if unit is not None and unit not in units:
        raise UsageError(f"There is no unit `{unit}`. The course has {listed(units)}.")
    outer, inner = _apart_from_inner(paths)
    containers = {SUBMITTED, *units}
    beside = _seen_from_above([places.look(path, containers) for path in outer])
    given = [*beside, *(places.look(path, containers) for path in inner)]
    together: dict[str, list[Placed]] = {}
    notes: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for placed in (one for place in given for one in _placed(place, beside, units, unit)):
        if placed.file.key in seen:  # given by itself and by its folder
            continue
        seen.add(placed.file.key)
        name, said = identifier(student or placed.student)
        together.setdefault(name, []).append(replace(placed, student=name))
        notes[name] = notes.get(name) or said
    return [
        HandIn(name, tuple(files), notes[name])
        for name, group in together.items()
        for files in _unit_by_unit(group)
    ]


def identifier(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a name as an id, and a note if it had to be changed."""
    if not name:
        return "", ()
    # macOS writes accents as characters of their own; the same name must be the same student.
    plain = unicodedata.normalize("NFC", name[:MAX_NAME])
    safe = re.sub(r"^\.+|[/\\]", "_", printable(plain))[:_MAX_ID].strip() or "unknown"
    if safe == plain:
        return safe, ()
    return safe, (f"The student's name {code(name)} can't be an id; it became `{safe}`.",)


def named_unit(name: str, units: Collection[str]) -> str:
    """Return the unit that a file's name names, or ""."""
    stem = _stem(name)
    inside = [one for one in units if without_unit(stem, one) != stem]
    return stem if stem in units else max(inside, key=len, default="")


def without_unit(stem: str, unit: str) -> str:
    """`03_optimizers_ada` and `ada_03_optimizers` -> `ada`."""
    after = stem.removeprefix(unit)
    if after != stem and (name := after.lstrip(_BETWEEN)) and name != after:
        return name
    before = stem.removesuffix(unit)
    if before != stem and (name := before.rstrip(_BETWEEN)) and name != before:
        return name
    return stem


def listed(units: Collection[str]) -> str:
    """Return units' names as they stand in a message."""
    return ", ".join(f"`{name}`" for name in units) or "no units"


def printable(text: str) -> str:
    """Return text of unknown origin as it can be shown: no control characters, no broken ones."""
    return "".join("_" if unicodedata.category(c) in _HIDDEN else c for c in text)


def code(value: object) -> str:
    """Return a value of unknown origin as inline code."""
    return f"`{printable(str(value)[:60]).replace('`', '_')}`"


# ----------------------------------------------------------------------------------- by place


def _apart_from_inner(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the paths, each once, and apart from them those that lie in others.

    Whose a file is can depend on whether it was named itself; the order it is named in must not.
    """
    outer: dict[Path, Path] = {}
    inner: dict[Path, Path] = {}
    for path in sorted(paths, key=lambda path: (len(path.absolute().parts), str(path))):
        if not _exists(path):
            raise UsageError(f"There is nothing at `{path}`. Expected a notebook, folder or zip.")
        place = path.resolve()
        lies_in = any(one in outer for one in place.parents)
        (inner if lies_in else outer).setdefault(place, path)
    return sorted(outer.values()), sorted(inner.values())


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # it can't be told: reading it says why


def _placed(
    given: Given, others: Sequence[Given], units: Collection[str], unit: str | None
) -> Iterator[Placed]:
    """Yield the files of one thing that was given, beside others."""
    whole = _is_hand_in(given, others, units)
    wrapped = given.kind == "zip" and _is_wrapped(given)
    for file in given.files:
        parts = file.parts[1:] if wrapped else file.parts
        student, decided = _owner(given.above, parts, units, whole)
        decided = unit or decided
        own = _unit_in(parts, units) if parts else ""
        yield Placed(file, student, decided or own, bool(decided))


def _is_hand_in(given: Given, others: Sequence[Given], units: Collection[str]) -> bool:
    """Return whether something that was given is a student's as a whole."""
    if given.above and given.above[0] in {SUBMITTED, *units}:
        return False
    if given.kind == "file":
        return False
    here = given.path.resolve()
    beside = {one.path.resolve() for one in others if one.kind != "file"}
    return any(one.parent == here.parent for one in beside - {here})


def _seen_from_above(given: Sequence[Given]) -> list[Given]:
    """Return what was given, with the parts of single files from the folder that holds them all."""
    places = {one.path.resolve() for one in given if one.kind == "file"}
    if len({place.parent for place in places}) < 2:
        return list(given)
    top = Path(os.path.commonpath(places))
    above = (top.name, *(one.name for one in top.parents if one.name))

    def seen(one: Given) -> Given:
        if one.kind != "file" or not one.files[0].parts:
            return one
        parts = one.path.resolve().relative_to(top).parts
        return replace(one, above=above, files=(replace(one.files[0], parts=parts),))

    return [seen(one) for one in given]


def _is_wrapped(given: Given) -> bool:
    """Return whether a zip holds a folder of its own name, as zipping a folder gives, alone."""
    tops = {file.parts[0] for file in given.files if file.parts}
    deep = all(len(file.parts) > 1 for file in given.files)
    return deep and tops == {_stem(given.above[0])}


def _owner(
    above: tuple[str, ...], parts: tuple[str, ...], units: Collection[str], whole: bool
) -> tuple[str, str]:
    """Return whose a file is, and the unit that the place decides on, if it does.

    Args:
        above: the names above what was given, nearest first.
        parts: the names from there to the file, () where all of it is meant.
        units: the names of the units.
        whole: whether what was given is one hand-in.
    """
    if nbgrader := _in_nbgraders_tree(above, parts, units, whole):
        return nbgrader
    holder = next((name for name in above if name not in units), "")
    if whole:
        return holder, ""
    if not parts:
        return "", ""
    decided = above[0] if above and above[0] in units else ""
    rest = parts
    while len(rest) > 1 and rest[0] in {SUBMITTED, *units}:
        decided = rest[0] if rest[0] in units else decided
        rest = rest[1:]
    if len(rest) > 1 or not may_be_notebook(rest[0]):  # a folder
        return rest[0], decided
    stem = _stem(rest[0])
    if stem in units:
        return holder or stem, decided
    for unit in sorted(units, key=len, reverse=True):
        stem = without_unit(stem, unit)
    return stem, decided


def _in_nbgraders_tree(
    above: tuple[str, ...], parts: tuple[str, ...], units: Collection[str], whole: bool
) -> tuple[str, str] | None:
    """Return student and unit of `submitted/<student>/<unit>/…`, whichever level was given."""
    if SUBMITTED in above[:3]:
        names = (*reversed(above[: above.index(SUBMITTED)]), *parts)
    elif parts[:1] == (SUBMITTED,) and not whole:
        names = parts[1:]
    else:
        return None
    return (names[0], names[1]) if len(names) > 2 and names[1] in units else None


def _unit_in(parts: tuple[str, ...], units: Collection[str]) -> str:
    """Return the unit that a file's name or the nearest folder in a hand-in names, or ""."""
    named = named_unit(parts[-1], units)
    return named or next((name for name in reversed(parts[:-1]) if name in units), "")


def _stem(name: str) -> str:
    return _COPY.sub("", _ENDING.sub("", name[-MAX_NAME:]))


# ------------------------------------------------------------------------------- one hand-in


def _unit_by_unit(group: list[Placed]) -> Iterator[tuple[Placed, ...]]:
    """Yield a student's files unit by unit, or all together where a unit isn't known."""
    if problem := _excess(group):
        yield (replace(group[0], file=replace(_folder_of(group[0].file), problem=problem)),)
        return
    by_unit: dict[str, list[Placed]] = {}
    for placed in group:
        by_unit.setdefault(placed.unit, []).append(placed)
    if "" in by_unit:
        yield tuple(group)
        return
    yield from map(tuple, by_unit.values())


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
    if sum(placed.file.size for placed in files) > MAX_BYTES:
        return (
            f"The notebooks that this student handed in have more than {MAX_BYTES // MIB} "
            "MiB together. Clear their outputs, and hand in the one that counts."
        )
    return ""
