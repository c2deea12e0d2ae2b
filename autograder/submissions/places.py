"""What lies at a path: the files of a folder or a zip, and which of them may be notebooks.

Finding looks at names and sizes only, within limits for each hand-in; `read` then gives one file's
bytes.  So one hand-in, whatever it holds, decides nothing for the others.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from autograder.submissions import archive, zips
from autograder.submissions.content import UnreadableError
from autograder.submissions.file import (
    LINK,
    SPECIAL,
    File,
    cant_read,
    ignored,
    limited,
    may_be_notebook,
    not_a_notebook,
)
from autograder.submissions.names import stem
from autograder.submissions.open_zips import Archives
from autograder.submissions.zips import Holds, is_zip, opened

MAX_DEPTH = 30  # folders in folders
_MAX_BESIDE = 5_000  # names that are looked at beside a notebook
_LEADS_OUT = "This folder is a link that leads out of what was handed in. Copy it here."


@dataclass(frozen=True)
class Given:
    """What lies at one path that was given.

    `above` are the names of what holds the files, nearest first: a folder's or zip's own, then
    those of the folders above it.
    """

    path: Path
    kind: Literal["file", "folder", "zip"]
    above: tuple[str, ...]
    files: tuple[File, ...]


def look(path: Path, holds: Holds) -> Given:
    """Find everything at a path that is given, in the order of the names."""
    place = path.resolve()
    above = tuple(parent.name for parent in place.parents if parent.name)
    file = File(str(place), str(path), (path.name,), place=str(path))
    try:
        status = path.stat()
    except OSError as error:
        return Given(path, "file", above, (replace(file, problem=cant_read(error)),))
    if stat.S_ISDIR(status.st_mode):
        found = tuple(_folder(path, replace(file, parts=()), holds))
        return Given(path, "folder", (place.name, *above), found)
    if is_zip(path.name) and stat.S_ISREG(status.st_mode):
        files = zips.of_class(replace(file, parts=()), stem(path.name), holds)
        return Given(path, "zip", (path.stem, *above), tuple(files))
    if not stat.S_ISREG(status.st_mode):
        file = replace(file, problem=SPECIAL)
    else:
        problem = not_a_notebook(path.name)
        other = not may_be_notebook(path.name)
        file = replace(file, size=status.st_size, named=True, problem=problem, other=other)
    return Given(path, "file", above, (file,))


def look_at_hand_in(path: Path) -> Given:
    """Find everything in a folder or zip that is one student's as a whole.

    Its own name is the first part of its files' names, as if the folder that it lies in had been
    given.
    """
    place = path.resolve()
    above = tuple(parent.name for parent in place.parents if parent.name)
    top = File(str(place), str(path), (place.name,), place=str(path))
    if path.is_dir():
        return Given(path, "folder", above, tuple(_hand_in(path, top)))
    found = replace(top, size=path.stat().st_size)
    return Given(path, "zip", above, tuple(opened(found)[0]))


def read(file: File, archives: Archives) -> bytes:
    """Return a file's bytes; `archives` keeps the zip open in which it may lie.

    Raises:
        UnreadableError: there are none, or too many.
    """
    if file.problem:
        raise UnreadableError(file.problem)
    if file.members:
        return archive.read_member(file, archives)
    return read_file(Path(file.place), follow=file.named)


def beside(file: File, archives: Archives) -> tuple[str, ...]:
    """Return the names of Python files and of folders that lie beside a file; a hundred at most."""
    if file.members:
        names = archive.beside(file, archives)
    else:
        try:
            with os.scandir(Path(file.place).parent) as entries:
                names = [
                    entry.name
                    for entry in itertools.islice(entries, _MAX_BESIDE)
                    if entry.name.endswith(".py") or entry.is_dir(follow_symlinks=False)
                ]
        except OSError:
            return ()
    return tuple(sorted(name for name in names if not ignored(name))[:100])


def read_file(path: Path, follow: bool = False) -> bytes:
    """Return the bytes of a regular file; never waits for a pipe or a device.

    Raises:
        UnreadableError: it is none, or is larger than any notebook.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        if not follow and path.is_symlink():
            raise UnreadableError(LINK)
        with os.fdopen(os.open(path, flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError(SPECIAL)
            return limited(stream, status.st_size)
    except OSError as error:
        raise UnreadableError(cant_read(error)) from None


# ---------------------------------------------------------------------------------------- folders


def _folder(root: Path, top: File, holds: Holds) -> Iterator[File]:
    """Find the files of a folder that holds hand-ins; each hand-in has its own limits."""
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        yield replace(top, problem=cant_read(error))
        return
    for entry in entries:
        if ignored(entry.name):
            continue
        inner = _inside(top, entry)
        if entry.is_symlink() and Path(entry.path).is_dir():
            yield replace(
                inner, problem="This folder is a link. Expected the folder itself: copy it here."
            )
        elif not entry.is_dir(follow_symlinks=False):
            yield from opened(_found(inner, entry))[0]
        elif holds(entry.name) and len(top.parts) < 2:
            yield from _folder(Path(entry.path), inner, holds)
        else:
            yield from _hand_in(Path(entry.path), inner)


def _hand_in(root: Path, top: File) -> list[File]:
    """Return the files of one hand-in, which may be a whole repository."""
    found: list[File] = []
    others = [replace(top, parts=(*top.parts, ""), other=True)]
    waiting, seen = [(root, top)], 0
    while waiting:
        folder, here = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            found.append(replace(here, problem=cant_read(error)))
            continue
        seen += len(entries)
        inner_folders = []
        for entry in entries:
            if seen > zips.MAX_ENTRIES:
                return [replace(top, problem=zips.too_many("folder"))]
            inner = _inside(here, entry)
            if ignored(entry.name):
                continue
            if entry.is_symlink() and Path(entry.path).is_dir():
                if not Path(entry.path).resolve().is_relative_to(root.resolve()):
                    found.append(replace(inner, problem=_LEADS_OUT))
            elif entry.is_dir(follow_symlinks=False):
                if len(inner.parts) - len(top.parts) < MAX_DEPTH:
                    inner_folders.append((Path(entry.path), inner))
                if len(inner.parts) - len(top.parts) == 1:  # may be nbgrader's of a unit
                    others.append(replace(inner, parts=(*inner.parts, ""), other=True))
            elif may_be_notebook(entry.name):
                members, count = opened(_found(inner, entry))
                seen += count
                found += members
            elif len(others) < zips.MAX_OTHERS:
                others.append(_found(inner, entry))
        waiting += reversed(inner_folders)
    if seen > zips.MAX_ENTRIES:
        return [replace(top, problem=zips.too_many("folder"))]
    return [*found, *others]


def _inside(folder: File, entry: os.DirEntry[str]) -> File:
    path = str(Path(folder.path, entry.name))
    parts = (*folder.parts, entry.name)
    return File(str(Path(folder.key, entry.name)), path, parts, place=path)


def _found(file: File, entry: os.DirEntry[str]) -> File:
    """Return a file of a folder, with what stands against reading it."""
    file = replace(file, other=not may_be_notebook(entry.name))
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return replace(file, problem=cant_read(error))
    if stat.S_ISLNK(status.st_mode):
        return replace(file, problem=LINK)
    if not stat.S_ISREG(status.st_mode):
        return replace(file, problem=SPECIAL)
    return replace(file, size=status.st_size, problem=not_a_notebook(entry.name))
