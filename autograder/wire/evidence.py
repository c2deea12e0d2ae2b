"""Evidence: what came back from observing a program, and how it crosses as plain data."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, field
from typing import Any, Final

from autograder.wire.codec import CodecError

# How observing ended.  `forbidden`: the exercise used what it must not use.
STATUSES: Final = (
    "ok",
    "missing",
    "stub",
    "raised",
    "timeout",
    "memory",
    "died",
    "forbidden",
    "skipped",
)

MAX_TEXT: Final = 64 * 2**10  # characters of any captured text
# Characters of a failure's type, message, code and function.
MAX_FAILURE: Final = {"type_name": 200, "message": 2000, "code": 200, "function": 200}

# The type of a failure that is about a result, not an exception: it is of a kind of numbers that
# checks do not read.  The message is the kind, `code` where in the result, `function` whose it is.
UNUSABLE: Final = "UnusableResult"

# The type of a failure of a borrowed function that was called for more than it is lent for.
NOT_LENT: Final = "NotLent"

# As in `<object object at 0x7f12a4c3d0b0>`, which differs from process to process.
_ADDRESS: Final = re.compile(r"(?<= at )0x[0-9a-f]{6,16}\b")


@dataclass(frozen=True)
class Failure:
    """An exception in student code.

    `cell` and `line` locate the last frame in the student's own code, counted from 1 (0 if there
    is none); `code` is the text of that line, `function` the top-level function or class around it.
    """

    type_name: str
    message: str
    cell: int = 0
    line: int = 0
    code: str = ""
    function: str = ""


@dataclass(frozen=True)
class Evidence:
    """What one observation of one case gave.

    `status` is one of `STATUSES`.  `value` is a tree of None, bool, int, float, str, `Opaque`,
    numeric arrays, lists and string-keyed dicts.  `seconds` is CPU time.
    """

    status: str
    value: Any = None
    failure: Failure | None = None
    output: str = ""
    seconds: float = field(default=0.0, compare=False)


def data_of(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as a tree for `pack`."""
    failure = evidence.failure
    return {
        "status": evidence.status,
        "value": evidence.value,
        "failure": None if failure is None else list(astuple(failure)),
        "output": evidence.output[:MAX_TEXT],
        "seconds": evidence.seconds,
    }


def evidence_of(data: Any) -> Evidence:
    """Return evidence from a decoded message, after checking the type of each field.

    Raises:
        CodecError: A field is missing or of another type.
    """
    status = data.get("status") if isinstance(data, dict) else None
    if type(status) is not str or status not in STATUSES:
        raise CodecError("The reply is not evidence.")
    seconds = data.get("seconds", 0.0)
    believable = type(seconds) in (int, float) and 0 <= seconds < 1e9
    return Evidence(
        status=status,
        value=data.get("value"),
        failure=failure_of(data.get("failure")),
        output=text_of(data.get("output", "")),
        seconds=float(seconds) if believable else 0.0,
    )


def failure_of(data: Any) -> Failure | None:
    """Return a `Failure` from a decoded list of its fields; None for None.

    Raises:
        CodecError: A field is missing or of another type.
    """
    if data is None:
        return None
    kinds = (str, str, int, int, str, str)
    if not isinstance(data, list) or [type(item) for item in data] != list(kinds):
        raise CodecError("The reply's failure is not one.")
    kind, message, cell, line, code, function = data
    if not (0 <= cell < 2**31 and 0 <= line < 2**31):
        raise CodecError("The reply's failure is in no cell.")
    return Failure(
        text_of(kind, MAX_FAILURE["type_name"]),
        text_of(message, MAX_FAILURE["message"]),
        cell,
        line,
        text_of(code, MAX_FAILURE["code"]),
        text_of(function, MAX_FAILURE["function"]),
    )


def text_of(data: Any, limit: int = MAX_TEXT) -> str:
    """Return a captured text, cut to `limit` characters, without lone surrogates and addresses.

    Raises:
        CodecError: `data` is no text.
    """
    if not isinstance(data, str):
        raise CodecError("The reply's text is not text.")
    return _ADDRESS.sub("0x…", data[:limit].encode("utf-8", "replace").decode("utf-8"))
