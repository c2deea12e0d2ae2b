"""Make text that a student controls harmless before it is shown to anybody."""

from __future__ import annotations

import re

OUTPUT_LIMIT = 20_000  # characters of a cell's output, or of code, that a report shows

# A string sequence (window title, link) that is never closed ends with its line here, so that it
# cannot swallow what is printed after it.
ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
KEPT = "\t\n"
CONTROLS: dict[int, str | None] = {
    **{code: None for code in (*range(32), *range(127, 160)) if chr(code) not in KEPT},
    # Embedding and overriding direction makes code read differently from what it does: show it.
    **{code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
    0x2028: "\n",
    0x2029: "\n",
    # Half of a surrogate pair cannot be written as UTF-8, and would stop the whole report.
    **{code: "\N{REPLACEMENT CHARACTER}" for code in range(0xD800, 0xE000)},
}


def clean(text: str) -> str:
    """Return `text` as a terminal would leave it, with no control characters but tab and newline.

    A carriage return overwrites its line: of a progress bar only the last state stays.
    """
    text = ESCAPES.sub("", text.replace("\r\n", "\n"))
    if "\r" in text:
        text = "\n".join(map(_overwritten, text.split("\n")))
    return text.translate(CONTROLS)


def one_line(text: str, limit: int = 200) -> str:
    """Return `text`, cleaned, as one line of at most `limit` characters."""
    # Cutting first keeps a name of a million characters cheap.
    line = " ".join(clean(text[: 20 * limit]).split())
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
