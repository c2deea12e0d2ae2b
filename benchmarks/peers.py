"""Grades one class with nbgrader, with Otter and with this grader: time, memory, points.

    python benchmarks/peers.py UNIT ... [--otter PYTHON] [--students 40] [--json FILE]

The three get the same cells (without the experiments) and the same checks on the same cases; for
nbgrader and Otter they are asserts in hidden tests (`course_asserts.py`), one test a check, worth
the check's points.  40 % of the class are right (the reference and its equivalents), 40 % have one
known mistake each, 20 % hold no solution: stubs, and cheats of kinds that work on graders that run
in the student's process.  They take turns, each on its own: first one submission with nothing warm,
then the class; this grader then a later class, other notebooks of the same answers, for which it
has kept what the reference and the known mistakes give.

PYTHON is that of an environment with `otter-grader` and `requirements.lock`.  Otter, which is
called for one submission at a time, may be given `--most` seconds for the class: then it grades as
many as it can, which are of all kinds.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import nbformat

sys.path.insert(0, str(Path(__file__).parent))
from cost import turns
from machine import MIB, OthersUse, Watcher, adopt, facts

from autograder.course.course import Course
from autograder.course.exercise import Alternative, Check, Exercise
from autograder.course.observation_source import measure_source
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.judging.registry import to_data
from autograder.results.record import loads
from autograder.sandbox.pool import Pool

COURSE = Path(__file__).parents[1]
SEED = "peers"
KINDS = {"right": 0.4, "wrong": 0.4, "cheat": 0.2}

# Before the student's own cells; none of them holds a solution.
CHEATS = {
    "stubs as released": "",
    "functions that return None": "",
    "comparison replaced": "import numpy.testing\n"
    "numpy.testing.assert_allclose = lambda *_, **__: None",
    "helper of the tests replaced": "import course_asserts\n"
    "course_asserts.expect = lambda *_: None",
    "cases of the tests emptied": "import course_asserts\n"
    "for check in course_asserts.CHECKS.values():\n    check['tries'] = [[]]",
    "lines with tests dropped": "get_ipython().input_transformers_cleanup.append(\n"
    "    lambda lines: [line for line in lines if not line.startswith('expect(')])\n"
    "try:\n    from otter.test_files import test_case\n"
    "    test_case.call_func = lambda *_: None\nexcept ImportError:\n    pass",
    "process ended": "import os\nos._exit(0)",
    "asserts switched off": "import course_asserts, inspect\n"
    "source = inspect.getsource(course_asserts).replace('assert ', 'True or ')\n"
    "exec(source.replace('np.testing.True or allclose', 'str'), vars(course_asserts))",
}


@dataclass(frozen=True)
class Student:
    """One who handed in: of which kind, and the cells by number."""

    name: str
    kind: str
    what: str
    cells: Mapping[int, str]


@dataclass(frozen=True)
class Run:
    """What grading took, and the points that it gave; None where it gave no result."""

    wall: float
    cpu: float
    peak: int
    points: dict[str, float | None]


# ------------------------------------------------------------------------------------- the class


def class_of(loaded: LoadedUnit, count: int) -> list[Student]:
    """Students of all kinds, no two of them with the same notebook."""
    counts = {kind: round(share * count) for kind, share in KINDS.items()}
    exercises = loaded.unit.exercises
    right = [("reference", loaded.reference.cells)] * 3 + _in_turns(
        loaded, [(e, e.equivalents) for e in exercises]
    )
    wrong = _in_turns(loaded, [(e, e.variants) for e in exercises])
    found = []
    for kind, programs in (("right", right), ("wrong", wrong), ("cheat", _cheats(loaded))):
        for number, (what, cells) in enumerate(islice(cycle(programs), counts[kind])):
            name = f"{kind}{number:03}"
            sources = dict(cells)
            last = max(sources)
            sources[last] += f"\n# handed in by {name}"
            found.append(Student(name, kind, what, sources))
    # Of all kinds, however many of them are graded.
    place = {kind: 0 for kind in KINDS}
    order = []
    for student in found:
        place[student.kind] += 1
        order.append((place[student.kind] / counts[student.kind], student.kind, student))
    return [student for _, _, student in sorted(order, key=lambda item: item[:2])]


def _in_turns(
    loaded: LoadedUnit, kinds: Sequence[tuple[Exercise, Sequence[Alternative]]]
) -> list[tuple[str, Any]]:
    """Names and cells of alternatives of every exercise."""
    return [(f"{e.name} {a.name}", loaded.alternative(e, a).cells) for e, a in turns(kinds)]


def _cheats(loaded: LoadedUnit) -> list[tuple[str, Any]]:
    """Programs whose exercises are not answered, behind a first cell that cheats."""
    found = []
    for what, code in CHEATS.items():
        body = "raise NotImplementedError()" if what == "stubs as released" else "return None"
        cells = dict(loaded.reference.cells)
        for exercise in loaded.unit.exercises:
            number = _number_of(loaded, exercise)
            cells[number] = f"def {exercise.name}(*args, **kwargs):\n    {body}"
        first = min(cells)
        cells[first] = f"{cells[first]}\n{code}"
        found.append((what, tuple(cells.items())))
    return found


def _number_of(loaded: LoadedUnit, exercise: Exercise) -> int:
    source = loaded.solution_cell(exercise.name).source
    return next(number for number, text in loaded.reference.cells if text == source)


# -------------------------------------------------------------------------------- checks as asserts


def answers(loaded: LoadedUnit, cache: Path) -> bytes:
    """All cases with what the reference gives, as the tests' helper reads them."""
    found = {}
    with Pool() as pool:
        oracle = ReferenceOracle(loaded, SEED, pool, EvidenceCache(cache, SEED))
        for exercise in loaded.unit.exercises:
            for check in exercise.checks:
                tries = []
                for attempt in range(check.tries):
                    trial = oracle.trial(exercise, check, attempt)
                    inputs = [dict(case.inputs) for case in trial.cases]
                    wanted = [want.measured for want in oracle.wanted(trial)]
                    tries.append(list(zip(inputs, trial.seeds, wanted, strict=True)))
                judge = to_data(check.judge, measure_source)
                found[_key(exercise, check)] = {"judge": judge, "tries": tries, "part": check.part}
        oracle.close()
    return pickle.dumps(found)


def _key(exercise: Exercise, check: Check) -> str:
    return f"{exercise.name}__{check.name}"


def _test(loaded: LoadedUnit, exercise: Exercise, check: Check, names: str) -> str:
    """A check as code: its observation's text, then the assert."""
    imports = "import numpy as np\nfrom autograder.guest import probes\n"
    if loaded.unit.framework == "keras":
        imports += "import keras\nfrom keras import ops\n"
    call = f"expect({check.drawn_as}, '{_key(exercise, check)}', {names})"
    head = f"{imports}from course_asserts import expect\n\n{check.source}\n\n"
    if names == "env":
        test = f"@test_case(points={check.points}, hidden=True)\ndef test_check(env):\n    {call}\n"
        return f"{head}from otter.test_files import test_case\n{test}"
    return head + call


def _notebook(cells: Sequence[Any]) -> Any:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=list(cells), metadata={"kernelspec": kernel})


def _code(source: str, grade_id: str = "", points: float | None = None) -> Any:
    metadata = {}
    if grade_id:
        metadata["nbgrader"] = {
            "grade_id": grade_id,
            "schema_version": 3,
            "grade": points is not None,
            "locked": points is not None,
            "solution": points is None,
            "task": False,
        } | ({} if points is None else {"points": points})
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def assert_notebook(loaded: LoadedUnit, cells: Mapping[int, str]) -> Any:
    """The unit as a notebook of plain nbgrader: its cells, after each exercise its tests."""
    owners = {_number_of(loaded, exercise): exercise for exercise in loaded.unit.exercises}
    made = []
    for number, source in cells.items():
        exercise = owners.get(number)
        made.append(_code(source, exercise.name if exercise else ""))
        for check in exercise.checks if exercise else ():
            hidden = _test(loaded, exercise, check, "globals()")
            test = f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
            made.append(_code(test, _key(exercise, check), check.points))
    return _notebook(made)


# ------------------------------------------------------------------------------------- the graders


class Grader:
    """One of the three: where its class lies, how it is called, how its points are read."""

    def __init__(self, loaded: LoadedUnit, folder: Path, students: Sequence[Student]) -> None:
        self.loaded = loaded
        self.folder = folder
        self.students = students
        self.environment = os.environ | {
            "PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{COURSE}",
            "COURSE_ANSWERS": str(folder.parent / "answers.pkl"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        folder.mkdir()
        self.prepare()

    def prepare(self) -> None:
        raise NotImplementedError

    def grade(self, students: Sequence[Student], cold: bool) -> Sequence[Student]:
        """Grades them, and gives those that it has come to."""
        raise NotImplementedError

    def points(self, students: Sequence[Student]) -> dict[str, float | None]:
        raise NotImplementedError

    def call(self, *arguments: str | Path, python: str = sys.executable) -> None:
        path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            [python, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment | {"PATH": path},
            capture_output=True,
            check=False,  # a grader that fails is part of what is measured
        )


class Ours(Grader):
    def prepare(self) -> None:
        self.write("")

    def write(self, comment: str) -> None:
        """Writes the notebooks, with a comment in each cell by which they are others."""
        for student in self.students:
            cells = [_code(source + comment) for source in student.cells.values()]
            nbformat.write(_notebook(cells), self.folder / f"{student.name}.ipynb")

    def grade(self, students: Sequence[Student], cold: bool) -> Sequence[Student]:
        paths = [self.folder / f"{student.name}.ipynb" for student in students]
        given = ["--unit", self.loaded.name, "--seed", SEED, "--course", COURSE]
        given += ["--out", self.folder / "out", "--fresh", *(["--no-cache"] if cold else [])]
        self.call("-m", "autograder", "grade", *paths, *given)
        return students

    def points(self, students: Sequence[Student]) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for student in students:
            path = self.folder / "out" / self.loaded.name / f"{student.name}.json"
            result = loads(path.read_text("utf-8")) if path.is_file() else None
            graded = result is not None and result.status == "graded"
            found[student.name] = result.points if result is not None and graded else None
        return found


class NbGrader(Grader):
    def prepare(self) -> None:
        (self.folder / "nbgrader_config.py").write_text(
            "c = get_config()\nc.CourseDirectory.root = '.'\nc.Execute.timeout = 600\n"
        )
        name = self.loaded.name
        source = assert_notebook(self.loaded, dict(self.loaded.reference.cells))
        self._write(source, f"source/{name}/{name}.ipynb")
        for student in self.students:
            notebook = assert_notebook(self.loaded, student.cells)
            self._write(notebook, f"submitted/{student.name}/{name}/{name}.ipynb")
        self.call("-m", "nbgrader", "generate_assignment", name)

    def _write(self, notebook: Any, place: str) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)

    def grade(self, students: Sequence[Student], cold: bool) -> Sequence[Student]:
        only = [f"--student={students[0].name}"] if cold else []
        self.call("-m", "nbgrader", "autograde", self.loaded.name, "--force", *only)
        return students

    def points(self, students: Sequence[Student]) -> dict[str, float | None]:
        self.call("-m", "nbgrader", "export")
        with (self.folder / "grades.csv").open(encoding="utf-8") as file:
            scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
        graded = {path.name for path in (self.folder / "autograded").iterdir()}
        return {s.name: scores.get(s.name) if s.name in graded else None for s in students}


class Otter(Grader):
    python = ""  # of its environment
    most = float("inf")  # seconds

    def prepare(self) -> None:
        tests = self.folder / "tests"
        tests.mkdir()
        for exercise in self.loaded.unit.exercises:
            for check in exercise.checks:
                head = f"OK_FORMAT = False\nname = {_key(exercise, check)!r}\npoints = None\n"
                test = head + _test(self.loaded, exercise, check, "env")
                (tests / f"{_key(exercise, check)}.py").write_text(test)
        for student in self.students:
            cells = [_code(source) for source in student.cells.values()]
            nbformat.write(_notebook(cells), self.folder / f"{student.name}.ipynb")
        plain = ["--no-config", "--no-requirements", "--no-environment"]
        self.call("-m", "otter", "generate", "-t", tests, *plain, python=self.python)

    def grade(self, students: Sequence[Student], cold: bool) -> Sequence[Student]:
        began = time.monotonic()
        for number, student in enumerate(students):
            if time.monotonic() - began > self.most:
                return students[:number]
            out = self.folder / "out" / student.name
            out.mkdir(parents=True, exist_ok=True)
            notebook = f"{student.name}.ipynb"
            self.call("-m", "otter", "run", notebook, "-o", out, "--no-logo", python=self.python)
        return students

    def points(self, students: Sequence[Student]) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for student in students:
            path = self.folder / "out" / student.name / "results.json"
            tests = json.loads(path.read_text("utf-8"))["tests"] if path.is_file() else None
            found[student.name] = tests and sum(test.get("score") or 0 for test in tests)
        return found


GRADERS: dict[str, Callable[..., Grader]] = {
    "this grader": Ours,
    "nbgrader": NbGrader,
    "Otter": Otter,
}


def measured(grader: Grader, students: Sequence[Student], cold: bool) -> Run:
    """One call of a grader, all its processes together."""
    with Watcher(os.getpid(), grader.folder / "nothing", pause=0.5) as watcher:
        began = time.monotonic()
        done = grader.grade(students, cold)
        wall = time.monotonic() - began
    peak = max((usage.total - usage.by_role["grader"] for usage in watcher.samples), default=0)
    return Run(wall, watcher.cpu, peak, grader.points(done))


# ---------------------------------------------------------------------------------------- the table


def compare(loaded: LoadedUnit, folder: Path, count: int, names: list[str]) -> dict[str, Any]:
    """Graders on one unit: cold, then the class."""
    students = class_of(loaded, count)
    (folder / "answers.pkl").write_bytes(answers(loaded, folder / "evidence"))
    found: dict[str, Any] = {}
    for name in names:
        grader = GRADERS[name](loaded, folder / name.replace(" ", "_"), students)
        with OthersUse() as others:
            cold = measured(grader, students[:1], True)
            if name == "this grader":  # as at the second submission of a class: nothing is new
                grader.grade(students[:1], False)
            run = later = measured(grader, students, False)
            if isinstance(grader, Ours):
                grader.write("\n# a later class")
                later = measured(grader, students, False)
        runs = {"cold": cold, "class": run, "later": later}
        found[name] = {key: asdict(each) for key, each in runs.items()} | {"others": others.share}
        print(f"{loaded.name} {name}: {run.wall:.0f} s, others used {others.share:.0%}", flush=True)
    kinds = {student.name: [student.kind, student.what] for student in students}
    return {"unit": loaded.name, "points": loaded.unit.points, "students": kinds, "graders": found}


def show(found: Mapping[str, Any]) -> None:
    """The unit's tables, in Markdown."""
    full, kinds, graders = found["points"], found["students"], found["graders"]
    print(f"\n### {found['unit']}: {len(kinds)} submissions, {full:g} points each\n")
    rows: dict[str, list[str]] = {}
    for name, runs in graders.items():
        run = runs["class"]
        points = {student: (kinds[student], got) for student, got in run["points"].items()}
        count = len(points)
        cells = {
            "graded": f"{count}",
            "one of them, wall time": f"{run['wall'] / count:.2f} s",
            "one of them, CPU time": f"{run['cpu'] / count:.2f} s",
            "one of a later class, wall time": f"{runs['later']['wall'] / count:.2f} s",
            "one alone, nothing warm": f"{runs['cold']['wall']:.1f} s",
            "most memory": f"{run['peak'] / MIB:.0f} MiB",
            "others used of the cores": f"{runs['others']:.0%}",
        }
        wanted = {
            "right, and got all points": ("right", lambda got: got > full - 1e-6),
            "one mistake, and lost points": ("wrong", lambda got: got < full - 1e-6),
            "no solution, and got points": ("cheat", lambda got: got > 0),
        }
        for text, (kind, holds) in wanted.items():
            got = [got for (own, _), got in points.values() if own == kind]
            none = got.count(None)
            said = f"{sum(holds(each) for each in got if each is not None)} of {len(got)}"
            cells[text] = said + (f"; {none} without a result" if none else "")
        for (own, what), got in points.values():
            if own == "cheat":
                cells[f"- {what}"] = "no result" if got is None else f"{got:g}"
        for text, cell in cells.items():
            rows.setdefault(text, [""] * len(graders))[list(graders).index(name)] = cell
    print("| | " + " | ".join(graders) + " |\n|---|" + "---|" * len(graders))
    for text, row in rows.items():
        print(f"| {text} | " + " | ".join(row) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="+")
    parser.add_argument("--otter", default="", help="Python of an environment with Otter")
    parser.add_argument("--most", type=float, default=float("inf"), help="seconds for Otter")
    parser.add_argument("--only", choices=GRADERS, action="append", help="may be given again")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="keep notebooks and results here")
    parser.add_argument("--json", type=Path, help="write all numbers here, after each unit")
    options = parser.parse_args()
    adopt()
    Otter.python, Otter.most = options.otter, options.most
    names = options.only or [name for name in GRADERS if options.otter or name != "Otter"]
    course = Course.find(COURSE)
    machine = facts()
    print("  ".join(f"{name} {value}" for name, value in machine.items()), "\n")
    found = []
    for unit in options.units:
        with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
            folder = Path(scratch) if options.folder is None else options.folder / unit
            folder.mkdir(parents=True, exist_ok=True)
            found.append(compare(course.load(unit), folder, options.students, names))
        if options.json is not None:
            record = {"machine": machine, "units": found}
            options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for each in found:
        show(each)


if __name__ == "__main__":
    main()
