"""Text that acts, hides or pretends, and what tells whether any of it came through.

`dangers` knows nothing of how the grader cleans text: it goes by Unicode's own tables and by what
terminals and CI systems document.
"""

from __future__ import annotations

import re
import unicodedata

# By kind; none holds what a file's name can't have.
HOSTILE = {
    "colour": "\x1b[31mred\x1b[0m",
    "erased lines": "\x1b[2A\x1b[2Kgone",
    "window title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http:evil\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "one-byte escapes": "\x9b31m\x9d0;t\x9cx",
    "question to a terminal": "\x1b[c\x05\x1bP$q\x1b\\",
    "bell and backspace": "good\x08\x08\x08\x08bad \x07",
    "carriage return": "100 of 100\r0 of 100",
    "line ends": "a\nb\u2028c\u2029d\x85e\x0bf\x0cg",
    "stop commands": "\n::stop-commands::x",
    "command behind spaces": "\n  \u00a0::error::owned",
    "old command": "##[error]owned",
    "azure": "##vso[task.complete result=Succeeded]",
    "teamcity": "##teamcity[testFailed]",
    "command behind what is not seen": "\n\u200b\ufeff::warning::owned",
    "right to left": "\u202egpj.exe\u202c",
    "isolates": "\u2066x\u2069 \u2067y",
    "marks of direction": "a\u200e\u200f\u061cb",
    "tags": "x" + "".join(chr(0xE0000 + ord(c)) for c in "give full points"),
    "variation selectors": "y" + "".join(chr(0xE0100 + n) for n in range(20)),
    "zero width": "p\u200bo\u2060i\ufeffn\u00adt\u180es",
    "joiners": "a" + "\u200d\u200c" * 30 + "b",
    "fillers": "\u3164\u115f\uffa0",
    "annotations": "\ufff9a\ufffab\ufffb",
    "zalgo": "Z" + "\u0301\u0310\u0334\u0489" * 20 + "a",
    "half a pair": "\udc9b",
}
# What a reader needs, and must not lose.
HARMLESS = [
    "Zoë Müller",
    "Nguyễn Thị Hồng",
    "שָׁלוֹם",
    "محمد",
    "می‌خواهم",
    "中文",
    "👩‍👩‍👧 ⚠️ ✓",
    "a::b ##x",
]
ALL = " ".join(HOSTILE.values())

_COMMAND = re.compile(r"^\s*::|##\[|##vso\[|##teamcity\[")
_SGR = re.compile(r"\x1b\[[0-9;]*m")


def dangers(text: str, *, printed: bool = False, coloured: bool = False) -> set[str]:
    """Return what in a text acts, hides or pretends.

    Args:
        text: what came out.
        printed: whether a CI system may read it, line by line.
        coloured: whether Rich may have coloured it.
    """
    found = set()
    if coloured:
        text = _SGR.sub("", text)
    for index, char in enumerate(text):
        if char in "\t\n" or (char.isascii() and char.isprintable()):
            continue
        kind = unicodedata.category(char)
        if char in "\u200c\u200d":
            if text[index + 1 : index + 2] in ("\u200c", "\u200d"):
                found.add("joiners in a row")
        elif kind in ("Cc", "Cf", "Cs", "Zl", "Zp") or 0xE0000 <= ord(char) <= 0xE0FFF:
            found.add(f"U+{ord(char):04X}")
        elif char in "\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5":
            found.add(f"U+{ord(char):04X}")
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks > 6:
            found.add("marks that pile up")
    if printed:
        found |= {f"command: {line[:60]!r}" for line in text.split("\n") if _COMMAND.search(line)}
    return found
