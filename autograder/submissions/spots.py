"""Where each file stands: below which root, in which hand-in, and what the folders above decide.

A hand-in is what stands directly below what was given.  Folders named as a unit, nbgrader's
`submitted` and a platform's own folders hold hand-ins as what was given does;
`submitted/<student>/<unit>/` is known from every level.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import UserError
from autograder.submissions import places, platforms
from autograder.submissions.file import File, may_be_notebook
from autograder.submissions.places import Given
from autograder.submissions.zips import Holds

SUBMITTED = "submitted"  # nbgrader's folder
# Folders that platforms put around hand-ins: Teams, Gradescope.
_HOLDERS = re.compile(r"^(?:Submitted files|assignment_\d{1,20}_export)$")


class UsageError(UserError):
    """What was asked for does not exist: a path, a unit."""


@dataclass(frozen=True)
class Spot:
    """A file, and where it stands.

    `root` tells apart what holds hand-ins, `top` is the name of one there ("" where all of what was
    given is meant), and `rest` are the names from there to the file.  `decided` is the unit that a
    folder above says, `holder` the nearest folder above that is none of a unit, `nbgrader` that it
    is in nbgrader's tree.
    """

    file: File
    root: tuple[str, ...]
    top: str
    rest: tuple[str, ...]
    decided: str
    holder: str
    nbgrader: bool = False

    @property
    def folder(self) -> bool:
        """Whether the hand-in is a folder."""
        if self.rest:
            return not self.top.lower().endswith(".zip")
        return not self.file.other and not may_be_notebook(self.top)


def find(
    paths: Sequence[Path],
    units: Collection[str],
    skip: Path | None = None,
    nbgrader: bool = False,
) -> list[Spot]:
    """Return where everything at `paths` stands, each file once.

    Args:
        paths: what was given.
        units: the names of the course's units.
        skip: a folder that isn't looked at.
        nbgrader: whether what was given is nbgrader's `submitted`, whatever its name is.

    Raises:
        UsageError: a path doesn't exist.
    """
    holds = _holds(units)
    outer, inner = _apart_from_inner(paths)
    wholes = {path for path in outer if _is_hand_in(path, outer, holds)}
    beside = [
        places.look_at_hand_in(path) if path in wholes else places.look(path, holds)
        for path in outer
    ]
    given = [*_seen_from_above(beside), *(places.look(path, holds) for path in inner)]
    found: dict[str, Spot] = {}
    for one in given:
        for file in one.files:
            if not _lies_in(file, skip) and not _only_holds(file, holds):
                # What is given by itself and by its folder counts once.
                found.setdefault(
                    f"{file.key}\0{file.parts[-1:] == ('',)}", _spot(one, file, units, nbgrader)
                )
    return list(found.values())


def _lies_in(file: File, skip: Path | None) -> bool:
    return skip is not None and f"{file.key}{os.sep}".startswith(f"{skip}{os.sep}")


def _only_holds(file: File, holds: Holds) -> bool:
    """Return whether this is an empty folder of those that hold hand-ins."""
    return file.parts[-1:] == ("",) and all(map(holds, file.parts[:-1]))


def _holds(units: Collection[str]) -> Holds:
    return lambda name: name == SUBMITTED or name in units or bool(_HOLDERS.match(name))


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


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a folder above it can't be entered
        return False


def _is_hand_in(path: Path, others: Sequence[Path], holds: Holds) -> bool:
    """Return whether a path that was given is a student's as a whole.

    Then it has others beside it, or a name that a platform gives to hand-ins.
    """
    here = path.resolve()
    if _is_folder(path) and platforms.is_hand_in(here.name):
        return True
    if holds(here.name) or holds(here.stem) or not _has_inside(path):
        return False
    return any(
        one.resolve().parent == here.parent and one.resolve() != here and _has_inside(one)
        for one in others
    )


def _has_inside(path: Path) -> bool:
    try:
        return path.is_dir() or (path.suffix.lower() == ".zip" and path.is_file())
    except OSError:
        return False


def _seen_from_above(given: Sequence[Given]) -> list[Given]:
    """Return what was given, with the parts of single files from the folder that holds them all."""
    places = {one.path.resolve() for one in given if one.kind == "file"}
    if len({place.parent for place in places}) < 2:
        return list(given)
    top = Path(os.path.commonpath(places))
    above = (top.name, *(one.name for one in top.parents if one.name))

    def seen(one: Given) -> Given:
        if one.kind != "file":
            return one
        parts = one.path.resolve().relative_to(top).parts
        return replace(one, above=above, files=(replace(one.files[0], parts=parts),))

    return [seen(one) for one in given]


def _spot(given: Given, file: File, units: Collection[str], nbgrader: bool) -> Spot:
    above, parts = given.above, file.parts
    outside = tuple(reversed(above))
    holder = next((name for name in above if name not in units), "")
    if tree := _in_nbgraders_tree(above, parts, units, nbgrader):
        root, names = tree
        return Spot(file, root, names[0], names[2:], names[1], holder, nbgrader=True)
    if not parts:
        return Spot(file, outside, "", (), "", holder)
    decided = above[0] if above and above[0] in units else ""
    depth = 0
    holds = _holds(units)
    while len(parts) > depth + 1 and parts[depth + 1] != "" and holds(parts[depth]):
        decided = parts[depth] if parts[depth] in units else decided
        depth += 1
    root = (*outside, *parts[:depth])
    return Spot(file, root, parts[depth], parts[depth + 1 :], decided, holder)


def _in_nbgraders_tree(
    above: tuple[str, ...], parts: tuple[str, ...], units: Collection[str], whole: bool
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the root of nbgrader's tree and the names below it, whichever level was given."""
    if SUBMITTED in above[:3]:
        at = above.index(SUBMITTED)
        root, names = tuple(reversed(above[at:])), (*reversed(above[:at]), *parts)
    elif parts[:1] == (SUBMITTED,):
        root, names = (*reversed(above), SUBMITTED), parts[1:]
    elif whole:
        root, names = tuple(reversed(above)), parts
    else:
        return None
    return (root, names) if len(names) > 2 and names[1] in units else None
