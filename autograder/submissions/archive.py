"""The notebooks in a zip, never extracted to disk; one member decides nothing for the others."""

from __future__ import annotations

import io
import os
import stat
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from autograder.submissions.content import UnreadableError
from autograder.submissions.file import (
    MAX_NAME,
    MIB,
    File,
    cant_read,
    ignored,
    limited,
    may_be_notebook,
    not_a_notebook,
    nothing,
    shown,
)

MAX_RATIO = 200  # deflate reaches 1032
MAX_MEMBERS = 200_000  # what a class of 1,000 hands in
_MAX_DIRECTORY_BYTES = 64 * MIB

_ZIP_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    zlib.error,
)


class Archives:
    """Zips, opened once for all of their members, and closed in the end.

    Safe for threads, and for processes forked from the one that made it, which open their own:
    they would move the place in a file under each other's hands.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._guard = threading.Lock()
        self._open: dict[str, zipfile.ZipFile] = {}

    def opened(self, place: str) -> zipfile.ZipFile:
        """Return an archive; raises what `zipfile` raises."""
        if os.getpid() != self._owner:
            self._owner, self._guard, self._open = os.getpid(), threading.Lock(), {}
        with self._guard:
            if place not in self._open:
                self._open[place] = _zip_file(place)
            return self._open[place]

    def close(self) -> None:
        """Close all of them."""
        for archive in self._open.values():
            _close(archive)
        self._open = {}


class _TooLargeError(Exception):
    """A limit on what is read was reached."""


class _Reader(io.FileIO):
    """Refuses the one huge read with which `zipfile` takes in a table of members."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY_BYTES:
            raise _TooLargeError
        return super().read(-1 if size is None else size) or b""


def members(path: Path, top: File) -> Iterator[File]:
    try:
        archive = _zip_file(str(path))
        table = archive.infolist()
        _close(archive)
    except _TooLargeError:
        yield replace(top, problem=_bomb(f"its table of members has more than {MAX_MEMBERS:,}"))
        return
    except PermissionError as error:
        yield replace(top, problem=cant_read(error))
        return
    except _ZIP_ERRORS as error:
        problem = (
            f"The archive is damaged: `{_words(error)}`. It was probably cut off while it was "
            "saved or uploaded. Zip the notebooks again, or hand them in without an archive."
        )
        yield replace(top, problem=problem)
        return
    if len(table) > MAX_MEMBERS:
        yield replace(top, problem=_bomb(f"it has {len(table):,} members"))
        return
    found = [
        (member.filename, file)
        for index, member in enumerate(table)
        if not member.is_dir() and (file := _member(index, member, top))
    ]
    if not found:
        yield nothing(top, "archive")
    for _, file in sorted(found, key=lambda pair: pair[0]):
        yield file


def _zip_file(place: str) -> zipfile.ZipFile:
    stream = _Reader(place)
    try:
        return zipfile.ZipFile(stream)
    except BaseException:
        stream.close()
        raise


def _close(archive: zipfile.ZipFile) -> None:
    stream = archive.fp
    archive.close()
    if stream is not None:
        stream.close()  # which `zipfile` leaves to whoever opened it


def _member(index: int, member: zipfile.ZipInfo, top: File) -> File | None:
    """Return the place of a member and why it is refused, if it is; None for what isn't a notebook.

    A member that is refused stops nothing but itself.
    """
    name = member.filename.replace("\\", "/")  # some tools of Windows write these
    parts = PurePosixPath(name).parts
    file = replace(
        top,
        # An archive may hold several members of one name.
        key=f"{top.key}\0{member.header_offset}",
        path=f"{top.path}/{shown(name)}",
        parts=parts,
        member=index,
        size=member.file_size,
    )
    if any(map(ignored, parts)) and ".." not in parts:
        return None
    problem = ""
    if ".." in parts or name.startswith("/") or name[1:2] == ":":
        problem = "leads out of the archive. Zip the notebooks by their names alone."
    elif not parts or not may_be_notebook(parts[-1]):
        return None
    elif max(map(len, parts)) > MAX_NAME:
        problem = f"has a name of more than {MAX_NAME} characters. Give it a shorter one."
    elif stat.S_ISLNK(member.external_attr >> 16):
        problem = "is a link. Zip the notebook itself."
    elif member.flag_bits & 0x1:
        problem = "is encrypted. Zip it without a password."
    elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other methods without a limit on memory.
        problem = "is packed by an unusual method. Zip it with the common one, `deflate`."
    elif member.file_size > max(MIB, MAX_RATIO * member.compress_size):
        problem = (
            f"unpacks to more than {MAX_RATIO} times its size, as no notebook does. Zip the "
            "notebook itself."
        )
    else:
        return replace(file, problem=not_a_notebook(parts[-1]))
    if ".." in parts or name.startswith("/"):
        # Such a name says nothing of whose it is: least of all that it is another one's.
        file = replace(file, parts=(shown(name).replace("/", "_"),))
    return replace(file, problem=f"The member `{shown(name)}` of the archive {problem}")


def read_member(file: File, archives: Archives) -> bytes:
    try:
        archive = archives.opened(file.place)
        with archive.open(archive.infolist()[file.member]) as stream:
            return limited(stream, file.size)
    except _TooLargeError:
        raise UnreadableError("The archive has changed while it was read.") from None
    except (*_ZIP_ERRORS, IndexError) as error:
        raise UnreadableError(
            f"The member `{shown('/'.join(file.parts))}` of the archive is damaged: "
            f"`{_words(error)}`. Zip the notebooks again."
        ) from None


def beside(file: File, archives: Archives) -> list[str]:
    """Return the names of Python files that lie beside a member."""
    try:
        names = archives.opened(file.place).namelist()
    except (_TooLargeError, *_ZIP_ERRORS):
        return []
    parents = [PurePosixPath(name) for name in names if name.endswith(".py")]
    here = PurePosixPath(*file.parts).parent
    return [shown(path.name) for path in parents if path.parent == here]


def _bomb(excess: str) -> str:
    return (
        f"The archive is refused: {excess}. The limit is {MAX_MEMBERS:,} members. Zip nothing but "
        "the notebooks."
    )


def _words(error: Exception) -> str:
    return shown(str(error) or type(error).__name__)[:200]
