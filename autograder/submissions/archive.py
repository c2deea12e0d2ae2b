"""What lies at a path: the notebook files of a folder or a zip, never extracted to disk.

Finding looks at names and sizes only, within limits for each hand-in; `read` then gives one file's
bytes.  So one hand-in, whatever it holds, decides nothing for the others.
"""

from __future__ import annotations

import io
import os
import re
import stat
import threading
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from autograder.submissions.notebook_file import UnreadableError

MIB = 2**20
MAX_NOTEBOOK_BYTES = 50 * MIB
MAX_RATIO = 200  # deflate reaches 1032
MAX_MEMBERS = 200_000  # of a zip: what a class of 1,000 hands in
MAX_NAME = 255  # characters; file systems allow no more
# A hand-in may hold an environment or a data set beside the notebook, which is passed over.
MAX_ENTRIES = 50_000  # files and folders of one hand-in
MAX_DEPTH = 30  # folders in folders
_MAX_DIRECTORY_BYTES = 64 * MIB

_KINDS = (".ipynb", ".zip")
# Browsers and mailers add an ending to what they take for text.
_RENAMED = re.compile(r"\.ipynb\.\w+$", re.IGNORECASE)
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    zlib.error,
)


@dataclass(frozen=True)
class File:
    """One file that may be a notebook.

    `parts` are the names from what was given down to the file; () where all of that is meant.
    `key` tells files apart, `place` and `member` say where the bytes are, and `problem` why there
    are none.  `named` says that the file itself was given: only then a link is followed.
    """

    key: str
    path: str
    parts: tuple[str, ...]
    place: str = ""
    member: int = -1
    size: int = 0
    named: bool = False
    problem: str = ""


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


LINK = "This file is a link. Expected the notebook itself: copy it here."
_LEADS_OUT = "This folder is a link that leads out of what was handed in. Copy it here."


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
        return Given(path, "file", above, (replace(file, parts=parts, problem=_cant_read(error)),))
    if stat.S_ISDIR(mode):
        top = replace(file, parts=())
        found = tuple(_folder(path, top, containers)) or (_nothing(top, "folder"),)
        return Given(path, "folder", (place.name, *above), found)
    if path.suffix.lower() == ".zip" and stat.S_ISREG(mode):
        found = tuple(_zip(path, replace(file, parts=())))
        return Given(path, "zip", (path.stem, *above), found)
    if not stat.S_ISREG(mode):
        file = replace(file, problem="This is not a regular file. Expected a notebook, `.ipynb`.")
    else:
        problem = _not_a_notebook(path.name)
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
        return _read_member(file, archives)
    return read_file(Path(file.place), follow=file.named)


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
                raise UnreadableError("This is not a regular file. Expected a notebook, `.ipynb`.")
            return _limited(stream, status.st_size)
    except OSError as error:
        raise UnreadableError(_cant_read(error)) from None


# ----------------------------------------------------------------------------------- folders


def _folder(root: Path, top: File, containers: Collection[str]) -> Iterator[File]:
    """Find the files of a folder that holds hand-ins; each hand-in has its own limits."""
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        yield replace(top, problem=_cant_read(error))
        return
    for entry in entries:
        if _ignored(entry.name):
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
            found.append(replace(here, problem=_cant_read(error)))
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
            if _ignored(entry.name):
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
        return replace(file, problem=_cant_read(error))
    if stat.S_ISLNK(status.st_mode):
        return replace(file, problem=LINK)
    if not stat.S_ISREG(status.st_mode):
        return replace(file, problem="This is not a regular file. Expected a notebook, `.ipynb`.")
    return replace(file, size=status.st_size, problem=_not_a_notebook(entry.name))


# -------------------------------------------------------------------------------------- zips


def _zip(path: Path, top: File) -> Iterator[File]:
    try:
        archive = _zip_file(str(path))
        members = archive.infolist()
        _close(archive)
    except _TooLargeError:
        yield replace(top, problem=_bomb(f"its table of members has more than {MAX_MEMBERS:,}"))
        return
    except PermissionError as error:
        yield replace(top, problem=_cant_read(error))
        return
    except _ZIP_ERRORS as error:
        problem = (
            f"The archive is damaged: `{_words(error)}`. It was probably cut off while it was "
            "saved or uploaded. Zip the notebooks again, or hand them in without an archive."
        )
        yield replace(top, problem=problem)
        return
    if len(members) > MAX_MEMBERS:
        yield replace(top, problem=_bomb(f"it has {len(members):,} members"))
        return
    found = [
        (member.filename, file)
        for index, member in enumerate(members)
        if not member.is_dir() and (file := _member(index, member, top))
    ]
    if not found:
        yield _nothing(top, "archive")
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
    if any(map(_ignored, parts)) and ".." not in parts:
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
        return replace(file, problem=_not_a_notebook(parts[-1]))
    if ".." in parts or name.startswith("/"):
        # Such a name says nothing of whose it is: least of all that it is another one's.
        file = replace(file, parts=(shown(name).replace("/", "_"),))
    return replace(file, problem=f"The member `{shown(name)}` of the archive {problem}")


def _read_member(file: File, archives: Archives) -> bytes:
    try:
        archive = archives.opened(file.place)
        with archive.open(archive.infolist()[file.member]) as stream:
            return _limited(stream, file.size)
    except _TooLargeError:
        raise UnreadableError("The archive has changed while it was read.") from None
    except (*_ZIP_ERRORS, IndexError) as error:
        raise UnreadableError(
            f"The member `{shown('/'.join(file.parts))}` of the archive is damaged: "
            f"`{_words(error)}`. Zip the notebooks again."
        ) from None


# --------------------------------------------------------------------------------- what it is


def may_be_notebook(name: str) -> bool:
    """Return whether a file of this name was meant as a notebook, or holds some."""
    name = name[-MAX_NAME:]
    return name.lower().endswith(_KINDS) or bool(_RENAMED.search(name))


def shown(name: str) -> str:
    """Return a name from an archive as it can stand in a message."""
    cut = name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}…"
    return "".join(c if c.isprintable() and c != "`" else "_" for c in cut)


def _limited(stream: IO[bytes], size: int) -> bytes:
    # In steps, because a reader may ask for as much memory at once as it is told to read.
    chunks: list[bytes] = []
    left = MAX_NOTEBOOK_BYTES + 1
    while size <= MAX_NOTEBOOK_BYTES and left > 0 and (chunk := stream.read(min(MIB, left))):
        chunks.append(chunk)
        left -= len(chunk)
    if size <= MAX_NOTEBOOK_BYTES and left > 0:
        return b"".join(chunks)
    raise UnreadableError(
        f"The notebook is larger than {MAX_NOTEBOOK_BYTES // MIB} MiB. "
        "Clear its outputs, save it and hand it in again."
    )


def _not_a_notebook(name: str) -> str:
    if _RENAMED.search(name[-MAX_NAME:]):
        right = _RENAMED.sub(".ipynb", name)
        return f"The name ends in `{Path(name).suffix}`. Expected a notebook: rename it `{right}`."
    if name.lower().endswith(".zip"):
        return (
            "An archive inside a folder or another archive is not opened. "
            "Unpack it, or name it by its own path."
        )
    if not name.lower().endswith(".ipynb"):
        return f"`{shown(name)}` is not a notebook. Expected an `.ipynb`, a folder or a `.zip`."
    return ""


def _ignored(name: str) -> bool:
    # `.ipynb_checkpoints` is hidden as well; `__MACOSX` holds what the Finder adds to a zip.
    return name.startswith(".") or name == "__MACOSX"


def _nothing(top: File, kind: str) -> File:
    return replace(
        top,
        problem=f"There is no notebook in this {kind}. Expected `.ipynb` files, one for each "
        "student.",
    )


def _bomb(excess: str) -> str:
    return (
        f"The archive is refused: {excess}. The limit is {MAX_MEMBERS:,} members. Zip nothing but "
        "the notebooks."
    )


def _cant_read(error: OSError) -> str:
    return f"It can't be read: {error.strerror or error}. Make it readable for this user."


def _words(error: Exception) -> str:
    return shown(str(error) or type(error).__name__)[:200]
