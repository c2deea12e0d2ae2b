"""Make text that a student controls harmless before it is shown to anybody."""

from __future__ import annotations

import re
import unicodedata

OUTPUT_LIMIT = 20_000  # characters of a cell's output, or of code, that a report shows
MAX_MARKS = 4  # accents and the like on one letter; Hebrew with its signs for singing has as many

# A string sequence (window title, link) that is never closed ends with its line here, so that it
# cannot swallow what is printed after it.
ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
# Embedding and overriding direction makes code read differently from what it does: it is shown.
_DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
# Half of a surrogate pair cannot be written as UTF-8, and would stop the whole report.
_HALVES = "\ud800-\udfff"
_LINE_ENDS = "\u2028\u2029"
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
# What takes no place and says nothing: marks of direction, tags, fillers, all that Unicode calls
# ignorable.  Text that nobody sees can be read by programs, and can make two names of one look.
# Joiners of letters (U+200C and U+200D) stay: Persian, and pictures made of several, need them.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2065"
    "\u206a-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = _CONTROLS + _DIRECTIONS + _LINE_ENDS + _INVISIBLE + _HALVES
UNSAFE = re.compile(f"[{_UNSEEN}]|[\u200c\u200d]{{2,}}")
_NOT_PLAIN = re.compile(f"[{_UNSEEN}\u200c\u200d]")
_SHOWN = re.compile(f"[{_DIRECTIONS}]")
_BROKEN = re.compile(f"[{_HALVES}]")
# Longer than any mark stack is allowed to be; most of it is Chinese, say, and stays as it is.
_MAYBE_MARKS = re.compile(rf"[^\x00-\u02ff]{{{MAX_MARKS + 1},}}")


def clean(text: str) -> str:
    """Return what a cell printed as a terminal would leave it; nothing in it acts.

    A carriage return overwrites its line: of a progress bar only the last state stays.
    """
    text = ESCAPES.sub("", text.replace("\r\n", "\n"))
    if "\r" in text:
        text = "\n".join(map(_overwritten, text.split("\n")))
    return harmless(text)


def inert(text: str) -> str:
    """Return `text` without what acts on a terminal.

    A carriage return takes nothing away here, as it does in `clean`: a student's must not take our
    own words from a line that holds both.
    """
    return harmless(ESCAPES.sub("", text.replace("\r\n", "\n")))


def source(text: str) -> str:
    """Return code without what acts or hides; a carriage return ends a line, as it does in Python.

    With what a terminal makes of it, code could be shown that is not what runs.
    """
    return inert(text.replace("\r\n", "\n").replace("\r", "\n"))


def harmless(text: str) -> str:
    """Return `text` without what is not seen, or is seen as something else than it is.

    What was cleaned stays as it is; so a whole page, table or record may go through here as well.
    """
    if text.isascii() and not UNSAFE.search(text):
        return text
    return _MAYBE_MARKS.sub(_fewer_marks, UNSAFE.sub(_in_place_of, text))


def escaped_json(text: str) -> str:
    """Return JSON in which every character that is not seen is written as its number.

    A program reads the same from it.
    """
    return _NOT_PLAIN.sub(_number, text)


def one_line(text: str, limit: int = 200) -> str:
    """Return `text`, cleaned, as one line of at most `limit` characters."""
    # Cutting first keeps a name of a million characters cheap.
    line = " ".join(inert(text[: 20 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def shorten(text: str, limit: int = OUTPUT_LIMIT) -> str:
    """Return `text` with its middle left out, and a note in its place, if it exceeds `limit`.

    Three quarters are kept from the start, where output explains itself, and one from the end,
    where a traceback says what went wrong.
    """
    if len(text) <= limit:
        return text
    tail = limit // 4
    note = f"\n[… {len(text) - limit:,} characters are not shown …]\n"
    return text[: limit - tail] + note + text[-tail:]


def _overwritten(line: str) -> str:
    states = [state for state in line.split("\r") if state]
    return states[-1] if states else ""


def _in_place_of(found: re.Match[str]) -> str:
    unsafe = found[0]
    if len(unsafe) > 1:
        return unsafe[0]  # of several joiners one is enough
    if _SHOWN.match(unsafe):
        return f"\\u{ord(unsafe):04x}"
    if _BROKEN.match(unsafe):
        return "\N{REPLACEMENT CHARACTER}"
    return "\n" if unsafe in _LINE_ENDS else ""


def _number(found: re.Match[str]) -> str:
    """Return a character as JSON writes it by its number: the two halves of a pair, if need be."""
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def _fewer_marks(found: re.Match[str]) -> str:
    """Return a run of characters without the marks that would pile up over other lines."""
    kept, marks = [], 0
    for char in found[0]:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)
