"""Kills a grader at work, its templates and its children, and compares what comes out.

    python benchmarks/disturb.py                 200 rounds with a class of 100: about an hour
    python benchmarks/disturb.py --rounds 6 --students 12

Every round grades the class once, with kills (SIGKILL) at random moments, and where that did not
end well once more, as a teacher would; then the folder of results must hold, byte for byte but for
seconds, what a class that nobody disturbed gave.  Targets take turns: a child (student code's
process), a template (or one of the two bubblewrap processes around it), the grader itself, one of
the processes that are its slots.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Forked processes grade; a pool of threads would not survive that.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import psutil

ROOT = Path(__file__).resolve().parents[1]
UNIT = "01_center"
TARGETS = ("child", "template", "grader", "slot")
GRADED, SOME_NOT, STOPPED = 0, 1, 2
SECONDS = re.compile(rb'"seconds": [\d.e-]+|<span class="time">[^<]*</span>')

CENTERS = [
    "def center(X):\n    return X - X.mean(axis=1, keepdims=True)",
    "def center(X):\n    return np.array([row - sum(row) / len(row) for row in X])",
    "def center(X):\n    return X - X.mean(axis=0, keepdims=True)",
    "def center(X):\n    return X - X.sum(axis=1, keepdims=True)",
    "def center(X):\n    X -= X.mean(axis=1, keepdims=True)\n    return X",
    "def center(X):\n    raise NotImplementedError()",
    "def center(X):\n    return X.undefined",
    "centre = 1",
    # State that a process carries from one check to the next.
    "rng = np.random.default_rng(1)\ndef center(X):\n    return X + rng.normal(size=X.shape)",
    "print(object())\ndef center(X):\n    raise ValueError(object())",
    "def center(X):\n    import os\n    os._exit(3)",
    "def center(X):\n    import os\n    os.abort()",
]
SCALES = [
    "def scale(X):\n    return center(X) / X.std(axis=1, keepdims=True)",
    "def scale(X):\n    raise NotImplementedError()",
    "def scale(X):\n    return center(X)",
]
# As small as a unit can be that has a known mistake, and a function that uses another one.
NOTEBOOK = """\
# %%
import numpy as np

# %%
def center(X):
    ### BEGIN SOLUTION
    return X - X.mean(axis=1, keepdims=True)
    ### END SOLUTION

# %%
def scale(X):
    ### BEGIN SOLUTION
    return center(X) / X.std(axis=1, keepdims=True)
    ### END SOLUTION
"""
EXERCISES = '''
from autograder import Case, Unit, close

unit = Unit("01_center")
center = unit.exercise("center", points=2)
scale = unit.exercise("scale", points=1, uses=("center",))


def matrices(rng):
    yield Case({"X": rng.normal(size=(3, 5))}, "shape (3, 5)")


@center.check(points=2, cases=matrices, judge=close())
def values(program, X):
    """`center` subtracts the mean over the examples"""
    return program.center(X)


@scale.check(points=1, cases=matrices, judge=close())
def scaled(program, X):
    """`scale` divides by the standard deviation"""
    return program.scale(X)


center.variant("sum", "You subtract the sum: divide it by m.", {"X.mean(": "X.sum("})
scale.variant("variance", "You divide by the variance.", {"X.std(": "X.var("})
'''


@dataclass
class Round:
    """What became of one round."""

    number: int
    target: str
    kills: int = 0
    status: int = 0  # of the disturbed run
    graded: int = 0  # results that were there after it
    faults: int = 0  # of them the grader's own
    differences: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write each round as a line to this file")
    options = parser.parse_args()
    # Once, for all the processes that are forked.
    import autograder.batch.reports  # noqa: F401
    import autograder.cli.console  # noqa: F401
    import autograder.cli.main  # noqa: F401

    with tempfile.TemporaryDirectory(prefix="disturb-") as name:
        folder = Path(name)
        make_class(folder, options.students)
        began = time.monotonic()
        wanted, status = undisturbed(folder, options.jobs)
        seconds = time.monotonic() - began
        print(f"undisturbed: {len(wanted)} files, status {status}, {seconds:.1f} s", flush=True)
        rounds = []
        for number in range(options.first, options.first + options.rounds):
            done = hit(folder, number, options.jobs, seconds, wanted)
            rounds.append(done)
            line = json.dumps(vars(done))
            print(line, flush=True)
            if options.json:
                with options.json.open("a") as file:
                    file.write(line + "\n")
    return summary(rounds)


def summary(rounds: list[Round]) -> int:
    for target in TARGETS:
        own = [item for item in rounds if item.target == target]
        statuses = dict(sorted(Counter(item.status for item in own).items()))
        print(
            f"{target}: {len(own)} rounds, {sum(item.kills for item in own)} kills, "
            f"statuses of the disturbed runs {statuses}, "
            f"{sum(item.faults for item in own)} faults to grade again, "
            f"{sum(bool(item.differences) for item in own)} rounds that differ in the end"
        )
    return int(any(item.differences for item in rounds))


def make_class(folder: Path, students: int) -> None:
    """A course of one unit in NumPy, and notebooks that differ in what is right and wrong."""
    from autograder.course.course import Course
    from autograder.course.notebook import author_notebook

    unit = folder / "course" / "solutions" / UNIT
    unit.mkdir(parents=True)
    (unit / "notebook.py").write_text(NOTEBOOK, encoding="utf-8")
    (unit / "exercises.py").write_text(EXERCISES, encoding="utf-8")
    loaded = Course(folder / "course").load(UNIT)
    (folder / "in").mkdir()
    for number in range(students):
        answers = {
            "center": CENTERS[number % len(CENTERS)] + f"\n# {number}",
            "scale": SCALES[number // len(CENTERS) % len(SCALES)],
        }
        notebook: Any = author_notebook(loaded.cells, loaded.unit.exercises, UNIT)
        for cell in notebook["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            cell["source"] = answers.get(grade_id, cell["source"])
        path = folder / "in" / f"student{number:03}.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")


def undisturbed(folder: Path, jobs: int) -> tuple[dict[str, bytes], int]:
    pid = start(folder, folder / "undisturbed", jobs)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status != GRADED:
        sys.exit((folder / "undisturbed" / "said").read_text())
    return files(folder / "undisturbed" / "out"), status


def hit(folder: Path, number: int, jobs: int, seconds: float, wanted: dict[str, bytes]) -> Round:
    """A disturbed round; when it was over before anything was killed, one more, and so on."""
    for attempt in range(10):
        done = disturbed(folder, number, jobs, seconds / 1.5**attempt, wanted)
        if done.kills or done.differences:
            break
    return done


def disturbed(
    folder: Path, number: int, jobs: int, seconds: float, wanted: dict[str, bytes]
) -> Round:
    """Grades with kills, grades again, and compares."""
    rng = random.Random(number)
    done = Round(number, TARGETS[number % len(TARGETS)])
    place = folder / f"round{number}"
    count = 1 if done.target == "grader" else rng.randint(1, 3)
    pid = start(folder, place, jobs)
    began = time.monotonic()
    for moment in sorted(rng.uniform(0, 0.9 * seconds) for _ in range(count)):
        victim = await_victim(pid, done.target, began + moment, rng)
        processes = descendants(pid)
        done.kills += victim is not None and killed(victim)
    done.status = ended(pid)
    if alive := psutil.wait_procs(processes, timeout=15)[1]:
        done.differences.append(f"{len(alive)} processes are left")
    found = [json.loads(path.read_bytes()) for path in (place / "out").rglob("*.json")]
    done.graded = len(found)
    done.faults = sum(result["status"] == "fault" for result in found)
    if done.status != GRADED or done.faults:
        again = ended(start(folder, place, jobs))
        if again != GRADED:
            done.differences.append(f"status {again}: {(place / 'said').read_text()[-2000:]}")
    got = files(place / "out")
    done.differences += [
        name for name in sorted(wanted.keys() | got.keys()) if wanted.get(name) != got.get(name)
    ]
    if not done.differences:
        shutil.rmtree(place)
    return done


def start(folder: Path, place: Path, jobs: int) -> int:
    """Forks a process that is the command from there on; each place has a cache of its own."""
    place.mkdir(exist_ok=True)
    cache = place / "cache" / "autograder"
    if not cache.exists():
        fonts = Path.home() / ".cache" / "autograder" / "matplotlib"
        if fonts.is_dir():
            shutil.copytree(fonts, cache / "matplotlib")
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        said = os.open(place / "said", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.environ["XDG_CACHE_HOME"] = str(place / "cache")
        options = ["--out", place / "out", "--course", folder / "course", "--seed", "s"]
        words = ["grade", folder / "in", *options, "--jobs", jobs]
        sys.argv = ["autograder", *map(str, words)]
        from autograder.cli.main import main as command

        command()
    except SystemExit as done:
        sys.stdout.flush()
        os._exit(int(done.code or 0))
    finally:
        os._exit(99)


def await_victim(pid: int, target: str, moment: float, rng: random.Random) -> psutil.Process | None:
    """A process to kill, at `moment` or as soon after it as there is one."""
    time.sleep(max(0.0, moment - time.monotonic()))
    while not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        found = [psutil.Process(pid)] if target == "grader" else list(family(pid, target))
        if found:
            return rng.choice(found)
        time.sleep(0.002)
    return None


def family(pid: int, target: str) -> Iterator[psutil.Process]:
    """The children, the slots, or the template and the two processes around it."""
    for process in descendants(pid):
        with contextlib.suppress(psutil.NoSuchProcess, AttributeError):
            around = "bwrap" in (process.name(), process.parent().name())
            if process.status() == psutil.STATUS_ZOMBIE or process.name() == "":
                continue
            kind = "template" if around else "slot" if process.ppid() == pid else "child"
            if kind == target:
                yield process


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def killed(victim: psutil.Process) -> bool:
    try:
        victim.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    return True


def ended(pid: int) -> int:
    """The exit status of a grader."""
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def files(out: Path) -> dict[str, bytes]:
    """What is in a folder of results, less seconds and what a killed grader was writing."""
    return {
        str(path.relative_to(out)): SECONDS.sub(b'"seconds": 0', path.read_bytes())
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith(".writing-")
    }


if __name__ == "__main__":
    sys.exit(main())
