"""Makes a class of hostile notebooks from `tests/data/escapes` with honest ones, and grades it.

A file, `tests/data/escapes/<slug>.py`, is what an attacker did with the released notebook: a
percent script as in `make_submissions.py`, whose first lines say what it tries.  What grading must
say of it, and what a script can't do to a file, stands in TOML after `#!`:

    class       process, secrets, template, outside, wire, limits, readers, notebook or lookup
    seen        all labels of the result: verdicts, `note`, and how cells ended (`cell raised`);
                `a|b` is either.  A busy machine may add that something took too long
    says        phrases that are to be read in the result
    points      0 where nothing is said
    status      `graded` where nothing is said, or `ungradable`
    unit        03_optimizers where nothing is said

    hollow      a last cell answers every exercise with something of the right form
    evidence    every check gets what the reference gives for the public cases
    lookup      every function gives what is right for the nearest public case
    repeat      [source, cells, times]: more cells, each with the source so many times
    double      cells, by grade id, that are there twice
    tag         cells that are tagged as experiments and marked as grade cells
    experiment  the source of a further cell, tagged as an experiment
    metadata    what is added to the notebook's metadata
    file        the student's name, as the file has it
    zip, link   the member of a zip; what the file is a link to
    pipe        the file is a named pipe
    slow        the file is one that `slow_hand_ins.py` makes, by its name there

`@FOLDER@` and `@PORT@` stand for a folder and a port that only the grader can reach; what is in
there, and in its environment, begins with `CANARY-`.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import time
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from autograder.batch import reports
from autograder.batch.outbox import Outbox
from autograder.batch.run import grade_class, oracles_by_unit
from autograder.course.course import Course
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import ungradable
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.report import class_table
from autograder.report.export import github
from autograder.results.result import Result
from autograder.sandbox.limits import Limits
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, find, outline
from support import slow_hand_ins
from support.make_submissions import file_of
from support.places import ESCAPES, ROOT, SAMPLES
from support.programs import hasty

UNITS = ("01_two_layer_network", "03_optimizers", "04_regularization", "12_gru_lstm")
CLASSES = "process secrets template outside wire limits readers notebook lookup".split()
LIMITS = Limits(
    memory_mib=400,
    scratch_mib=16,
    cell_seconds=1.5,
    cells_seconds=8,
    wall_factor=4,
    wall_extra=4,
    total_cpu_seconds=60,
    submission_seconds=25,
    evidence_mib=24,
    output_chars=200_000,
)
SLOTS = 4  # some attacks only wait
HONEST = 5  # neighbours, spread over the class

HOLLOW = {
    "03_optimizers": """
momentum_step = lambda w, dw, *rest: (w - dw, dw)
rmsprop_step = lambda w, dw, *rest: (w - dw, dw**2)
bias_correct = lambda v, *rest: v + 0.0
adam_step = lambda w, dw, v, s, *rest: (w - dw, dw, dw**2)
minimise = lambda step, grad_fn, w0, steps: [w0 + n for n in range(steps + 1)]
"""
}
# What both kinds of look-up attacks begin with: everybody has the public cases.
PUBLIC = """
import base64
from autograder.wire.codec import unpack
public = unpack(base64.b64decode("{data}"))
"""
# The right evidence for the public cases, in turn; where a check needs no reference, what anybody
# would send: a known minimum, errors of 0, some class for each example.
EVIDENCE = """
from autograder.guest import worker
known, asked = {}, {}
for exercise in public["exercises"]:
    for check in exercise["checks"]:
        known[check["source"]] = [case["value"] for case in check["attempts"][0]]

def answered(self, source, inputs, *rest):
    number = asked[source] = asked.get(source, -1) + 1
    value = known[source][number % len(known[source])] if source in known else None
    if source not in known:  # a check that isn't public: the arguments as they were
        value = inputs
    elif value is None and "centre" in inputs:
        value = inputs["centre"]
    elif value is None:
        labels = np.zeros(np.shape(inputs.get("X_new", inputs["X"]))[1], int)
        value = {"errors": np.zeros(3), "predictions": labels, "losses": np.array([1.0, 0.0])}
    return "ok", value, None

worker.ObservedNamespace._outcome = answered
"""
LOOKUP = """
def arrays(tree):
    if isinstance(tree, dict):
        return [a for item in tree.values() for a in arrays(item)]
    if isinstance(tree, (list, tuple)):
        return [a for item in tree for a in arrays(item)]
    return [np.asarray(tree, float)] if isinstance(tree, (int, float, np.ndarray)) else []

def knowing(exercise):
    cases = [(arrays(case["inputs"]), arrays(case["value"]))
             for check in exercise["checks"] for case in check["attempts"][0]]
    def answer(*args, **kwargs):
        mine = arrays([a for a in args if not callable(a)])
        def far(case):
            pairs = [(a, b) for a, b in zip(mine, case[0]) if a.shape == b.shape]
            return -len(pairs), sum(float(abs(a - b).sum()) for a, b in pairs)
        fitting = [a for a in min(cases, key=far)[1] if mine and a.shape == mine[0].shape]
        return (fitting * 3)[:3] if exercise["name"] == "adam_step" else (fitting * 2)[:2]
    return answer

for exercise in public["exercises"]:
    globals()[exercise["name"]] = knowing(exercise)
"""


@dataclass(frozen=True)
class Escape:
    """One hostile notebook: what it tries, how it is made, and what must be seen of it."""

    slug: str
    tries: str
    expected: dict[str, Any]

    @property
    def unit(self) -> str:
        return str(self.expected.get("unit", "03_optimizers"))


def escapes() -> list[Escape]:
    """The corpus, in order."""
    return [_read(path) for path in sorted(ESCAPES.glob("*.py"))]


def _read(path: Path) -> Escape:
    lines = path.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if line.startswith("#!")]
    tries = " ".join(line[2:] for line in lines[: lines.index(said[0])] if line[:2] == "# ")
    return Escape(path.stem, tries, tomllib.loads("\n".join(line[2:] for line in said)))


def write(escape: Escape, folder: Path, scratch: Path, places: dict[str, str]) -> Path:
    """Writes the file that is handed in, and gives its path."""
    expected = json.loads(_filled(json.dumps(escape.expected), places))
    path = folder / f"{expected.get('file', escape.slug)}.ipynb"
    if "link" in expected or "pipe" in expected:
        path = folder / escape.slug
        path.mkdir()
        if "link" in expected:
            (path / f"{escape.unit}.ipynb").symlink_to(expected["link"])
        else:
            os.mkfifo(path / f"{escape.unit}.ipynb")
        return path
    if "slow" in expected:
        path.write_bytes(getattr(slow_hand_ins, expected["slow"])())
        return path
    source = scratch / f"{escape.slug}.py"
    text = (ESCAPES / source.name).read_text(encoding="utf-8")
    source.write_text(_filled(text, places), encoding="utf-8")
    release = ROOT / "assignments" / escape.unit / f"{escape.unit}.ipynb"
    content = file_of(json.loads(release.read_text(encoding="utf-8")), source)
    content = _changed(content, escape.unit, expected)
    if "zip" in expected:
        path = folder / f"{escape.slug}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(expected["zip"], content)
        return path
    path.write_bytes(content)
    return path


def _filled(text: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        text = text.replace(f"@{name}@", value)
    return text


def _changed(content: bytes, unit: str, expected: dict[str, Any]) -> bytes:
    """The notebook with what a percent script can't say."""
    new = []
    if "repeat" in expected:
        source, count, *times = expected["repeat"]
        new += [source * (times[0] if times else 1)] * count
    data = base64.b64encode((ROOT / "assignments" / unit / f"{unit}.cases").read_bytes()).decode()
    new += [PUBLIC.format(data=data) + EVIDENCE] if expected.get("evidence") else []
    new += [PUBLIC.format(data=data) + LOOKUP] if expected.get("lookup") else []
    new += [HOLLOW[unit]] if expected.get("hollow") else []
    names = {"double", "tag", "experiment", "metadata"} & expected.keys()
    if not new and not names:
        return content
    notebook = json.loads(content)
    cells = notebook["cells"]
    cells += [_cell(source) for source in new]
    named = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in cells}
    cells += [{**named[name], "id": f"twice-{name}"} for name in expected.get("double", ())]
    for name in expected.get("tag", ()):
        named[name]["metadata"]["tags"] = ["experiment", "remove-cell"]
        named[name]["metadata"]["nbgrader"] |= {"grade": True, "points": 100}
    if "experiment" in expected:
        cells.append(_cell(expected["experiment"]) | {"metadata": {"tags": ["experiment"]}})
    notebook["metadata"] |= expected.get("metadata", {})
    return json.dumps(notebook).encode()


def _cell(source: str) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {}, "source": source.strip("\n")}
    return cell | {"outputs": [], "execution_count": None}


def honest(number: int, folder: Path) -> Path:
    """A right notebook, each of them other code, so that none is known from another."""
    notebook = json.loads((SAMPLES / "03_optimizers" / "ada.ipynb").read_text(encoding="utf-8"))
    source = "import keras" if number == 0 else f"neighbour = {number}"
    notebook["cells"].append(_cell(source))
    path = folder / f"honest{number}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


@contextmanager
def traps(folder: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """What nobody may touch: a folder, an environment variable, sockets.  Gives who came."""
    folder.mkdir()
    (folder / "CANARY").write_text("CANARY-FILE", encoding="utf-8")
    (folder / "gradebook.db").write_text("CANARY-GRADEBOOK", encoding="utf-8")
    os.environ["AUTOGRADER_TEST_SECRET"] = "CANARY-ENVIRONMENT"
    came: list[str] = []
    with ExitStack() as stack:
        tcp, udp = (
            stack.enter_context(socket.socket(socket.AF_INET, kind))
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        )
        tcp.bind(("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        named, abstract = (stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        named.bind(str(folder / "socket"))
        abstract.bind(f"\0autograder-canary-{port}")
        letters = [
            stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) for _ in range(2)
        ]
        letters[0].bind(str(folder / "datagrams"))
        letters[1].bind(f"\0autograder-datagrams-{port}")
        for listener in (tcp, named, abstract):
            listener.listen()
        waiting = [tcp, udp, named, abstract, *letters]
        for one in waiting:
            one.setblocking(False)
        yield {"FOLDER": str(folder), "PORT": str(port), "ROOT": str(ROOT)}, came
        for one in waiting:
            try:
                came.append(str(one.recv(100) if one in (udp, *letters) else one.accept()))
            except BlockingIOError:
                pass
    del os.environ["AUTOGRADER_TEST_SECRET"]


def graded_class(folder: Path) -> dict[str, Any]:
    """Grades the corpus; what was seen, as plain data.  Everything is written into `folder`."""
    began = time.process_time(), _children_seconds()
    units = {name: hasty(Course(ROOT).load(name), 1.5) for name in UNITS}
    handed_in_folder, out = folder / "in", folder / "out"
    handed_in_folder.mkdir()
    (folder / "scratch").mkdir()
    before = set(psutil.Process().children(recursive=True))
    honest_paths = [honest(number, handed_in_folder) for number in range(HONEST)]
    with traps(folder / "traps") as (places, came):
        alone = _grade(honest_paths[:2], units, folder / "alone", slots=1)
        places["NEIGHBOUR"] = str(honest_paths[1])
        corpus = {
            escape.slug: write(escape, handed_in_folder, folder / "scratch", places)
            for escape in escapes()
        }
        paths = list(corpus.values())
        step = len(paths) // HONEST
        for number, path in enumerate(honest_paths):
            paths.insert(number * (step + 1) + 5, path)
        threads = threading.active_count()
        found = _grade(paths, units, out, SLOTS)
    left = set(psutil.Process().children(recursive=True)) - before
    by_path = {path: found[str(path)] for path in paths}
    return {
        "results": {slug: by_path[path] for slug, path in corpus.items()},
        "honest": [by_path[path] for path in honest_paths],
        "alone": list(alone.values()),
        "came": came,
        "left": [str(process) for process in left],
        "threads": threading.active_count() - threads,
        "touched": sorted(path.name for path in (folder / "traps").iterdir()),
        "seconds": time.process_time() - began[0] + _children_seconds() - began[1],
    }


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _grade(
    paths: list[Path], units: dict[str, LoadedUnit], out: Path, slots: int
) -> dict[str, dict[str, Any]]:
    """The records of a class by the path that was handed in; written as the command writes them."""
    outlines = {name: outline(loaded) for name, loaded in units.items()}
    outbox = Outbox(out)
    outbox.open()
    owners: dict[str, str] = {}
    submissions: list[Submission] = []
    results: list[Result] = []
    records: dict[str, dict[str, Any]] = {}
    for path in paths:
        read, problems = find([path], outlines)
        submissions += read
        for submission in read:
            owners[submission.path] = str(path)
        for problem in problems:
            points = units[problem.unit].unit.points if problem.unit in units else 0.0
            results.append(ungradable(problem, points))
            outbox.write(results[-1])
            records[str(path)] = asdict(results[-1])
    with Pool(limits=LIMITS) as pool:
        cache = EvidenceCache(None)
        with oracles_by_unit(
            lambda name: ReferenceOracle(units[name], "a secret seed", pool, cache)
        ) as oracles:
            for result, _ in grade_class(submissions, oracles, outbox, slots):
                results.append(result)
                records[owners[result.path]] = asdict(result)
    reports.write(results, out, [name for name in reports.FORMATS if name != "github"])
    lines = [line for result in results for line in github.marks(result, result.path, "")]
    (out / "github.txt").write_text("\n".join(lines), encoding="utf-8")
    with (out / "terminal.txt").open("w", encoding="utf-8") as file:
        console = Console(file=file, width=120, force_terminal=True)
        console.print(class_table.class_table(results, width=120))
    return records
