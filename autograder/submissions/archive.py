"""What lies in a zip, never extracted to disk; one member decides nothing for the others."""

from __future__ import annotations

import contextlib
import itertools
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

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
    shown,
)
from autograder.submissions.open_zips import (
    MAX_MEMBERS,
    ZIP_ERRORS,
    Archives,
    TooLargeError,
    close,
    zip_file,
)

MAX_RATIO = 200  # deflate reaches 1032
_UTF8 = 0x800  # the flag that says so of a member's name


def members(top: File, archives: Archives | None = None, most: int | None = None) -> Iterator[File]:
    """Yield what a zip holds, in the order of the names: files and folders of any kind.

    Args:
        top: what stands for the zip; the parts of members begin with its parts.
        archives: what keeps the zip open.  Without, it is one of a hand-in in a folder.
        most: of members (`MAX_MEMBERS`).
    """
    most = MAX_MEMBERS if most is None else most
    try:
        table = _table(top, archives)
    except TooLargeError:
        yield replace(top, problem=_bomb(f"its table of members has more than {most:,}", most))
        return
    except PermissionError as error:
        yield replace(top, problem=cant_read(error))
        return
    except (*ZIP_ERRORS, IndexError) as error:
        problem = (
            f"The archive is damaged: `{_words(error)}`. It was probably cut off while it was "
            "saved or uploaded. Zip the notebooks again, or hand them in without an archive."
        )
        yield replace(top, problem=problem)
        return
    if len(table) > most:
        yield replace(top, problem=_bomb(f"it has {len(table):,} members", most))
        return
    found = [(name_of(member), index, member) for index, member in enumerate(table)]
    for name, index, member in sorted(found, key=lambda one: one[0]):
        if file := _member(name, index, member, top):
            yield file


def _table(top: File, archives: Archives | None) -> list[zipfile.ZipInfo]:
    if archives is not None:
        with archives.opened(top.place, top.members) as archive:
            return archive.infolist()
    archive = zip_file(top.place, hand_in=True)
    try:
        return archive.infolist()
    finally:
        close(archive)


def name_of(member: zipfile.ZipInfo) -> str:
    """Return a member's name as the person who zipped it saw it.

    `zipfile` takes bytes without the flag for UTF-8 as the old code page 437.  macOS and many
    programs write UTF-8 and set no flag; text in another encoding is UTF-8 by chance hardly ever.
    """
    name = member.filename
    if not member.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    # macOS also writes accents as characters of their own.
    return unicodedata.normalize("NFC", name).replace("\\", "/")  # as some tools of Windows write


def _member(name: str, index: int, member: zipfile.ZipInfo, top: File) -> File | None:
    """Return the place of a member and why it is refused, if it is; None for what is ignored.

    A member that is refused stops nothing but itself.
    """
    parts = PurePosixPath(name).parts
    file = replace(
        top,
        # An archive may hold several members of one name.
        key=f"{top.key}\0{member.header_offset}",
        path=f"{top.path}/{shown(name)}",
        parts=(*top.parts, *parts),
        members=(*top.members, index),
        size=member.file_size,
    )
    if any(map(ignored, parts)) and ".." not in parts:
        shown_parts = tuple(itertools.takewhile(lambda part: not ignored(part), parts))
        folder = replace(file, parts=(*top.parts, *shown_parts, ""), other=True)
        return folder if shown_parts else None
    problem = ""
    if ".." in parts or name.startswith("/") or name[1:2] == ":":
        problem = "leads out of the archive. Zip the notebooks by their names alone."
    elif not parts:
        return None
    elif name.endswith("/"):
        return replace(file, parts=(*file.parts, ""), other=True)
    elif not may_be_notebook(parts[-1]):
        return replace(file, other=True)
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
        file = replace(file, parts=(*top.parts, shown(name).replace("/", "_")))
    return replace(file, problem=f"The member `{shown(name)}` of the archive {problem}")


def read_member(file: File, archives: Archives) -> bytes:
    try:
        with (
            archives.opened(file.place, file.members[:-1]) as archive,
            archive.open(archive.infolist()[file.members[-1]]) as stream,
        ):
            return limited(stream, file.size)
    except TooLargeError:
        raise UnreadableError("The archive has changed while it was read.") from None
    except (*ZIP_ERRORS, IndexError) as error:
        raise UnreadableError(
            f"The member `{shown('/'.join(file.parts))}` of the archive is damaged: "
            f"`{_words(error)}`. Zip the notebooks again."
        ) from None


def beside(file: File, archives: Archives) -> list[str]:
    """Return the names of Python files that lie beside a member."""
    try:
        with archives.opened(file.place, file.members[:-1]) as archive:
            names = [name_of(member) for member in archive.infolist()]
        here = PurePosixPath(names[file.members[-1]]).parent
    except (TooLargeError, IndexError, *ZIP_ERRORS):
        return []
    parents = [PurePosixPath(name) for name in names if name.endswith(".py")]
    return [shown(path.name) for path in parents if path.parent == here]


def _bomb(excess: str, most: int) -> str:
    return (
        f"The archive is refused: {excess}. The limit is {most:,} members. Zip nothing but the "
        "notebooks."
    )


def _words(error: Exception) -> str:
    if isinstance(error, OverflowError):
        return "Bad offset of a member"  # no file reaches as far
    return shown(str(error) or type(error).__name__)[:200]
