"""Mutated notebooks and messages, and what must hold for every one of them.

    python tests/support/fuzz.py messages --count 1000000
    python tests/support/fuzz.py notebooks --count 20000

A run is made of its seed alone: example `n` of seed `s` comes from `random.Random(f"{s} {n}")`,
and `--first n --count 1` makes it again.  Under pytest, Hypothesis plays the random numbers
(test_fuzz.py), so that a failure shrinks.  A run fails on any exception that is not declared, on an
example that takes longer than ten seconds, and on memory that keeps growing.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import math
import os
import random
import re
import socket
import struct
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import psutil

from autograder.grading.grade import ungradable
from autograder.report import class_table, page
from autograder.results import record
from autograder.results.result import Result
from autograder.sandbox.child import Child
from autograder.sandbox.cores import Seat
from autograder.sandbox.limits import Limits
from autograder.sandbox.watch import Stopped
from autograder.submissions.submission import GradeCell, Submission, UnitOutline, find
from autograder.wire import evidence
from autograder.wire.codec import CodecError, Opaque, pack, unpack
from autograder.wire.evidence import Evidence, data_of, evidence_of
from autograder.wire.program import Program

HANG_SECONDS = 10
GROWTH_MIB = 32  # what a process may grow by from a tenth of a run to its end
PEAK_MIB = 512
DTYPES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 "
    "complex128"
).split()
ODD_DTYPES = (
    "object",
    ">f8",
    "<f8",
    "float128",
    "U4",
    "S3",
    "V8",
    "M8[s]",
    "numpy.float64",
    "float64\0",
    "",
    "f8,i4",
    "builtins.eval",
    "bool_",
    "\ud800",
)
INTEGERS = (0, 1, -1, 127, 128, 255, 256, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1, -(2**63))
FLOATS = (0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.7e308, 1e9, -1e-9, 0.5)


# ---------------------------------------------------------------------------------------- messages


class Text(bytes):
    """Text as it stands in a message, UTF-8 or not."""


class Extension:
    """An extension of a type code and payload of the sender's choice."""

    def __init__(self, code: int, payload: bytes) -> None:
        self.code, self.payload = code, payload


class Pairs(list[Any]):
    """A map as a list of pairs: keys of any type, and more than once."""


def messages(rng: random.Random) -> list[bytes]:
    """A few messages of one tree, such as a worker sends: something is wrong in most of them."""
    tree = reply(rng) if rng.random() < 0.8 else any_value(rng, 4)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 3))):
        tree = with_odd_node(rng, tree)
    odd = rng.choice((0.0, 0.0, 0.0, 0.02, 0.2))
    made = [encoded(rng, tree, odd)]
    for _ in range(rng.randint(0, 8)):
        made.append(with_odd_bytes(rng, rng.choice(made)))
    return made


def message_of(rng: random.Random) -> bytes:
    """The first of a few messages."""
    return messages(rng)[0]


def reply(rng: random.Random) -> Any:
    if rng.random() < 0.2:
        args = [any_value(rng, 2) for _ in range(rng.randint(0, 3))]
        return Pairs([["ask", "forward"], ["args", args], ["kwargs", Pairs([["a", 1.0]])]])
    failure = None
    if rng.random() < 0.4:
        failure = ["ValueError", text(rng), rng.randint(0, 9), rng.randint(0, 9), "x", "f"]
    fields = [
        ["id", rng.randint(0, 9)],
        ["status", rng.choice(evidence.STATUSES)],
        ["value", any_value(rng, 4)],
        ["failure", failure],
        ["output", text(rng)],
        ["seconds", rng.choice(FLOATS)],
    ]
    return Pairs(fields)


def any_value(rng: random.Random, depth: int) -> Any:
    kind = rng.randint(0, 9 if depth else 6)
    if kind <= 1:
        return array(rng)
    if kind <= 5:
        return rng.choice((None, True, False, rng.choice(INTEGERS), rng.choice(FLOATS), text(rng)))
    if kind == 6:
        return Extension(2, rng.choice((b"Dense", b"\xff\xfe", b"", b"os.system" * 50)))
    items = [any_value(rng, depth - 1) for _ in range(rng.randint(0, 4))]
    return items if kind <= 8 else Pairs([[text(rng), item] for item in items])


def text(rng: random.Random) -> str:
    return rng.choice(("", "x", "`a`", "at 0x7f00deadbeef>", "\0\x1b[31m", "é🦆" * 9, "a" * 300))


def array(rng: random.Random) -> Extension:
    """An array, right or with a head that lies."""
    shape: Any = [rng.choice((0, 1, 2, 3, 7)) for _ in range(rng.randint(0, 3))]
    name: Any = rng.choice(DTYPES)
    body = bytes(int(np.prod(shape, dtype=np.int64)) * np.dtype(name).itemsize)
    for _ in range(rng.choice((0,) * 8 + (1, 2))):
        lie = rng.randint(0, 6)
        if lie == 0:
            name = rng.choice((*ODD_DTYPES, None, 8, ["float64"], b"float64"))
        elif lie == 1:
            shape = rng.choice((None, "3", 3, Pairs([["a", 1]]), [[3]], [True], [2.0]))
        elif lie == 2 and isinstance(shape, list):
            shape = [*shape, rng.choice((-1, 0, 2**31, 2**40, 2**63 - 1, -(2**63), None))]
        elif lie == 3 and isinstance(shape, list):
            shape = shape + [1] * rng.choice((1, 29, 33, 65))
        elif lie == 4:
            body = body[: rng.randint(0, len(body))]
        elif lie == 5:
            body += bytes(rng.randint(1, 9))
        else:
            body = bytes(rng.randrange(256) for _ in range(rng.randint(0, 40)))
    head = rng.choice(([name, shape],) * 9 + ([name], [name, shape, 1], Pairs([[name, shape]]), 7))
    packed = encoded(rng, head, 0.0)
    if rng.random() < 0.05:
        packed = with_odd_bytes(rng, packed)
    return Extension(1, packed + body)


def odd_node(rng: random.Random) -> Any:
    kind = rng.randint(0, 12)
    if kind == 0:
        return rng.choice((b"bytes", b"", bytes(300)))
    if kind == 1:
        return Extension(rng.choice((-128, -2, -1, 0, 3, 5, 127)), bytes(rng.randint(0, 12)))
    if kind == 2:
        return Extension(-1, bytes(rng.choice((3, 4, 8, 12))))  # a time stamp
    if kind == 3:
        node: Any = 1
        for _ in range(rng.choice((5, 31, 31, 32, 32, 33, 33, 64, 1500))):
            node = [node] if rng.random() < 0.9 else Pairs([["a", node]])
        return node
    if kind == 4:
        return [None] * rng.choice((20, 20, 20, 1000))
    if kind == 5:
        return Text(rng.choice((b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"a" * 500)))
    if kind == 6:
        key = rng.choice((1, None, b"k", Text(b"\xff"), "k" * 300, [1], 1.5, Extension(2, b"k")))
        return Pairs([["a", 1], ["a", 2], [key, 3]])
    if kind == 7:
        return [Pairs([]) for _ in range(rng.choice((3, 3, 3, 200)))]
    if kind == 8:
        return array(rng)
    return any_value(rng, 2)


def with_odd_node(rng: random.Random, tree: Any) -> Any:
    """`tree` with one node, anywhere, replaced, left out or doubled."""
    if not isinstance(tree, list) or not tree or rng.random() < 0.1:
        return odd_node(rng)
    place = rng.randrange(len(tree))
    changed = type(tree)(tree)
    if rng.random() < 0.1:
        del changed[place]
    elif rng.random() < 0.1:
        changed.append(changed[place])
    elif isinstance(tree, Pairs):
        key, item = changed[place]
        if rng.random() < 0.2:
            changed[place] = [odd_node(rng), item]
        else:
            changed[place] = [key, with_odd_node(rng, item)]
    else:
        changed[place] = with_odd_node(rng, changed[place])
    return changed


def encoded(rng: random.Random, node: Any, odd: float) -> bytes:
    """A tree in msgpack; with probability `odd` a header is a longer form or counts wrongly."""
    parts: list[bytes] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Pairs):
            parts.append(header(rng, 0x80, 0xDE, len(each), odd))
            for key, item in reversed(each):
                waiting += [item, key]
        elif isinstance(each, list | tuple):
            parts.append(header(rng, 0x90, 0xDC, len(each), odd))
            waiting += reversed(each)
        else:
            parts.append(encoded_leaf(rng, each, odd))
    return b"".join(parts)


def header(rng: random.Random, short: int, long: int, count: int, odd: float) -> bytes:
    if odd and rng.random() < odd:
        count = rng.choice((count + 1, max(0, count - 1), 15, 2**16 - 1, 2**31, 2**32 - 1, count))
        return bytes([long + 1]) + struct.pack(">I", count)
    if count < 16:
        return bytes([short | count])
    return bytes([long + 1]) + struct.pack(">I", count)


def encoded_leaf(rng: random.Random, leaf: Any, odd: float) -> bytes:
    if leaf is None or isinstance(leaf, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[leaf]
    if isinstance(leaf, int):
        if 0 <= leaf < 128:
            return bytes([leaf])
        return b"\xcf" + struct.pack(">Q", leaf) if leaf > 0 else b"\xd3" + struct.pack(">q", leaf)
    if isinstance(leaf, float):
        return b"\xcb" + struct.pack(">d", leaf)
    if isinstance(leaf, Extension):
        code = struct.pack("b", leaf.code)
        return b"\xc9" + length(rng, leaf.payload, odd) + code + leaf.payload
    if isinstance(leaf, str):
        leaf = Text(leaf.encode("utf-8", "surrogatepass"))
    kind = b"\xdb" if isinstance(leaf, Text) else b"\xc6"
    return kind + length(rng, leaf, odd) + bytes(leaf)


def length(rng: random.Random, content: bytes, odd: float) -> bytes:
    count = len(content)
    if odd and rng.random() < odd:
        count = rng.choice((count + 1, max(0, count - 1), 2**16, 2**31, 2**32 - 1))
    return struct.pack(">I", count)


def with_odd_bytes(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    kind = rng.randint(0, 5)
    at = rng.randint(0, len(changed))
    other = rng.randint(at, min(len(changed), at + 12))
    if kind == 0 and at < len(changed):
        changed[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del changed[at:]
    elif kind == 2:
        del changed[at:other]
    elif kind == 3:
        changed[at:at] = changed[at:other]
    elif kind == 4:
        headers = (b"\xdd\xff\xff\xff\xff", b"\xdf\x7f\xff\xff\xff", b"\xc9\x00\x00\x00\x04\x01")
        changed[at:at] = rng.choice((*headers, b"\xc1", b"\xd4\x01", b"\x91" * 40, b"\xc7\x00\x01"))
    else:
        changed[at:other] = bytes(rng.randrange(256) for _ in range(rng.randint(0, 6)))
    return bytes(changed)


def check_messages(rng: random.Random) -> list[str]:
    """Decodes messages.  Gives what became of each, as all checks do."""
    return [outcome_of(body) for body in messages(rng)]


def outcome_of(body: bytes) -> str:
    """What becomes of one message; what is evidence is sent once more."""
    try:
        tree = unpack(body)
    except CodecError:
        return "refused"
    assert is_plain(tree)
    assert is_plain(unpack(pack(tree)))
    try:
        found = evidence_of(tree)
    except CodecError:
        return "no evidence"
    assert found.status in evidence.STATUSES
    assert len(found.output) <= evidence.MAX_TEXT
    assert math.isfinite(found.seconds)
    again: Evidence = evidence_of(unpack(pack(data_of(found))))
    assert again.status == found.status
    assert again.failure == found.failure
    return "evidence"


def is_plain(tree: Any) -> bool:
    """Whether a decoded value is of the closed set, all the way down."""
    if type(tree) is dict:
        return all(type(key) is str for key in tree) and all(map(is_plain, tree.values()))
    if type(tree) is list:
        return all(map(is_plain, tree))
    if type(tree) is np.ndarray:
        return tree.dtype.name in DTYPES and tree.dtype.isnative
    return tree is None or type(tree) in (bool, int, float, str, Opaque)


class Held(Child):
    """The grader's side of a connection whose other side is this process, which nobody may kill."""

    def __init__(self, connection: socket.socket) -> None:
        nobodys = Seat(frozenset())
        super().__init__(connection, _Held(), 1, nobodys)  # type: ignore[arg-type]

    def _greeting(self) -> tuple[int, int]:
        self._connection.setblocking(False)
        return os.getpid(), os.pidfd_open(os.getpid())

    def kill(self) -> None:
        self._killed = True

    def _ended(self) -> Stopped:
        return Stopped("died", "Its process ended.")


class _Held:
    limits = Limits(total_cpu_seconds=10**9, memory_mib=10**6, wall_extra=HANG_SECONDS)
    isolated = True
    children: ClassVar[set[Child]] = set()


def check_stream(rng: random.Random) -> list[str]:
    """Reads a stream of framed messages as the pool does."""
    parts = []
    for body in messages(rng):
        claimed = len(body)
        if rng.random() < 0.1:
            claimed = rng.choice((0, claimed + 1, max(0, claimed - 1), 2**26, 2**26 + 1, 2**32 - 1))
        parts.append(struct.pack("<I", claimed) + body)
    stream = b"".join(parts)
    if rng.random() < 0.2:
        stream = with_odd_bytes(rng, stream)
    ours, theirs = socket.socketpair()
    child = Held(ours)
    read: list[str] = []
    try:
        child._watch = child._watching(1e9)
        theirs.sendall(stream[:100_000])
        theirs.close()
        while True:
            assert isinstance(child._message(), dict)
            read.append("a message of a stream")
    except Stopped as stopped:
        return [*read, f"the end of a stream: {stopped.status}"]
    finally:
        child.close()


# --------------------------------------------------------------------------------------- notebooks

UNIT = "01_lines"
OUTLINE = {
    UNIT: UnitOutline(UNIT, {"check_center": GradeCell(2, 'check("center")')}),
    "02_swish": UnitOutline("02_swish", {"check_swish": GradeCell(2, 'check("swish")')}),
}
KEYS = (
    "cells metadata nbformat nbformat_minor cell_type source outputs execution_count id tags "
    "attachments nbgrader grade_id grade points solution locked schema_version worksheets input "
    "language level text autograder unit kernelspec prompt_number collapsed orig_nbformat"
).split()
STRINGS = (
    "",
    "x",
    "code",
    "markdown",
    "heading",
    "raw",
    UNIT,
    "check_center",
    "center",
    "experiment",
    "\ud800",
    "\udfff\ud800",
    "\0",
    "a`b`\n",
    "‮",
    "é" * 50,
    "print(1)\n",
    "%%bash\nrm -rf /",
    "x" * 5000,
    "../../etc",
    "4",
)
NUMBERS = (
    "0",
    "-0",
    "1",
    "3",
    "4",
    "5",
    "-1",
    "4.0",
    "1e999",
    "1E400",
    "NaN",
    "Infinity",
    "1e-999",
)
SHAPES = ("{}", "[]", "null", "true", "false", '""', "[[]]", '[{"a":1}]', '{"a":{}}')


class Json(str):
    """A piece of JSON, or of what is nearly JSON, as it stands in the file."""


@cache
def sound_notebooks() -> tuple[Any, ...]:
    """Small notebooks of several makes, as trees."""
    code = {
        "cell_type": "code",
        "execution_count": 1,
        "id": "a",
        "metadata": {
            "tags": [],
            "nbgrader": {
                "grade_id": "center",
                "grade": False,
                "locked": False,
                "schema_version": 3,
                "solution": True,
            },
        },
        "outputs": [{"output_type": "stream", "name": "stdout", "text": ["hello\n"]}],
        "source": ["def center(X):\n", "    return X"],
    }
    grade: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "b",
        "metadata": {
            "nbgrader": {
                "grade_id": "check_center",
                "grade": True,
                "locked": True,
                "points": 2,
                "schema_version": 3,
                "solution": False,
            }
        },
        "outputs": [],
        "source": 'check("center")',
    }
    prose = {"cell_type": "markdown", "id": "c", "metadata": {}, "source": "# Lines"}
    four = {
        "cells": [prose, code, grade],
        "metadata": {"autograder": {"unit": UNIT}, "kernelspec": {"name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    three = {
        "metadata": {"name": "lines"},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["Lines"]},
                    {
                        "cell_type": "code",
                        "collapsed": False,
                        "input": ["def center(X):\n", "    return X"],
                        "language": "python",
                        "metadata": {"nbgrader": {"grade_id": "center", "solution": True}},
                        "outputs": [{"output_type": "pyout", "text": ["1"], "prompt_number": 1}],
                        "prompt_number": 1,
                    },
                ],
                "metadata": {},
            }
        ],
    }
    two = {"nbformat": 2, "nbformat_minor": 0, "metadata": {}, "worksheets": three["worksheets"]}
    colab = {
        "cells": [{k: v for k, v in cell.items() if k != "id"} for cell in (prose, code)],
        "metadata": {"colab": {"provenance": []}},
        "nbformat": 4,
        "nbformat_minor": 0,
    }
    return four, three, two, colab


def odd_notebook(rng: random.Random) -> bytes:
    """The bytes of a notebook with something wrong in it."""
    tree = rng.choice(sound_notebooks())
    for _ in range(rng.choice((1, 1, 2, 4))):
        tree = with_odd_json(rng, tree)
    written = "".join(pieces(rng, tree))
    content = written.encode("utf-8", "surrogatepass")
    for _ in range(rng.choice((0,) * 6 + (1, 2))):
        content = with_odd_text(rng, content)
    return content


def pieces(rng: random.Random, node: Any) -> Iterator[str]:
    """A tree as JSON; objects may say a key twice."""
    if isinstance(node, Json):
        yield node
    elif isinstance(node, dict):
        items = list(node.items())
        if items and rng.random() < 0.02:
            items.append((rng.choice(items)[0], odd_json(rng)))
        yield "{"
        for number, (key, item) in enumerate(items):
            yield ("," if number else "") + json.dumps(key) + ":"
            yield from pieces(rng, item)
        yield "}"
    elif isinstance(node, list):
        yield "["
        for number, item in enumerate(node):
            yield "," if number else ""
            yield from pieces(rng, item)
        yield "]"
    else:
        yield json.dumps(node)


def with_odd_json(rng: random.Random, tree: Any) -> Any:
    """`tree` with one node, anywhere, replaced, renamed, left out, doubled or moved."""
    if not isinstance(tree, dict | list) or not tree or rng.random() < 0.08:
        return odd_json(rng)
    action = rng.random()
    if isinstance(tree, list):
        changed = list(tree)
        place = rng.randrange(len(changed))
        if action < 0.06:
            del changed[place]
        elif action < 0.12:
            changed += [changed[place]] * rng.choice((1, 1, 30))
        elif action < 0.16:
            rng.shuffle(changed)
        else:
            changed[place] = with_odd_json(rng, changed[place])
        return changed
    named = dict(tree)
    key = rng.choice(list(named))
    if rng.random() < 0.6:  # most of a notebook are its cells
        key = next((name for name in ("cells", "worksheets") if name in named), key)
        if key in ("cells", "worksheets"):
            action = 1.0
    if action < 0.08:
        del named[key]
    elif action < 0.14:
        named[rng.choice((*KEYS, *STRINGS))] = named.pop(key)
    elif action < 0.2:
        named[rng.choice(KEYS)] = odd_json(rng)
    elif action < 0.24:
        named[key], other = odd_json(rng), named[key]
        named[rng.choice(KEYS)] = other
    else:
        named[key] = with_odd_json(rng, named[key])
    return named


def odd_json(rng: random.Random) -> Any:
    kind = rng.randint(0, 8)
    if kind <= 1:
        return rng.choice(STRINGS)
    if kind == 2:
        return Json(rng.choice((*NUMBERS, "9" * rng.choice((20, 400, 5000)))))
    if kind == 3:
        return Json(rng.choice(SHAPES))
    if kind == 4:
        levels = rng.choice((3, 100, 900, 20_000))
        return Json(
            rng.choice(("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels))
        )
    if kind == 5:
        return [rng.choice(STRINGS) for _ in range(rng.randint(0, 4))]
    if kind == 6:
        return {rng.choice(KEYS): rng.choice(STRINGS), rng.choice(KEYS): rng.randint(-2, 9)}
    if kind == 7:
        return rng.choice((None, True, False, rng.randint(-3, 9), 10**18, -0.5))
    return [rng.choice((1, None, "x", [], {})) for _ in range(rng.randint(1, 3))]


def with_odd_text(rng: random.Random, content: bytes) -> bytes:
    kind = rng.randint(0, 6)
    at = rng.randint(0, len(content))
    if kind == 0:
        return content[:at]
    if kind == 1:
        return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b" \n", b"PK\x03\x04")) + content
    if kind == 2:
        return content[:at] + rng.choice((b"\xff", b"\0", b"\xed\xa0\x80", b"\\ud800", b",", b'"'))
    if kind == 3:
        marked = b"\n<<<<<<< HEAD\n" + content[at:][:9] + b"\n=======\n\n>>>>>>> other\n"
        return content[:at] + marked + content[at:]
    if kind == 4:
        return content.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-32", "utf-8")))
    return with_odd_bytes(rng, content)


def check_notebook(rng: random.Random) -> list[str]:
    """Reads one notebook file and, now and then, makes reports of what became of it."""
    name = rng.choice(("ada.ipynb",) * 6 + (f"{UNIT}.ipynb", f"ada_{UNIT}.ipynb", "é\u202e.ipynb"))
    path = scratch() / name
    path.write_bytes(odd_notebook(rng))
    try:
        submissions, problems = find([path], OUTLINE, rng.choice((None, None, UNIT)))
    finally:
        path.unlink()
    assert len(submissions) + len(problems) == 1
    for submission in submissions:
        check_submission(submission)
        return ["submission"]
    assert problems[0].message
    if rng.random() < 0.1:  # it takes as long as all the rest
        check_reports(ungradable(problems[0], 2))
    return ["problem"]


def check_submission(submission: Submission) -> None:
    assert submission.unit in OUTLINE
    assert submission.student
    for cell in submission.cells:
        assert type(cell.source) is str
        cell.source.encode("utf-8")
    Program(tuple((c.number, c.source) for c in submission.cells if not c.skip)).digest  # noqa: B018
    for note in submission.notes:
        note.encode("utf-8")


def check_reports(result: Result) -> None:
    assert record.dumps(record.loads(record.dumps(result))) == record.dumps(result)
    page.student_page(result).encode("utf-8")
    class_table.class_csv([result]).encode("utf-8")


@cache
def scratch() -> Path:
    # In memory, where the machine has such a place: a file for each example.
    shared = Path("/dev/shm")
    base = shared if os.access(shared, os.W_OK) else None
    keep = tempfile.TemporaryDirectory(prefix="fuzz-", dir=base)
    _kept.append(keep)
    return Path(keep.name)


_kept: list[Any] = []

# --------------------------------------------------------------------------------------------- run

Check = Callable[[random.Random], list[str]]


def peak_mib() -> float:
    # Not `ru_maxrss`: that begins with the memory of the process that started this one.
    kept = Path("/proc/self/status").read_text(encoding="ascii")
    (found,) = re.findall(r"^VmHWM:\s+(\d+) kB$", kept, re.M)
    return int(found) / 2**10


CHECKS: dict[str, tuple[Check, ...]] = {
    "messages": (check_messages, check_messages, check_stream),
    "notebooks": (check_notebook,),
}


def example(kind: str, rng: random.Random) -> list[str]:
    """Makes and checks one example of one or more messages; gives what became of each."""
    return rng.choice(CHECKS[kind])(rng)


def run_examples(kind: str, seed: str, first: int, count: int) -> int:
    outcomes: Counter[str] = Counter()
    process = psutil.Process()
    began, settled, slowest, number = time.monotonic(), 0, 0.0, first
    while outcomes.total() < count:
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        at = time.process_time()
        try:
            outcomes.update(example(kind, random.Random(f"{seed} {number}")))
        except Exception:
            print(f"FAILED: --seed {seed!r} --first {number} --count 1", flush=True)
            raise
        slowest = max(slowest, time.process_time() - at)
        number += 1
        if not settled and outcomes.total() >= count // 10:
            settled = process.memory_info().rss
    faulthandler.cancel_dump_traceback_later()
    seconds = time.monotonic() - began
    grown = (process.memory_info().rss - settled) / 2**20
    peak = peak_mib()
    print(
        f"{outcomes.total():,} {kind} ({number - first:,} examples of seed {seed!r} from {first}) "
        f"in {seconds:.0f} s ({count / seconds:,.0f} a second; CPU {time.process_time():.0f} s), "
        f"slowest {slowest:.2f} CPU-s, memory {grown:+.1f} MiB after the first tenth, "
        f"peak {peak:.0f} MiB; {dict(outcomes.most_common())}"
    )
    return int(grown > GROWTH_MIB or peak > PEAK_MIB)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=CHECKS)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [keep.cleanup() for keep in _kept])
        return run_examples(options.kind, options.seed, options.first, options.count)


if __name__ == "__main__":
    sys.exit(main())
