"""What lies at a path: the notebook files of a folder or a zip.

Finding looks at names and sizes only, within limits for each hand-in; `read` then gives one file's
bytes.  So one hand-in, whatever it holds, decides nothing for the others.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from autograder.submissions import archive
from autograder.submissions.archive import Archives
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
    nothing,
)

# A hand-in may hold an environment or a data set beside the notebook, which is passed over.
MAX_ENTRIES = 50_000  # files and folders of one hand-in
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


def look(path: Path, containers: Collection[str]) -> Given:
    """Find everything at `path` that may be a notebook, in the order of the names.

    Args:
        path: a notebook, folder or zip.
        containers: names of folders that hold hand-ins, as the folder that is given does.
    """
    place = path.resolve()
    above = tuple(parent.name for parent in place.parents if parent.name)
    file = File(str(place), str(path), (path.name,), place=str(path))
    try:
        mode = path.stat().st_mode
    except OSError as error:
        parts = (path.name,) if may_be_notebook(path.name) else ()
        return Given(path, "file", above, (replace(file, parts=parts, problem=cant_read(error)),))
    if stat.S_ISDIR(mode):
        top = replace(file, parts=())
        found = tuple(_folder(path, top, containers)) or (nothing(top, "folder"),)
        return Given(path, "folder", (place.name, *above), found)
    if path.suffix.lower() == ".zip" and stat.S_ISREG(mode):
        found = tuple(archive.members(path, replace(file, parts=())))
        return Given(path, "zip", (path.stem, *above), found)
    if not stat.S_ISREG(mode):
        file = replace(file, problem=SPECIAL)
    else:
        problem = not_a_notebook(path.name)
        file = replace(file, size=path.stat().st_size, named=True, problem=problem)
    return Given(path, "file", above, (file,))


def read(file: File, archives: Archives) -> bytes:
    """Return a file's bytes; `archives` keeps the zip open in which it may lie.

    Raises:
        UnreadableError: there are none, or too many.
    """
    if file.problem:
        raise UnreadableError(file.problem)
    if file.member >= 0:
        return archive.read_member(file, archives)
    return read_file(Path(file.place), follow=file.named)


def beside(file: File, archives: Archives) -> tuple[str, ...]:
    """Return the names of Python files and of folders that lie beside a file; a hundred at most."""
    if file.member >= 0:
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


def _folder(root: Path, top: File, containers: Collection[str]) -> Iterator[File]:
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
            if may_be_notebook(entry.name):
                yield _found(inner, entry)
        elif entry.name in containers and len(top.parts) < 2:
            yield from _folder(Path(entry.path), inner, containers)
        else:
            yield from _hand_in(Path(entry.path), inner)


def _hand_in(root: Path, top: File) -> list[File]:
    """Return the files of one hand-in, which may be a whole repository."""
    found: list[File] = []
    waiting, seen = [(root, top)], 0
    while waiting:
        folder, here = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            found.append(replace(here, problem=cant_read(error)))
            continue
        seen += len(entries)
        if seen > MAX_ENTRIES:
            problem = (
                f"There are more than {MAX_ENTRIES:,} files in this folder. Hand in the notebook, "
                "without environments and data."
            )
            return [replace(top, problem=problem)]
        inner_folders = []
        for entry in entries:
            inner = _inside(here, entry)
            if ignored(entry.name):
                continue
            if entry.is_symlink() and Path(entry.path).is_dir():
                if not Path(entry.path).resolve().is_relative_to(root.resolve()):
                    found.append(replace(inner, problem=_LEADS_OUT))
            elif entry.is_dir(follow_symlinks=False):
                if len(inner.parts) - len(top.parts) < MAX_DEPTH:
                    inner_folders.append((Path(entry.path), inner))
            elif may_be_notebook(entry.name):
                found.append(_found(inner, entry))
        waiting += reversed(inner_folders)
    return found


def _inside(folder: File, entry: os.DirEntry[str]) -> File:
    path = str(Path(folder.path, entry.name))
    parts = (*folder.parts, entry.name)
    return File(str(Path(folder.key, entry.name)), path, parts, place=path)


def _found(file: File, entry: os.DirEntry[str]) -> File:
    """Return a file of a folder, with what stands against reading it."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return replace(file, problem=cant_read(error))
    if stat.S_ISLNK(status.st_mode):
        return replace(file, problem=LINK)
    if not stat.S_ISREG(status.st_mode):
        return replace(file, problem=SPECIAL)
    return replace(file, size=status.st_size, problem=not_a_notebook(entry.name))
