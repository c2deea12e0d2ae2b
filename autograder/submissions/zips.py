"""Zips of a class, of one hand-in, and of hand-ins in that of the class: what counts as handed in.

A platform gives one zip of a class in which students' own may lie.  Those are opened as if the
class's had been unpacked before: one level deep, each hand-in within the limits of a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby

from autograder.submissions import archive
from autograder.submissions.file import MIB, File
from autograder.submissions.open_zips import MAX_HAND_IN_MEMBERS, MAX_INNER_BYTES, Archives

# A hand-in may hold an environment or a data set beside the notebook, which is passed over.
MAX_ENTRIES = MAX_HAND_IN_MEMBERS  # files and folders of one hand-in
MAX_OTHERS = 20  # of a hand-in's files that can be no notebook: as many as are worth naming
MAX_INNER = 100  # archives of one hand-in in the class's: as many as notebooks
_NOT_OPENED = (
    "An archive inside another archive is not opened. Unpack the outer one and grade the folder; "
    "archives in it are opened."
)

# Whether a folder of this name holds hand-ins, as the folder does that is given.
Holds = Callable[[str], bool]


def is_zip(name: str) -> bool:
    """Return whether a file's name is that of a zip."""
    return name.lower().endswith(".zip")


def too_many(what: str) -> str:
    """Return what to say of a hand-in with too many files."""
    return (
        f"There are more than {MAX_ENTRIES:,} files in this {what}. Hand in the notebook, without "
        "environments and data."
    )


def opened(file: File, archives: Archives | None = None) -> tuple[list[File], int]:
    """Return what lies in a file that is a zip of one hand-in, and how much it was in all.

    Of another file it is the file itself.

    Args:
        file: one of a hand-in.
        archives: what keeps the zip open in which it lies, if it lies in one.
    """
    if not _may_be_opened(file):
        return [file], 1
    members = list(archive.members(file, archives, MAX_ENTRIES))
    found = [
        replace(one, problem=_NOT_OPENED) if _may_be_opened(one) else one
        for one in members
        if not one.other
    ]
    others = [one for one in members if one.other][:MAX_OTHERS]
    return [*found, *others, replace(file, parts=(*file.parts, ""), other=True)], len(members) + 1


def of_class(top: File, own: str, holds: Holds) -> Iterator[File]:
    """Yield what lies in a zip that holds hand-ins, each of them within the limits of a folder.

    Args:
        top: what stands for the zip.
        own: the name of the folder that zipping a folder puts first.
        holds: whether a folder holds hand-ins.
    """

    def hand_in(file: File) -> tuple[str, ...]:
        depth = 0
        while depth < 2 and len(file.parts) > depth + 1 and holds(file.parts[depth]):
            depth += 1
        return file.parts[: depth + 1]

    with closing(Archives()) as archives:
        files = _unwrapped(list(archive.members(top, archives)), own)
        for name, of_one in groupby(sorted(files, key=lambda file: file.parts), key=hand_in):
            yield from _of_hand_in(name, list(of_one), archives)


def _unwrapped(files: Sequence[File], own: str) -> list[File]:
    """Return a zip's files without the folder of its own name that zipping a folder puts first."""
    tops = {file.parts[0] for file in files if file.parts}
    if tops != {own} or not all(len(file.parts) > 1 for file in files):
        return list(files)
    inner = [replace(file, parts=file.parts[1:]) for file in files]
    return [file for file in inner if file.parts != ("",)]


def _of_hand_in(name: tuple[str, ...], files: Sequence[File], archives: Archives) -> list[File]:
    """Return the files of one hand-in in the zip of a class, and what lies in its own zips."""
    found: list[File] = []
    seen, others, inner, size = len(files), 0, 0, 0
    for file in files:
        if seen > MAX_ENTRIES:
            break
        if not _may_be_opened(file):
            others += file.other
            if not file.other or file.parts[-1] == "" or others <= MAX_OTHERS:
                found.append(file)
        elif inner == MAX_INNER or size + file.size > MAX_INNER_BYTES:
            found.append(replace(file, problem=_too_much(file)))
        else:
            inner, size = inner + 1, size + file.size
            members, count = opened(file, archives)
            seen += count
            found += members
    if seen > MAX_ENTRIES:
        problem = too_many("part of the archive")
        return [replace(files[0], parts=name, other=False, members=(), problem=problem)]
    return found


def _may_be_opened(file: File) -> bool:
    return not file.problem and not file.other and is_zip(file.parts[-1])


def _too_much(file: File) -> str:
    most = MAX_INNER_BYTES // MIB
    return (
        f"This archive of {file.size / MIB:.1f} MiB is not opened: in another archive at most "
        f"{MAX_INNER} archives of a hand-in are, and at most {most} MiB of them. Unpack the outer "
        "one and grade the folder; archives in it are opened."
    )
