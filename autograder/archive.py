"""What lies at a path: the notebook files of a folder or a zip, never extracted to disk."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

MIB = 2**20
MAX_NOTEBOOK_BYTES = 50 * MIB
MAX_ARCHIVE_BYTES = 200 * MIB
MAX_MEMBERS = 20_000
MAX_RATIO = 200  # deflate reaches 1032
_MAX_DIRECTORY_BYTES = 8 * MIB

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
    """One file that may be a submission.

    `folders` are the names of the folders above it, nearest first; a zip counts as a folder.
    `flat` says that its folder is the place where a class lies, so that its name is the
    student's.  `name` is "" where a whole folder or zip is meant, `key` tells files apart.
    `problem` says why there is no `data`.
    """

    key: str
    path: str
    name: str
    folders: tuple[str, ...]
    flat: bool
    data: bytes = b""
    problem: str = ""


class _TooLargeError(Exception):
    """A limit on what is read was reached."""


class _Reader(io.FileIO):
    """Refuses the one huge read with which `zipfile` takes in a table of members."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY_BYTES:
            raise _TooLargeError
        return super().read(-1 if size is None else size) or b""


def files(path: Path) -> Iterator[File]:
    """Everything at `path` that may be a submission, in the order of the names."""
    place = path.resolve()
    folders = tuple(parent.name for parent in place.parents if parent.name)
    file = File(str(place), str(path), path.name, folders, True)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        name = path.name if _may_be_submission(path.name) else ""
        yield replace(file, name=name, problem=_unreadable(error))
        return
    if stat.S_ISDIR(mode):
        yield from _folder(path, replace(file, name="", folders=(place.name, *folders)))
    elif path.suffix.lower() == ".zip" and stat.S_ISREG(mode):
        yield from _zip(path, replace(file, name="", folders=(path.stem, *folders)))
    else:
        yield _read(path, file)


def _folder(root: Path, top: File) -> Iterator[File]:
    found: list[File] = []
    paths: dict[str, Path] = {}

    def note(path: Path, problem: str = "") -> None:
        inner = path.relative_to(root)
        folders = (*reversed(inner.parts[:-1]), *top.folders)
        key = str(Path(top.key, inner))
        paths[key] = path
        flat = len(inner.parts) == 1
        found.append(File(key, str(path), inner.name, folders, flat, problem=problem))

    def failed(error: OSError) -> None:
        note(Path(error.filename), _unreadable(error))

    for base, folders, names in os.walk(root, onerror=failed):
        folders[:] = sorted(name for name in folders if not _ignored(name))
        for name in folders:
            link = Path(base, name)
            if link.is_symlink() and not link.resolve().is_relative_to(root.resolve()):
                note(link, "This folder is a link that leads out of what was given. Copy it here.")
        for name in sorted(names):
            if not _ignored(name) and _may_be_submission(name):
                note(Path(base, name))
    if not found:
        yield replace(top, problem=_nothing("folder"))
    for file in _settle(found):
        yield file if file.problem else _read(paths[file.key], file, inside=True)


def _read(path: Path, file: File, *, inside: bool = False) -> File:
    """The file with its bytes; `inside` a folder links and archives aren't followed."""
    try:
        if inside and path.is_symlink():
            problem = "This file is a link. Expected the notebook itself: copy it here."
        elif not stat.S_ISREG(path.stat().st_mode):
            problem = "This is not a regular file. Expected a notebook, `.ipynb`."
        elif kind := _not_a_notebook(file.name):
            problem = kind
        else:
            with path.open("rb") as stream:
                return _limited(file, _bounded(stream, MAX_NOTEBOOK_BYTES + 1))
    except OSError as error:
        problem = _unreadable(error)
    return replace(file, problem=problem)


def _zip(path: Path, top: File) -> Iterator[File]:
    try:
        with _Reader(path) as stream, zipfile.ZipFile(stream) as archive:
            yield from _members(archive, top)
    except _TooLargeError:
        yield replace(top, problem=_bomb(f"its table of members has more than {MAX_MEMBERS:,}"))
    except PermissionError as error:
        yield replace(top, problem=_unreadable(error))
    except _ZIP_ERRORS as error:
        problem = (
            f"The archive is damaged: `{_words(error)}`. It was probably cut off while it was "
            "saved or uploaded. Zip the notebooks again, or hand them in without an archive."
        )
        yield replace(top, problem=problem)


def _members(archive: zipfile.ZipFile, top: File) -> Iterator[File]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    excess = _excess(members)
    if excess:
        yield replace(top, problem=_bomb(excess))
        return
    found = [
        (member, file)
        for member in sorted(members, key=lambda member: member.filename)
        if (file := _member_file(member, top))
    ]
    if not found:
        yield replace(top, problem=_nothing("archive"))
    left = MAX_ARCHIVE_BYTES
    for member, file in zip([m for m, _ in found], _settle([f for _, f in found]), strict=True):
        result = file if file.problem else _read_member(archive, member, file, left)
        left -= len(result.data)
        yield result


def _excess(members: list[zipfile.ZipInfo]) -> str:
    """Which limit an archive passes, by its headers: more than they say is never read."""
    if len(members) > MAX_MEMBERS:
        return f"it has {len(members):,} members"
    total = sum(member.file_size for member in members)
    if total > MAX_ARCHIVE_BYTES:
        return f"it unpacks to {total / MIB:,.0f} MiB"
    for member in members:
        if member.file_size > max(MIB, MAX_RATIO * member.compress_size):
            return f"`{_shown(member.filename)}` unpacks to more than {MAX_RATIO} times its size"
    return ""


def _member_file(member: zipfile.ZipInfo, top: File) -> File | None:
    """The place of a member and why it is refused, if it is; None for what isn't of interest."""
    name = member.filename.replace("\\", "/")  # some tools of Windows write these
    parts = PurePosixPath(name).parts
    link = stat.S_ISLNK(member.external_attr >> 16)
    file = File(
        # An archive may hold several members of one name.
        f"{top.key}\0{member.header_offset}",
        f"{top.path}/{_shown(name)}",
        parts[-1] if parts else "",
        (*reversed(parts[:-1]), *top.folders),
        len(parts) == 1,
    )
    if ".." in parts or name.startswith("/") or re.match(r"[A-Za-z]:", name):
        problem = "leads out of the archive. Zip the notebooks by their names alone."
    elif any(map(_ignored, parts)):
        return None
    elif link:
        problem = "is a link. Zip the notebook itself."
    elif not _may_be_submission(file.name):
        return None
    elif member.flag_bits & 0x1:
        problem = "is encrypted. Zip it without a password."
    elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other methods without a limit on memory.
        problem = "is packed by an unusual method. Zip it with the common one, `deflate`."
    else:
        return replace(file, problem=_not_a_notebook(file.name))
    return replace(file, problem=f"The member `{_shown(name)}` of the archive {problem}")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: File, left: int) -> File:
    try:
        with archive.open(member) as stream:
            return _limited(file, _bounded(stream, min(MAX_NOTEBOOK_BYTES, left) + 1))
    except _ZIP_ERRORS as error:
        problem = (
            f"The member `{_shown(member.filename)}` of the archive is damaged: "
            f"`{_words(error)}`. Zip the notebooks again."
        )
        return replace(file, problem=problem)


def _settle(found: list[File]) -> list[File]:
    """A class that lies in one folder further down is flat as well (zipping a folder does it)."""
    if len(found) > 1 and len({file.folders for file in found}) == 1:
        return [replace(file, flat=True) for file in found]
    return found


def _bounded(stream: IO[bytes], limit: int) -> bytes:
    # In steps, because a reader may ask for as much memory at once as it is told to read.
    chunks: list[bytes] = []
    while limit > 0 and (chunk := stream.read(min(MIB, limit))):
        chunks.append(chunk)
        limit -= len(chunk)
    return b"".join(chunks)


def _limited(file: File, data: bytes) -> File:
    if len(data) <= MAX_NOTEBOOK_BYTES:
        return replace(file, data=data)
    problem = (
        f"The notebook is larger than {MAX_NOTEBOOK_BYTES // MIB} MiB. "
        "Clear its outputs, save it and hand it in again."
    )
    return replace(file, problem=problem)


def _not_a_notebook(name: str) -> str:
    if _RENAMED.search(name):
        right = _RENAMED.sub(".ipynb", name)
        return f"The name ends in `{Path(name).suffix}`. Expected a notebook: rename it `{right}`."
    if name.lower().endswith(".zip"):
        return (
            "An archive inside a folder or another archive is not opened. "
            "Unpack it, or name it by its own path."
        )
    if not name.lower().endswith(".ipynb"):
        return f"`{_shown(name)}` is not a notebook. Expected an `.ipynb`, a folder or a `.zip`."
    return ""


def _ignored(name: str) -> bool:
    # `.ipynb_checkpoints` is hidden as well; `__MACOSX` holds what the Finder adds to a zip.
    return name.startswith(".") or name == "__MACOSX"


def _may_be_submission(name: str) -> bool:
    return name.lower().endswith(_KINDS) or bool(_RENAMED.search(name))


def _nothing(kind: str) -> str:
    return f"There is no notebook in this {kind}. Expected `.ipynb` files, one for each student."


def _bomb(excess: str) -> str:
    return (
        f"The archive is refused: {excess}. Limits are {MAX_ARCHIVE_BYTES // MIB} MiB and "
        f"{MAX_MEMBERS:,} members. Zip nothing but the notebooks."
    )


def _unreadable(error: OSError) -> str:
    return f"It can't be read: {error.strerror or error}. Make it readable for this user."


def _words(error: Exception) -> str:
    return _shown(str(error) or type(error).__name__)[:200]


def _shown(name: str) -> str:
    """A name from an archive as it can stand in a message."""
    return "".join(c if c.isprintable() and c != "`" else "_" for c in name)
