"""A file that may be a notebook: what its name says, and how much of it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from autograder.submissions.content import UnreadableError

MIB = 2**20
MAX_NOTEBOOK_BYTES = 50 * MIB
MAX_NAME = 255  # characters; file systems allow no more

_KINDS = (".ipynb", ".zip")
# Browsers and mailers add an ending to what they take for text.
_RENAMED = re.compile(r"\.ipynb\.\w+$", re.IGNORECASE)
LINK = "This file is a link. Expected the notebook itself: copy it here."
SPECIAL = "This is not a regular file. Expected a notebook, `.ipynb`."


@dataclass(frozen=True)
class File:
    """One file that may be a notebook.

    `parts` are the names from what was given down to the file; () where all of that is meant.
    `key` tells files apart, `place` and `members` say where the bytes are, and `problem` why there
    are none.  `members` are the indices of the member of a zip and, where that is a zip, of the
    member of that one; () of a file of its own.  `named` says that the file itself was given: only
    then a link is followed.
    `other` is a file, or a folder (whose last part is ""), that can be no notebook: it shows that
    somebody handed in something.
    """

    key: str
    path: str
    parts: tuple[str, ...]
    place: str = ""
    members: tuple[int, ...] = ()
    size: int = 0
    named: bool = False
    problem: str = ""
    other: bool = False


def may_be_notebook(name: str) -> bool:
    """Return whether a file of this name was meant as a notebook, or holds some."""
    name = name[-MAX_NAME:]
    return name.lower().endswith(_KINDS) or bool(_RENAMED.search(name))


def shown(name: str) -> str:
    """Return a name from an archive as it can stand in a message."""
    cut = name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}…"
    return "".join(c if c.isprintable() and c != "`" else "_" for c in cut)


def limited(stream: IO[bytes], size: int) -> bytes:
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


def not_a_notebook(name: str) -> str:
    if _RENAMED.search(name[-MAX_NAME:]):
        right = _RENAMED.sub(".ipynb", name)
        return f"The name ends in `{Path(name).suffix}`. Expected a notebook: rename it `{right}`."
    if not name.lower().endswith(_KINDS):
        return f"`{shown(name)}` is not a notebook. Expected an `.ipynb`, a folder or a `.zip`."
    return ""


def ignored(name: str) -> bool:
    # `.ipynb_checkpoints` is hidden as well; `__MACOSX` holds what the Finder adds to a zip.
    return name.startswith(".") or name == "__MACOSX"


def cant_read(error: OSError) -> str:
    return f"It can't be read: {error.strerror or error}. Make it readable for this user."
