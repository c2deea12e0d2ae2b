"""A student's folder: what is refused before nbgrader touches it, and what lies beside notebooks.

nbgrader follows links, waits for pipes and copies whatever lies beside a notebook.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO

from nbgrader.utils import parse_utc

from autograder.submissions.file import LINK, MAX_NOTEBOOK_BYTES, MIB
from autograder.submissions.identify import MAX_BYTES, MAX_NOTEBOOKS, printable
from autograder.submissions.places import MAX_DEPTH
from autograder.submissions.zips import MAX_ENTRIES

MAX_FILES = 20_000  # beside the notebooks; each is copied while the class waits
_NOTEBOOKS = "*.ipynb"
_TIMESTAMP = "timestamp.txt"
_MAX_TIMESTAMP = 200  # bytes
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class RefusedError(Exception):
    """A folder that is not graded; says what was seen and what to do."""


@dataclass(frozen=True)
class Beside:
    """A regular file that lies beside the notebooks, as it was when it was looked at."""

    parts: tuple[str, ...]  # its path in the folder
    status: os.stat_result


@dataclass(frozen=True)
class Looked:
    """What was found in a folder that is not refused."""

    files: list[Beside]
    too_deep: str = ""  # a folder whose content is passed over


# ------------------------------------------------------------------------------------ looking


def look(folder: Path, depth: int, notebooks: Collection[str], ignore: Collection[str]) -> Looked:
    """Return what nbgrader is to copy from a student's folder.

    Args:
        folder: one student's submission of an assignment.
        depth: how many of the last names of its path are below the submitted directory.
        notebooks: the names of the assignment's notebooks; others are not read.
        ignore: the patterns of names that nbgrader leaves out.

    Raises:
        RefusedError: something in it must not be followed, waited for or copied.
    """
    for place in reversed([folder, *folder.parents][:depth]):
        if place.is_symlink():
            raise RefusedError(f"{_named(place)} is a link. Copy the folder itself there.")
    entries = _entries(folder)
    present = [entry for entry in entries if fnmatchcase(entry.name, _NOTEBOOKS)]
    if len(present) > MAX_NOTEBOOKS:
        raise RefusedError(
            f"There are {len(present):,} notebooks in {_named(folder)}; at most {MAX_NOTEBOOKS} "
            "are looked at. Hand in those of the assignment."
        )
    for entry in present:
        if Path(entry.name).stem in notebooks:
            _require_notebook(entry)
    require_time(folder)
    return _beside(folder, entries, (*ignore, _NOTEBOOKS))


def require_time(folder: Path) -> None:
    """Make sure that the time of a submission, where there is one, can be read at once.

    Raises:
        RefusedError: it can't.
    """
    path = folder / _TIMESTAMP
    if not os.path.lexists(path):
        return
    try:
        with _opened(path) as stream:
            content = stream.read(_MAX_TIMESTAMP + 1)
        if len(content) > _MAX_TIMESTAMP:
            raise ValueError
        if content.strip():
            parse_utc(content.decode().strip())
    except (OSError, RefusedError) as error:
        raise RefusedError(_no_regular_file(path)) from error
    except Exception as error:  # whatever the parser makes of it
        raise RefusedError(
            f"{_named(path)} holds no time. Expected one like `2026-03-01 12:00:00 UTC`: correct "
            "it, or delete the file."
        ) from error


def _require_notebook(entry: os.DirEntry[str]) -> None:
    path = Path(entry.path)
    status = _status(entry)
    if stat.S_ISLNK(status.st_mode):
        raise RefusedError(f"{_named(path)}: {LINK}")
    if not stat.S_ISREG(status.st_mode):
        raise RefusedError(f"{_named(path)} is not a regular file. Expected a notebook.")
    if status.st_size > MAX_NOTEBOOK_BYTES:
        raise RefusedError(
            f"{_named(path)} is larger than {MAX_NOTEBOOK_BYTES // MIB} MiB. Clear its outputs, "
            "save it and hand it in again."
        )


def _beside(folder: Path, entries: list[os.DirEntry[str]], ignore: Collection[str]) -> Looked:
    """Look at all files and folders but the ignored ones, without recursion."""
    files: list[Beside] = []
    too_deep, seen, size = "", 0, 0
    waiting: list[tuple[tuple[str, ...], list[os.DirEntry[str]] | None]] = [((), entries)]
    while waiting:
        parts, here = waiting.pop()
        for entry in here if here is not None else _entries(folder.joinpath(*parts)):
            seen += 1
            inner = (*parts, entry.name)
            if _matches(entry.name, ignore):
                continue
            status = _status(entry)
            if stat.S_ISDIR(status.st_mode):
                if len(inner) > MAX_DEPTH:
                    too_deep = too_deep or _named(Path(*inner))
                else:
                    waiting.append((inner, None))
                continue
            if not stat.S_ISREG(status.st_mode):
                raise RefusedError(_no_regular_file(Path(entry.path)))
            files.append(Beside(inner, status))
            size += status.st_size
            _require_few(folder, seen, len(files), size)
        _require_few(folder, seen, len(files), size)
    return Looked(sorted(files, key=lambda file: file.parts), too_deep)


def _require_few(folder: Path, seen: int, files: int, size: int) -> None:
    if files > MAX_FILES or seen > MAX_ENTRIES:
        raise RefusedError(
            f"There are more than {MAX_FILES:,} files in {_named(folder)}. Hand in the notebook, "
            "without environments and data."
        )
    if size > MAX_BYTES:
        raise RefusedError(
            f"The files in {_named(folder)} have more than {MAX_BYTES // MIB} MiB together. Hand "
            "in the notebook, without environments and data."
        )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder, but never more than is looked at."""
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(entry)
                if len(found) > MAX_ENTRIES:
                    break
    except OSError as error:
        raise _unreadable(folder, error) from None
    return sorted(found, key=lambda entry: entry.name)


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError as error:
        raise _unreadable(Path(entry.path), error) from None


def _matches(name: str, patterns: Collection[str]) -> bool:
    """Return whether a pattern means a name, as in a shell: a hidden one only if it says so."""
    return any(
        fnmatchcase(name, pattern)
        for pattern in patterns
        if not name.startswith(".") or pattern.startswith(".")
    )


# ------------------------------------------------------------------------------------ copying


def copy(
    folder: Path, files: Collection[Beside], destination: Path, tell: Callable[..., Any]
) -> None:
    """Copy files that were looked at; leaves none of them behind if one can't be.

    Raises:
        RefusedError: one is no longer what was looked at, or can't be copied.
    """
    written: list[Path] = []
    made: set[Path] = set()
    try:
        for file in files:
            source, target = folder.joinpath(*file.parts), destination.joinpath(*file.parts)
            tell("Copying %s -> %s", printable(str(source)), printable(str(target)))
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            target.unlink(missing_ok=True)
            written.append(target)
            _copy(source, file.status, target)
    except BaseException as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        if isinstance(error, OSError):
            raise RefusedError(
                f"{_named(source)} can't be copied: {error.strerror or error}."
            ) from None
        raise


def _copy(source: Path, looked_at: os.stat_result, target: Path) -> None:
    with _opened(source) as stream, target.open("xb") as copied:
        if not os.path.samestat(os.fstat(stream.fileno()), looked_at):
            raise _changed(source)
        left = looked_at.st_size
        for chunk in _chunks(stream, left + 1):
            left -= len(chunk)
            if left < 0:
                raise _changed(source)
            copied.write(chunk)


def _opened(path: Path) -> BinaryIO:
    """Open a regular file; never a link, never waiting."""
    try:
        stream = os.fdopen(os.open(path, _FLAGS), "rb")
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _changed(path) from None
        raise
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return stream
    stream.close()
    raise _changed(path)


def _chunks(stream: BinaryIO, count: int) -> Iterator[bytes]:
    while count > 0 and (chunk := stream.read(min(MIB, count))):
        count -= len(chunk)
        yield chunk


# ------------------------------------------------------------------------------------ messages


def _changed(path: Path) -> RefusedError:
    return RefusedError(f"{_named(path)} was changed while it was graded. Grade this one again.")


def _unreadable(path: Path, error: OSError) -> RefusedError:
    return RefusedError(
        f"{_named(path)} can't be read: {error.strerror or error}. Make it readable for this user."
    )


def _no_regular_file(path: Path) -> str:
    what = "a link" if path.is_symlink() else "not a regular file"
    return f"{_named(path)} is {what}. Copy the file itself there, or delete it."


def _named(path: Path) -> str:
    """Return a path of unknown origin as it stands in a message: its end, if it is long."""
    text = printable(str(path)).replace("`", "_")
    return f"`{text}`" if len(text) <= 300 else f"`…{text[-300:]}`"
