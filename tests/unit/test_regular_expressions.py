"""Every regular expression of the package takes time linear in its text, whatever the text is.

Students write most of what they are put to: names, code, messages, output.  The expressions are
found in the source, so that a new one is tried as well; texts are made from the expression itself,
by repeating what its parts match.
"""

from __future__ import annotations

import ast
import re
import re._parser as parser  # type: ignore[import-not-found]
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import autograder
from autograder.report import sanitize

PACKAGE = Path(autograder.__file__).parent
FUNCTIONS = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub"}
# Those that are put together when they run: what they become.  By file and the text that stands in
# the call.
MADE = {
    "wire/program.py": [r"^(?:async )?(?:def|class) sigmoid\b"],
    "course/notebook.py": [r"### BEGIN SOLUTION(.*?)### END SOLUTION"],
    "plugins/nbgrader/exporter.py": [r"submitted/(?P<student>.*)/(?P<assignment>.*)"],
    "student/bindings.py": [r"^sigmoid\s*=(?!=)"],
    "submissions/background.py": [r"^sigmoid *=.*\bsigmoid\("],
    "report/plots.py": [],  # of our own picture
    "report/sanitize.py": [
        *(one.pattern for one in (sanitize.UNSAFE, sanitize._NOT_PLAIN, sanitize._SHOWN)),
        *(one.pattern for one in (sanitize._BROKEN, sanitize._MAYBE_MARKS)),
    ],
    "grading/causes.py": [
        r"^(?:(?:async )?(?:def|class) sigmoid\b|sigmoid *= *lambda\b)",
        r"\A(?:sigmoid *(?::[^=]*)?=(?!=| *lambda\b)|sigmoid *,|(?:for|del) sigmoid\b"
        r"|(?:import|from) .*\b(?:import|as) sigmoid\b)",
        r"\b(?:as|import) +sigmoid\b",
        r"\bsigmoid\b *=|(def|import|as) +sigmoid\b",
    ],
    "grading/missing.py": [
        r"^(?:async )?(?:def|class) sigmoid\b",
        r"^(?:sigmoid *=|from [\w.]{1,200} import .*(?:\bsigmoid\b|\*))",
        r"^(?:sigmoid *=|(?:def|class) sigmoid\b)",
        r"^([ \t]+)(?:async )?(?:def|class) sigmoid\b",
        r"^[ \t]*#[# \t]*(?:def|class) sigmoid\b",
    ],
}
SHORT, LONG = 4_000, 16_000  # characters
# Four times the text takes four times as long where that is linear, 16 times where it is quadratic.
FACTOR = 9.0
NOTICED = 0.002  # seconds; a quadratic one takes tens of milliseconds


@dataclass(frozen=True)
class Expression:
    """A regular expression of the package, and where it stands."""

    place: str
    pattern: str | bytes
    flags: int
    anchored: bool = False  # tried at the start of a text alone


def expressions() -> Iterator[Expression | str]:
    """Yield all of them; as a place alone where only running the program tells what it is."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        yield from found_in(path.read_text(encoding="utf-8"), name)
        yield from (Expression(f"{name} (made)", made, re.M) for made in MADE.get(name, ()))


def found_in(source: str, name: str) -> Iterator[Expression | str]:
    """Yield the expressions in one file."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if not (isinstance(owner, ast.Name) and owner.id == "re" and node.func.attr in FUNCTIONS):
            continue
        place = f"{name}:{node.lineno}"
        pattern = node.args[0]
        if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str | bytes):
            anchored = node.func.attr in ("match", "fullmatch")
            yield Expression(place, pattern.value, flags_of(node), anchored)
        else:
            yield place


def flags_of(call: ast.Call) -> int:
    """Return the flags that stand in a call, by their names."""
    names = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
    return sum(getattr(re, name) for name in names & {"IGNORECASE", "MULTILINE", "DOTALL", "M"})


ALL = list(expressions())
KNOWN = [one for one in ALL if isinstance(one, Expression)]


# ------------------------------------------------------------------------------------- texts


def samples(tree: Any) -> list[str]:
    """Return a few texts that (a part of) an expression matches."""
    found = [""]
    for kind, value in tree:
        found = [start + end for start in found for end in piece(str(kind), value)][:12]
    return found


def piece(kind: str, value: Any) -> list[str]:
    if kind == "LITERAL":
        return [chr(value)]
    if kind == "NOT_LITERAL":
        return ["a" if value != ord("a") else "b"]
    if kind == "ANY":
        return ["a", "-"]
    if kind == "IN":
        return members(value)
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        inner = samples(value[2])[:3]
        return [one * max(1, min(value[0], 3)) for one in inner] + [inner[0] * 2]
    if kind == "BRANCH":
        return [text for branch in value[1] for text in samples(branch)[:3]]
    if kind == "SUBPATTERN":
        return samples(value[-1])
    return [""]  # places: the ends, boundaries, what is looked at before and behind


def members(value: Any) -> list[str]:
    kind, what = value[0]
    if str(kind) == "NEGATE":
        return ["a", " "]
    if str(kind) == "CATEGORY":
        return ["a"] if "WORD" in str(what) else ["1"] if "DIGIT" in str(what) else [" "]
    return [chr(what[0] if str(kind) == "RANGE" else what)]


def pumped(pattern: str | bytes, flags: int, length: int) -> Iterator[str]:
    """Yield long texts: a part of what matches, repeated, after a beginning and before an end."""
    matching = samples(parser.parse(pattern, flags))
    parts = {
        text[start : start + size]
        for text in matching
        for size in (1, 2, 3, 4, len(text))
        for start in range(len(text))
    } - {""}
    for part in sorted(parts):
        middle = part * (length // len(part))
        for text in sorted({"", *matching})[:4]:
            yield from (text + middle, text + middle + "\0", text + middle + "\n!")


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the least CPU time that it took."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)


def slow_text(pattern: str | bytes, flags: int = 0, anchored: bool = False) -> str:
    """Return a part of a text that takes more than linear time, "" if none does."""
    compiled: Any = re.compile(pattern, flags)

    def timed(text: str, times: int = 2) -> float:
        given: Any = text.encode("utf-8", "replace") if isinstance(pattern, bytes) else text
        if anchored:
            return seconds(lambda: compiled.match(given), times)
        return seconds(lambda: [compiled.search(given), compiled.sub(given[:0], given)], times)

    texts = zip(pumped(pattern, flags, SHORT), pumped(pattern, flags, LONG), strict=True)
    for short, long in texts:
        suspicious = timed(short) > NOTICED and timed(long) > FACTOR * timed(short)
        if suspicious and timed(long, 7) > FACTOR * timed(short, 7):
            return long[:60]
    return ""


# ------------------------------------------------------------------------------------- tests


@pytest.mark.parametrize("one", KNOWN, ids=[one.place for one in KNOWN])
def test_it_takes_linear_time(one: Expression) -> None:
    assert not slow_text(one.pattern, one.flags, one.anchored), one


def test_what_is_put_together_when_it_runs_is_known_here() -> None:
    made = {place.rpartition(":")[0] for place in ALL if isinstance(place, str)}
    assert made == set(MADE)


@pytest.mark.parametrize("pattern", [r"(?<=.)[-_. ]+unit$", r"\x1b\].*?(?:\x07|\x1b\\)"])
def test_a_slow_one_is_noticed(pattern: str) -> None:
    assert slow_text(pattern)


def test_all_are_found() -> None:
    source = "import re\nre.search('a+', text)\nre.compile(f'{name}+')\nmine.search('a')"
    constant, made = found_in(source, "x.py")
    assert constant == Expression("x.py:2", "a+", 0)
    assert made == "x.py:3"
    assert len(KNOWN) > 25
