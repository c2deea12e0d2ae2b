"""Mutated hand-ins through the whole way of reading: none stops, delays or is lost in a class.

    python benchmarks/fuzz_reading.py --count 20000 --seed 1

A hand-in is a file, a folder or a zip, of notebooks that are broken, swollen or nested, and of what
is no notebook.  Example `n` of seed `s` comes from `random.Random(f"{s} {n}")`; `--first n --count
1` makes it again.  A run fails on any exception, on a hand-in without a row, and on one that takes
more than docs/security.md says: `READ_SECONDS` of CPU time in the reader (and a moment until it is
noticed), `OWN_SECONDS` in the grader's own process.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.fuzz import OUTLINE, UNIT, odd_notebook, sound_notebooks, with_odd_bytes  # noqa: E402
from support.slow_hand_ins import KINDS  # noqa: E402

from autograder.submissions.identify import discover  # noqa: E402
from autograder.submissions.reader import READ_SECONDS, Allowance, Readers  # noqa: E402
from autograder.submissions.submission import read  # noqa: E402

OWN_SECONDS = 1.0
NOTICED_SECONDS = 0.5  # of a busy machine, between two looks of the watch
NAMES = ("ada.ipynb", f"{UNIT}.ipynb", "Untitled.ipynb", "é\u202e.ipynb", "a::b.ipynb", "x.IPYNB")
BO = "bo.ipynb"
OTHERS = ("notes.pdf", "main.py", "data.csv", ".DS_Store", "ada.html", "x", "link.txt", "a.zip")
Making = Callable[[random.Random], bytes]


@dataclass
class Found:
    """What became of a run."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reading: float = 0.0  # CPU seconds of the dearest hand-in in the reader
    own: float = 0.0  # and in the grader's own process
    failures: list[str] = field(default_factory=list)


class Measured(Readers):
    """Readers that tell what a hand-in has taken."""

    spent = 0.0

    def __enter__(self) -> Measured:
        return self

    def _asked(self, data: bytes, whole: bool, allowance: Allowance) -> dict[str, Any]:
        before = allowance.left
        try:
            return super()._asked(data, whole, allowance)
        finally:
            self.spent += before - allowance.left


# ------------------------------------------------------------------------------------- what is made


def swollen(rng: random.Random) -> bytes:
    """Return a notebook in which one thing is there very often."""
    tree = json.loads(json.dumps(rng.choice(sound_notebooks())))
    count = 10 ** rng.randint(2, 5)
    cells = tree["cells"] if "cells" in tree else tree["worksheets"][0]["cells"]
    cell = rng.choice(cells)
    piece = rng.choice(["\n", "x", "`", "#", "(", "\\", "é\u0301", " ", "def f():\n", '"""'])
    match rng.randrange(6):
        case 0:
            cell["source" if "source" in cell else "input"] = piece * count
        case 1:
            cells += [cell] * (count // 20)
        case 2:
            cell["metadata"]["tags"] = [{"a": n} for n in range(count // 10)]
        case 3:
            cell["metadata"] |= {f"{piece}{n}": n for n in range(count // 10)}
        case 4:
            cell["outputs"] = [{"output_type": "stream", "name": "x", "text": [piece] * count}]
        case 5:
            tree["metadata"]["autograder"] = {"unit": piece * count}
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def nested(rng: random.Random) -> bytes:
    """Return a notebook in which one thing is in itself very often."""
    depth = 10 ** rng.randint(1, 5)
    begin, end = rng.choice([("[", "]"), ('{"a":', "}"), ('[{"cells":', "}]")])
    inner = (
        begin * depth + rng.choice(["1", '""', ""]) + (end * depth if rng.random() < 0.8 else "")
    )
    text = json.dumps(rng.choice(sound_notebooks()))
    return text.replace(rng.choice(['"hello\\\\n"', "{}", "[]", '"x"']), inner, 1).encode()


def slow(rng: random.Random) -> bytes:
    """Return one of the kinds that were found to be slow, as it is or damaged."""
    content = rng.choice(KINDS)()
    return content if rng.random() < 0.5 else with_odd_bytes(rng, content)


def no_notebook(rng: random.Random) -> bytes:
    """Return the start of a file of another kind, and noise."""
    starts = (
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"<html>",
        b"\x00" * 99,
        b"#!/bin/sh\n",
        b"",
    )
    return rng.choice(starts) + rng.randbytes(rng.randrange(2000))


WAYS: tuple[tuple[float, Making], ...] = (
    (0.60, odd_notebook),
    (0.22, swollen),
    (0.10, nested),
    (0.078, no_notebook),
    (0.002, slow),
)


def content_of(rng: random.Random) -> bytes:
    """Return a file's content."""
    ways, weights = [way for _, way in WAYS], [weight for weight, _ in WAYS]
    return rng.choices(ways, weights)[0](rng)


def zipped(rng: random.Random) -> bytes:
    """Return a zip, whole or damaged, with names that lead elsewhere."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as made:
        for number in range(rng.choice((1, 1, 2, 5))):
            name = rng.choice((*NAMES, *OTHERS))
            folder = rng.choice(("", "a/", "../", "/", "__MACOSX/", f"{UNIT}/", "a/" * 40))
            inner = zipped(rng) if rng.random() < 0.05 else content_of(rng)
            made.writestr(f"{folder}{number}{name}" if rng.random() < 0.5 else folder + name, inner)
    content = file.getvalue()
    return with_odd_bytes(rng, content) if rng.random() < 0.5 else content


def write_hand_in(rng: random.Random, place: Path) -> None:
    """Write one student's hand-in into an empty folder."""
    match rng.randrange(10):
        case 0 | 1:
            (place / f"ada{rng.choice(('.zip', '.ZIP', ' (1).zip'))}").write_bytes(zipped(rng))
        case 2 | 3 | 4:
            folder = place / rng.choice(
                ("ada", "ada_12_assignsubmission_file_", "ada+x", "é\u202e")
            )
            for _ in range(rng.choice((1, 2, 3))):
                inner = folder / rng.choice(("", "a", f"{UNIT}", "a/b/c"))
                inner.mkdir(parents=True, exist_ok=True)
                name = rng.choice((*NAMES, *OTHERS))
                content = zipped(rng) if name.endswith(".zip") else content_of(rng)
                (inner / name).write_bytes(content)
        case _:
            (place / rng.choice(NAMES)).write_bytes(content_of(rng))


# --------------------------------------------------------------------------------------------- run


def read_one(place: Path, readers: Measured, found: Found) -> None:
    """Read a class of bo and one more, and count what became of that one."""
    readers.spent, began = 0.0, time.process_time()
    outcome, neighbours = "nothing to grade", 0
    for hand_in in discover([place], list(OUTLINE)).hand_ins:
        submissions, problems = read(hand_in, OUTLINE, readers)
        if not submissions and not problems:
            found.failures.append("a hand-in without a row")
        if [one.digest for one in submissions] == [bo_digest()]:
            if Path(submissions[0].path).name == BO:
                neighbours += 1
                continue
        outcome = "read" if submissions else "refused"
    own = time.process_time() - began
    found.outcomes[outcome] += 1
    found.reading, found.own = max(found.reading, readers.spent), max(found.own, own)
    if neighbours != 1:
        found.failures.append("the neighbour is not read as alone")
    if readers.spent > READ_SECONDS + NOTICED_SECONDS:
        found.failures.append(f"{readers.spent:.1f} s of reading")
    if own > OWN_SECONDS:
        found.failures.append(f"{own:.1f} s of the grader's own")


@cache
def bo() -> bytes:
    """Return the notebook of the neighbour, with which nothing is wrong."""
    return json.dumps(sound_notebooks()[0]).encode()


@cache
def bo_digest() -> str:
    """Return the digest of the neighbour's program, read alone."""
    with Readers() as readers, tempfile.TemporaryDirectory() as alone:
        (Path(alone) / BO).write_bytes(bo())
        (hand_in,) = discover([Path(alone)], list(OUTLINE)).hand_ins
        ((submission,), _) = read(hand_in, OUTLINE, readers)
    return submission.digest


def run(count: int, seed: str = "1", first: int = 0) -> Found:
    """Read so many hand-ins; return what became of them."""
    found = Found()
    shared = Path("/dev/shm")
    with (
        Measured() as readers,
        tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as scratch,
    ):
        for number in range(first, first + count):
            place = Path(scratch, "class")
            place.mkdir()
            before = len(found.failures)
            try:
                (place / BO).write_bytes(bo())
                write_hand_in(random.Random(f"{seed} {number}"), place)
                read_one(place, readers, found)
            except Exception as error:
                found.failures.append(f"{type(error).__name__}: {error}"[:200])
            found.failures[before:] = [
                f"{one} (--first {number})" for one in found.failures[before:]
            ]
            shutil.rmtree(place)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # a zip may hold a name twice
    found = run(options.count, options.seed, options.first)
    told = ", ".join(f"{count:,} {what}" for what, count in found.outcomes.most_common())
    print(
        f"{options.count:,} hand-ins of seed {options.seed!r} from {options.first}: {told}; the "
        f"dearest took {found.reading:.2f} CPU-s in the reader, {found.own:.2f} in the grader; "
        f"{len(found.failures)} failures"
    )
    for failure in found.failures:
        print(f"  {failure}")
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
