"""What a file holds that was given a notebook's name: JSON, or what else it is.

A message says what was seen.  It names a cause only where the bytes show it.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16: its first bytes are the same
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
    b"{\0": "UTF-16",
    b"\0{": "UTF-16",
}
_ITSELF = "Hand in the notebook (`.ipynb`) itself."
_UNPACK = "Unpack it and hand in the notebook in it."
_DOWNLOAD = "Download the notebook as a file and hand in that file."
# By its first bytes: what it is, and what to do.
_KINDS = {
    b"PK\x03\x04": ("a zip archive", _UNPACK),
    b"PK\x05\x06": ("an empty zip archive", _ITSELF),
    b"\x1f\x8b": ("a gzip archive", _UNPACK),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", _UNPACK),
    b"Rar!": ("a RAR archive", _UNPACK),
    b"BZh": ("a bzip2 archive", _UNPACK),
    b"\xfd7zXZ": ("an xz archive", _UNPACK),
    b"%PDF": ("a PDF", _ITSELF),
    b"\x89PNG": ("a picture (PNG)", _ITSELF),
    b"\xff\xd8\xff": ("a picture (JPEG)", _ITSELF),
    b"GIF8": ("a picture (GIF)", _ITSELF),
    b"\xd0\xcf\x11\xe0": ("a document of an older Office", _ITSELF),
    b"{\\rtf": ("a text document (RTF)", _ITSELF),
    b"\x89HDF": ("an HDF5 file, as of a saved model", _ITSELF),
    b"\x93NUMPY": ("a NumPy array", _ITSELF),
    b"\0\5\x16\7": ("what macOS notes beside a file (`._…`)", _ITSELF),
    b"version https://git-lfs": ("a Git LFS pointer", "Run `git lfs pull`, then hand it in."),
}
_OFFICE = (b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis")
_PAGE = re.compile(r"\A\s*<(?:!doctype html|html|head|body|meta|!--|\?xml)", re.IGNORECASE)
_LINK = re.compile(r"https?://([\w.-]+)\S*", re.IGNORECASE)
_HOSTS = {
    "colab.": "Google Colab",
    "drive.google": "Google Drive",
    "docs.google": "Google Drive",
    "github": "GitHub",
    "kaggle": "Kaggle",
    "onedrive": "OneDrive",
    "1drv": "OneDrive",
    "sharepoint": "OneDrive",
    "dropbox": "Dropbox",
}
_MAX_LINK_TEXT = 2_000  # characters of a file that holds a link and little else
_SCRIPT = re.compile(
    r"^(?:#!.*python|# ?%%|# In\[|import \w|from [\w.]+ import |def \w+\(|class \w+[(:]|@\w"
    r"|print\()",
    re.MULTILINE,
)
_SAVE_AGAIN = "Open it in JupyterLab, save it again and hand in that file."
_ORIGINAL = (
    "Hand in the original again; if that does not open in JupyterLab either, restore it from the "
    "folder `.ipynb_checkpoints` beside it."
)


class UnreadableError(Exception):
    """A file that can't be graded; says what was seen, what was expected and what to do."""


def parse(data: bytes) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the JSON object that a file holds, and notes on what else is in it.

    Raises:
        UnreadableError: it holds none.
    """
    text = _decoded(data)
    notes: tuple[str, ...] = ()
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        content, notes = _first_object(text, error)
    except (RecursionError, ValueError) as error:
        raise UnreadableError(
            f"The file is JSON, but not a notebook ({type(error).__name__}). {_SAVE_AGAIN}"
        ) from error
    if not isinstance(content, dict):
        raise UnreadableError(
            f"The file is JSON, but not a notebook: it holds a {type(content).__name__}. "
            f"{_SAVE_AGAIN}"
        )
    if "cells" not in content and "worksheets" not in content:
        _refuse_link(text)
    return content, notes


# ------------------------------------------------------------------------------------- bytes


def _decoded(data: bytes) -> str:
    if not data.strip():
        raise UnreadableError(
            "The file is empty. Expected a notebook: save it again and hand in that file."
        )
    if not data.strip(b"\0 \r\n\t"):
        raise UnreadableError(
            f"The file holds nothing but {data.count(0):,} NUL bytes: nothing of the notebook is "
            f"left in it. {_ORIGINAL}"
        )
    for start, (kind, advice) in _KINDS.items():
        if data.startswith(start):
            if any(name in data[:2000] for name in _OFFICE):
                kind, advice = "an Office document", _ITSELF
            raise UnreadableError(f"The file is {kind}, not a notebook. {advice}")
    for start, encoding in _ENCODINGS.items():
        if data.startswith(start):
            raise UnreadableError(f"The file is not text in UTF-8: it is {encoding}. {_SAVE_AGAIN}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        seen = f"byte `0x{data[error.start]:02x}` in line {line}"
        raise UnreadableError(f"The file is not text in UTF-8: {seen}. {_SAVE_AGAIN}") from None


# -------------------------------------------------------------------------------------- text


def _first_object(text: str, error: json.JSONDecodeError) -> tuple[Any, tuple[str, ...]]:
    """Return the notebook with which a text begins, if all that follows it is a rest."""
    if "\n<<<<<<< " in f"\n{text}" and "\n>>>>>>> " in text:
        raise UnreadableError(
            "The file holds an unresolved merge conflict of git (its JSON breaks at line "
            f"{error.lineno}, column {error.colno}). Resolve it and hand in the notebook again."
        )
    _refuse_other_text(text)
    if error.msg != "Extra data":
        raise UnreadableError(_broken(text, error))
    whole, rest = text[: error.pos].rstrip(), text[error.pos :]
    line = whole.count("\n") + 1
    if rest.lstrip("\0 \r\n\t").startswith("{"):
        raise UnreadableError(
            f"The file holds two JSON documents: the first ends in line {line}, and another one "
            "follows. Keep the notebook that you mean, and delete the other."
        )
    what = "NUL bytes" if not rest.strip("\0 \r\n\t") else "left over from another save"
    note = f"A whole notebook ends in line {line}, and was read; what follows in the file is {what}"
    return json.loads(whole), (f"{note}. Saving it again removes that.",)


def _refuse_other_text(text: str) -> None:
    """Raise for text that was never a notebook."""
    start = text.lstrip()
    if _PAGE.match(text) or (start.startswith("<") and "<html" in text[:1000].lower()):
        if "<key>URL</key>" in text:  # a link as macOS keeps it
            _refuse_link(text)
        raise UnreadableError(f"The file is a web page, not the notebook itself. {_DOWNLOAD}")
    if "mime-version:" in text[:1000].lower():
        raise UnreadableError(f"The file is a mail, or a web page in one file. {_DOWNLOAD}")
    if start.startswith(("{", "[")) and not start.startswith("[InternetShortcut]"):
        return
    if _SCRIPT.search(text[:100_000]):
        raise UnreadableError(f"The file is a Python script, not a notebook. {_ITSELF}")
    _refuse_link(text)


def _refuse_link(text: str) -> None:
    links = _LINK.findall(text) if len(text) <= _MAX_LINK_TEXT else []
    hosts = [link.lower() for link in links if "apple.com" not in link]
    if not hosts:
        return
    known = [name for part, name in _HOSTS.items() if part in hosts[0]]
    where = known[0] if known else f"`{hosts[0][:60]}`"
    raise UnreadableError(
        f"The file is a link to {where}, not the notebook itself: nobody follows it. {_DOWNLOAD}"
    )


def _broken(text: str, error: json.JSONDecodeError) -> str:
    where = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return (
            f"The file ends too early, in {where} ({error.msg}). It was probably cut off while it "
            f"was saved or uploaded. {_ORIGINAL}"
        )
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return f"The file holds {text.count(chr(0)):,} NUL bytes, from line {line} on. {_ORIGINAL}"
    if not text.lstrip().startswith("{"):
        begin = "".join(c for c in text.lstrip()[:40] if c.isprintable() and c != "`")
        return (
            f"The file is text, not a notebook: it is not JSON from {where} on, and begins with "
            f"`{begin}`. {_ITSELF}"
        )
    return f"The file is not JSON from {where} on ({error.msg}). {_ORIGINAL}"
