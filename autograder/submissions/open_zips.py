"""Zips kept open: those that lie in files, and in memory those that lie in other zips."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator

from autograder.submissions.file import MIB

MAX_INNER_BYTES = 64 * MIB  # of an archive in an archive, which is held in memory
MAX_MEMBERS = 200_000  # what a class of 1,000 hands in
MAX_HAND_IN_MEMBERS = 50_000
_MAX_DIRECTORY_BYTES = 64 * MIB
_MAX_HAND_IN_DIRECTORY_BYTES = 8 * MIB
_MAX_OPEN = 8  # archives at a time; a process may open few files

# What `zipfile` raises at damaged and hostile archives.
ZIP_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    zlib.error,
)


class Archives:
    """Zips, the first of them opened once for all of their members, and closed in the end.

    Of the zips in zips each thread holds the one that it looked at last.

    Safe for threads, and for processes forked from the one that made it, which open their own:
    they would move the place in a file under each other's hands.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._owner = os.getpid()
        self._guard = threading.Lock()
        self._open: dict[str, zipfile.ZipFile] = {}
        self._last = _Last()

    @contextlib.contextmanager
    def opened(self, place: str, within: tuple[int, ...] = ()) -> Iterator[zipfile.ZipFile]:
        """Give the archive at a place, or the one that is a member of it.

        Raises what `zipfile` raises, IndexError where there is no such member and `TooLargeError`
        where it is too large.
        """
        if os.getpid() != self._owner:
            self._reset()
        if not within:
            with self._outer(place) as archive:
                yield archive
            return
        last, (index,) = self._last, within
        if last.archive is None or last.which != (place, index):
            last.archive = None  # before the next is read: two would take twice the memory
            with self._outer(place) as outer:
                last.archive = _zip_in(outer, index)
            last.which = (place, index)
        yield last.archive

    @contextlib.contextmanager
    def _outer(self, place: str) -> Iterator[zipfile.ZipFile]:
        with self._guard:
            if place not in self._open and len(self._open) < _MAX_OPEN:
                self._open[place] = zip_file(place)
            kept = self._open.get(place)
        if kept is not None:
            yield kept
            return
        archive = zip_file(place)  # where each of a class has handed in one
        try:
            yield archive
        finally:
            close(archive)

    def close(self) -> None:
        """Close all of them."""
        for archive in self._open.values():
            close(archive)
        self._reset()


class _Last(threading.local):
    """The archive in an archive that a thread looked at last; it lies in memory alone."""

    which = ("", 0)
    archive: zipfile.ZipFile | None = None


class TooLargeError(Exception):
    """A limit on what is read was reached."""


class _File(io.FileIO):
    """A zip in a file, whose table of members is taken in within limits."""

    hand_in = False

    def read(self, size: int | None = -1, /) -> bytes:
        size = -1 if size is None else size
        return _limited(lambda: super(_File, self).read(size) or b"", size, self.hand_in)


class _Memory(io.BytesIO):
    """A zip of a hand-in, held in memory, whose table of members is taken in within limits."""

    def read(self, size: int | None = -1, /) -> bytes:
        size = -1 if size is None else size
        return _limited(lambda: super(_Memory, self).read(size), size, hand_in=True)


def _limited(read: Callable[[], bytes], size: int, hand_in: bool) -> bytes:
    """Refuse the one huge read with which `zipfile` takes in a table of members.

    It would build an object for each member, in a second for 180,000 of them.
    """
    if size > (_MAX_HAND_IN_DIRECTORY_BYTES if hand_in else _MAX_DIRECTORY_BYTES):
        raise TooLargeError
    data = read()
    most = MAX_HAND_IN_MEMBERS if hand_in else MAX_MEMBERS
    if size > MIB and data.count(b"PK\1\2") > most:  # members themselves are read in smaller parts
        raise TooLargeError
    return data


def zip_file(place: str, hand_in: bool = False) -> zipfile.ZipFile:
    """Return the zip in a file: of a class, or of one hand-in, within the limits of that."""
    stream = _File(place)
    stream.hand_in = hand_in
    try:
        return zipfile.ZipFile(stream)
    except BaseException:
        stream.close()
        raise


def _zip_in(outer: zipfile.ZipFile, index: int) -> zipfile.ZipFile:
    """Return the zip that is a member of another one; its bytes are held in memory."""
    member = outer.infolist()[index]
    if member.file_size > MAX_INNER_BYTES:
        raise TooLargeError
    memory = _Memory()
    with outer.open(member) as stream:  # which gives no more than the table says
        while chunk := stream.read(MIB):
            memory.write(chunk)
    return zipfile.ZipFile(memory)


def close(archive: zipfile.ZipFile) -> None:
    """Close an archive and the file that it lies in."""
    stream = archive.fp
    archive.close()
    if stream is not None:
        stream.close()  # which `zipfile` leaves to its caller
