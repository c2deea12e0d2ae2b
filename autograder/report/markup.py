"""Text as HTML: messages, code, and the policy that keeps a page from loading or running things."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import quote

from markupsafe import Markup, escape

from autograder.report.sanitize import UNSAFE, clean, inert, one_line, shorten

MESSAGE_LIMIT = 2_000
INLINE_CODE = re.compile(r"`([^`\n]+)`")
EMPHASIS = re.compile(r"(?<![\w*])\*(\w[^*\n]{0,60})\*(?![\w*])")  # and not 2*3*4
# What stays as it is in a file name; `%` is not among it, so that two names never become one.
NAME_SAFE = " !#$&'()+,-.=@[]^_{}~"
# How the names of other files on a student end, before the ending that the record has, too.
REPORT = re.compile(r"\.(?=gradescope$)", re.IGNORECASE)
NAME_BYTES = 200  # file systems allow 255, with the ending
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def inline(text: str) -> Markup:
    """Return a message as HTML: `code`, *emphasis*, everything else escaped."""
    # `split` with one group gives text and code in turn, beginning with text.
    parts = INLINE_CODE.split(shorten(inert(text), MESSAGE_LIMIT).strip())
    pieces = [
        Markup("<code>{}</code>").format(part) if index % 2 else _emphasised(part)
        for index, part in enumerate(parts)
    ]
    return Markup("").join(pieces)


def _emphasised(text: str) -> Markup:
    pieces = [
        Markup("<em>{}</em>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(EMPHASIS.split(text))
    ]
    return Markup("").join(pieces)


def name(text: str) -> Markup:
    """Return a name as HTML that may break after its underscores, where a screen is narrow."""
    return Markup("_<wbr>").join(one_line(text).split("_"))


def block(text: str) -> str:
    """Return captured output as it may stand in `<pre>`, still to be escaped."""
    return shorten(clean(text)).strip("\n")


def policy(style: str) -> str:
    """Return the content security policy of a page whose only resources are this style and data."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    rest = "img-src data:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; style-src 'sha256-{digest}'; {rest}"


def file_name(name: str) -> str:
    """Return a name as one that a file may have on any system; different names stay different."""
    kept = "".join(
        char
        if char in NAME_SAFE or (char.isalnum() and not UNSAFE.match(char))  # Hangul's fillers
        else quote(char, "", errors="surrogatepass")
        for char in name
    )
    # No name may be empty, hidden, `..`, or a device of Windows.
    if kept.startswith(".") or DEVICE.match(kept):
        kept = f"%{ord(kept[0]):02X}{kept[1:]}"
    kept = REPORT.sub("%2E", kept)
    encoded = kept.encode()
    if len(encoded) > NAME_BYTES:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{encoded[:NAME_BYTES].decode(errors='ignore')}%{digest}"
    return kept or "%"


def href(path: str) -> str:
    """Return a relative path as a link."""
    return quote(path, safe="/")
