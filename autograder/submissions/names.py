"""Names of files and folders: which unit they name, and how they can be shown and used as ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from autograder.submissions.file import MAX_NAME

_MAX_ID = 100
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control and format characters, line ends
# What browsers, JupyterLab and file managers add to the name of a second copy.
_COPY = re.compile(r"(?:[ _]?\(\d{1,6}\)|-Copy\d{1,6})$")
# What Google Drive, in the languages of its users, puts before it.
_COPY_OF = re.compile(r"^(?:Copy of|Copia de|Copie de|Kopie von|Cópia de|Kopia av) ")
_ENDING = re.compile(r"\.(?:ipynb|zip)(?:\.\w{1,20})?$", re.IGNORECASE)
_BETWEEN = "-_. "  # what stands between a student's name and a unit's


def identifier(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a name as an id, and a note if it had to be changed."""
    if not name:
        return "", ()
    # macOS writes accents as characters of their own; the same name must be the same student.
    plain = unicodedata.normalize("NFC", name[:MAX_NAME])
    safe = re.sub(r"^\.+|[/\\]", "_", printable(plain))[:_MAX_ID].strip() or "unknown"
    if safe == plain:
        return safe, ()
    return safe, (f"The student's name {code(name)} can't be an id; it became `{safe}`.",)


def named_unit(name: str, units: Collection[str]) -> str:
    """Return the unit that a file's name names, or ""."""
    own = stem(name)
    inside = [one for one in units if without_unit(own, one) != own]
    return own if own in units else max(inside, key=len, default="")


def without_units(text: str, units: Collection[str]) -> str:
    """Return a stem less the names of all units that it begins or ends with."""
    for unit in sorted(units, key=len, reverse=True):
        text = without_unit(text, unit)
    return text


def without_unit(text: str, unit: str) -> str:
    """`03_optimizers_ada` and `ada_03_optimizers` -> `ada`."""
    after = text.removeprefix(unit)
    if after != text and (name := after.lstrip(_BETWEEN)) and name != after:
        return name
    before = text.removesuffix(unit)
    if before != text and (name := before.rstrip(_BETWEEN)) and name != before:
        return name
    return text


def stem(name: str) -> str:
    """Return a file's name less its ending and what marks it as a copy."""
    return _COPY_OF.sub("", _COPY.sub("", without_ending(name)))


def without_ending(name: str) -> str:
    """Return a file's name less `.ipynb` or `.zip`, and what a browser has added to that."""
    return _ENDING.sub("", name[-MAX_NAME:])


def listed(units: Collection[str]) -> str:
    """Return units' names as they stand in a message."""
    return ", ".join(f"`{name}`" for name in units) or "no units"


def printable(text: str) -> str:
    """Return text of unknown origin as it can be shown: no control characters, no broken ones."""
    return "".join("_" if unicodedata.category(c) in _HIDDEN else c for c in text)


def code(value: object) -> str:
    """Return a value of unknown origin as inline code."""
    return f"`{printable(str(value)[:60]).replace('`', '_')}`"


def several(names: Collection[str], most: int = 5) -> str:
    """Return names of unknown origin as inline code, the first of them: `a`, `b` and 3 more."""
    shown = [code(name) for name in list(names)[:most]]
    left = len(names) - len(shown)
    if left:
        return f"{', '.join(shown)} and {left} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
