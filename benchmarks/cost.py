"""Measures what grading costs: a submission, a first finding, a class's memory, a class's growth.

    python benchmarks/cost.py warm|training|first|memory|growth [--quick] [--patience SECONDS]
                              [--unit UNIT] [--json FILE]

Each command measures both sides of its comparison in one run, taking turns, and prints the aim,
what was measured, and whether the aim is met.  docs/benchmarks.md says what the numbers mean.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, islice, pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import mean, median
from typing import Any, TypeVar

import nbformat

sys.path.insert(0, str(Path(__file__).parent))
from machine import MIB, OthersUse, Watcher, adopt, cpu_seconds, facts, others_use

from autograder.batch import run as running
from autograder.batch.outbox import Outbox
from autograder.course.course import Course
from autograder.course.exercise import Alternative, Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading import findings, grade
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.grading.trial import Trial
from autograder.judging import registry
from autograder.results.record import loads
from autograder.results.result import Result
from autograder.sandbox.child import Child
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, find, outline
from autograder.wire.observation import Observation
from autograder.wire.program import Program

COURSE = Path(__file__).parents[1]
SEED = "benchmark"
SLOTS = 2
KERAS = "import keras\n\nkeras.ops.sum(keras.ops.ones((3, 3)))"

QUIET = 0.1  # the share of the cores that others may use in a quiet round

Row = tuple[str, str, str, str]
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=list(MEASURES))
    parser.add_argument("--unit", help="(default: 03_optimizers; 12_gru_lstm trains)")
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    parser.add_argument("--patience", type=float, default=0, help="seconds to wait for quiet ones")
    parser.add_argument("--json", type=Path, help="write all numbers here")
    options = parser.parse_args()
    adopt()
    course = Course.find(COURSE)
    measure = MEASURES[options.what]
    trains = measure is training
    loaded = course.load(options.unit or ("12_gru_lstm" if trains else "03_optimizers"))
    machine = facts()
    print("  ".join(f"{name} {value}" for name, value in machine.items()), "\n")
    with OthersUse() as others, tempfile.TemporaryDirectory(prefix="cost-") as folder:
        rows, numbers = measure(loaded, Path(folder), options.quick, options.patience)
    show(("", "aim", "measured", ""), rows)
    print(f"\nOther processes used {others.share:.0%} of the cores meanwhile.")
    if options.json is not None:
        record = {"what": options.what, "machine": machine, "others": others.share} | numbers
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def show(head: Row, rows: Sequence[Row]) -> None:
    """A table with columns as wide as they need to be."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(4)]
    for row in [head, *rows]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))


def row(name: str, measured: float, unit: str, aim: float | None = None) -> Row:
    """A line of the table; with an aim it says whether it is met."""
    met = "" if aim is None else "met" if measured <= aim else "NOT MET"
    return name, "" if aim is None else f"≤ {aim:.3g} {unit}", f"{measured:.3g} {unit}", met


def quietest(measure: Callable[[str], T], count: int, patience: float) -> list[T]:
    """`count` rounds of `measure`, after one for warming up.

    With patience each round waits until others leave the cores alone, and further rounds are made
    until enough were left alone; the quietest are taken, whatever they measured.
    """
    deadline = time.monotonic() + patience
    measure("warming-up")
    found: list[tuple[float, T]] = []
    while len(found) < count or (
        time.monotonic() < deadline and sum(share <= QUIET for share, _ in found) < count
    ):
        while time.monotonic() < deadline and others_use(1.0) > QUIET:
            pass
        with OthersUse() as others:
            result = measure(str(len(found)))
        found.append((others.share, result))
    found = sorted(found, key=lambda item: item[0])[:count]
    shares = ", ".join(f"{share:.0%}" for share, _ in found)
    print(f"{count} rounds, in which other processes used {shares} of the cores.")
    return [result for _, result in found]


# ------------------------------------------------------------------------------------ submissions


def programs(loaded: LoadedUnit) -> Iterator[Program]:
    """Without end: two right ones, a right one in another form, a wrong one, and so on."""
    exercises = loaded.unit.exercises
    right = cycle(turns([(e, e.equivalents) for e in exercises]))
    wrong = cycle(turns([(e, e.variants) for e in exercises]))
    while True:
        yield loaded.reference
        yield loaded.reference
        yield loaded.alternative(*next(right))
        yield loaded.alternative(*next(wrong))


def turns(
    kinds: Sequence[tuple[Exercise, Sequence[Alternative]]],
) -> Iterator[tuple[Exercise, Alternative]]:
    """The first alternative of every exercise, then the second, and so on."""
    for index in range(max(len(alternatives) for _, alternatives in kinds)):
        for exercise, alternatives in kinds:
            if index < len(alternatives):
                yield exercise, alternatives[index]


def hand_in(loaded: LoadedUnit, folder: Path, count: int, before: str = "") -> list[Path]:
    """Writes `count` notebooks that differ, each in a comment at least; `before` is a first cell.

    No two classes of one process hold the same program either, so that nothing is found that was
    kept of another one.
    """
    folder.mkdir(parents=True)
    paths = []
    for number, program in enumerate(islice(programs(loaded), count)):
        sources = [*([before] if before else []), *(source for _, source in program.cells)]
        sources[0] += f"\n# handed in: {folder.name} {number}"
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in sources]
        )
        paths.append(folder / f"student{number:03}.ipynb")
        nbformat.write(notebook, paths[-1])
    return paths


def read(loaded: LoadedUnit, paths: Sequence[Path]) -> list[Submission]:
    submissions, problems = find(paths, {loaded.name: outline(loaded)}, loaded.name)
    if problems:
        raise SystemExit(problems[0].message)
    return submissions


def grade_class(
    loaded: LoadedUnit,
    oracles: Callable[[str], ReferenceOracle],
    folder: Path,
    count: int,
    slots: int,
) -> tuple[list[Result], float, float]:
    """Results of a class that is handed in here, and the wall and CPU seconds that it took."""
    submissions = read(loaded, hand_in(loaded, folder, count))
    outbox = Outbox(folder.with_name(f"{folder.name}-out"))
    began, cpu = time.perf_counter(), cpu_seconds()
    results = [
        result for result, _ in running.grade_class(submissions, oracles, outbox, slots, True)
    ]
    taken = time.perf_counter() - began, cpu_seconds() - cpu
    if wrong := [result for result in results if result.status != "graded"]:
        raise SystemExit(f"{wrong[0].status}: {wrong[0].problem}")
    return results, *taken


def everything(oracle: ReferenceOracle) -> list[tuple[Trial, list[Any]]]:
    """What a submission is asked, with what is wanted."""
    exercises = oracle.loaded.unit.exercises
    trials = [oracle.trial(exercise, check) for exercise in exercises for check in exercise.checks]
    return [(q, [want.measured for want in oracle.wanted(q)]) for q in trials]


def command(paths: Sequence[Path], unit: str, out: Path, *more: str) -> list[str]:
    given = [*(str(path) for path in paths), "--unit", unit, "--seed", SEED, "--out", str(out)]
    run = [sys.executable, "-m", "autograder", "grade", "--course", str(COURSE)]
    return [*run, *given, "--jobs", str(SLOTS), "--fresh", *more]


# -------------------------------------------------------------------------------------- bare loop


class Bare:
    """A process that has everything imported and grades programs one after the other.

    No sandbox, no wire, no explanation, no report: the cells run, every case is observed and
    judged.  What is wanted is known before.
    """

    def __init__(self, unit: str, asked: Sequence[tuple[Trial, list[Any]]]) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        cases = [
            (trial.exercise.name, trial.check.name, list(trial.observations), wanted)
            for trial, wanted in asked
        ]
        self._process = context.Process(target=_bare, args=(theirs, unit, cases), daemon=True)
        self._process.start()

    def send(self, submissions: Sequence[Submission]) -> None:
        self._ours.send(
            [[(c.number, c.source) for c in s.cells if not c.skip] for s in submissions]
        )

    def seconds(self) -> list[tuple[float, float]]:
        """Wall and CPU seconds of each program that was sent last."""
        found: list[tuple[float, float]] = self._ours.recv()
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.join()


def _bare(
    connection: Connection,
    unit: str,
    cases: Sequence[tuple[str, str, list[Observation], list[Any]]],
) -> None:
    from autograder.guest import worker
    from autograder.wire.codec import pack, unpack

    loaded = Course.find(COURSE).load(unit)
    judges = {(e.name, c.name): c.judge for e in loaded.unit.exercises for c in e.checks}
    work = [
        (judges[exercise, check], item.source, pack(dict(item.inputs)), item.seed, want)
        for exercise, check, observations, wanted in cases
        for item, want in zip(observations, wanted, strict=True)
    ]
    shell = worker.make_shell()
    while True:
        taken = []
        for cells in connection.recv():
            shell.reset(new_session=False)
            began, cpu = time.perf_counter(), time.process_time()
            session = worker.Session(shell)
            for number, source in cells:
                session.run_cell(number, source)
            for judged, source, inputs, seed, want in work:
                got = session.observe(source, unpack(inputs), seed)
                if got.status == "ok":
                    judged(got.value, want)
            taken.append((time.perf_counter() - began, time.process_time() - cpu))
        connection.send(taken)


# ------------------------------------------------------------------------------------------- warm


@dataclass(frozen=True)
class Class:
    """One class graded: each grade()'s wall seconds; means of a slot's and of CPU seconds."""

    grading: list[float]
    slot: float
    cpu: float


@dataclass(frozen=True)
class Round:
    """Both sides once: the bare loop alone and two at once, one slot, two slots, the parts."""

    alone: list[tuple[float, float]]
    together: list[tuple[float, float]]
    one: Class
    two: Class
    parts: dict[str, tuple[float, float]]


def warm(
    loaded: LoadedUnit, folder: Path, quick: bool, patience: float
) -> tuple[list[Row], dict[str, Any]]:
    """One submission when template, reference and known mistakes are there, against a bare loop."""
    rounds, each = (2, 4) if quick else (5, 8)
    cache = EvidenceCache(folder / "evidence", SEED)
    with (
        Pool() as pool,
        running.oracles_by_unit(lambda _: ReferenceOracle(loaded, SEED, pool, cache)) as oracles,
    ):
        # By this thread: a template ends with the thread that started it.
        oracle = oracles(loaded.name)
        pool.warm(oracle.runs_on(loaded.reference))

        def graded(name: str, slots: int, count: int = each) -> Class:
            results, wall, cpu = grade_class(loaded, oracles, folder / name, count, slots)
            return Class([result.seconds for result in results], wall * slots / count, cpu / count)

        # Every program once: what is kept of the unit's own programs is kept now.
        graded("before", SLOTS, 4 * max(4, sum(len(e.variants) for e in loaded.unit.exercises)))
        asked = everything(oracle)
        workers = [Bare(loaded.name, asked) for _ in range(SLOTS)]

        def one_round(name: str) -> Round:
            bare = read(loaded, hand_in(loaded, folder / f"bare-{name}", each))
            workers[0].send(bare)
            alone = workers[0].seconds()
            for worker in workers:
                worker.send(bare)
            together = [seconds for worker in workers for seconds in worker.seconds()]
            one, two = graded(f"one-{name}", 1), graded(f"two-{name}", SLOTS)
            parts = breakdown(lambda: graded(f"parts-{name}", 1), each)
            return Round(alone, together, one, two, parts)

        found = quietest(one_round, rounds, patience)
        for worker in workers:
            worker.close()
    base = median(wall for run in found for wall, _ in run.alone)
    busy = median(wall for run in found for wall, _ in run.together)
    computing = median(cpu for run in found for _, cpu in run.alone)
    single = median(seconds for run in found for seconds in run.one.grading)
    double = median(seconds for run in found for seconds in run.two.grading)
    cpu = median(run.two.cpu for run in found)
    aim = 1.3 * base + 0.15
    slot = median(run.one.slot for run in found)
    occupied = median(run.two.slot for run in found)
    cases = sum(len(trial.cases) for trial, _ in asked)
    print(f"{loaded.name}: {len(asked)} checks, {cases} cases, {rounds} rounds of {each}\n")
    rows = [
        row("bare loop, one process", base, "s"),
        row("bare loop, two processes at once", busy, "s"),
        row("grade(), one slot", single, "s", aim),
        row("grade(), while two slots are busy", double, "s", aim),
        row("slot time of a submission, one slot", slot, "s", aim),
        row("slot time of a submission, two slots", occupied, "s", aim),
        row("  its ratio to the bare loop", occupied / base, "x"),
        row("  less 0.15 s, ratio to the bare loop", (occupied - 0.15) / base, "x", 1.3),
        row("bare loop, CPU time", computing, "s"),
        row("CPU time of a submission, two slots", cpu, "s", 1.3 * computing + 0.15),
        row("submissions a minute, two slots", 60 * SLOTS / occupied, ""),
    ]
    print("Where a warm submission's time goes (one slot, means):")
    parts = {
        name: [mean(run.parts.get(name, (0.0, 0.0))[part] for run in found) for part in (0, 1)]
        for name in sorted({name for run in found for name in run.parts})
    }
    total = sum(seconds for seconds, _ in parts.values())
    for name, (seconds, calls) in sorted(parts.items(), key=lambda item: -item[1][0]):
        times = f"{calls:6.1f} times"
        print(f"  {name:32} {times} {1000 * seconds:7.1f} ms  {seconds / total:4.0%}")
    print(f"  {'all':44} {1000 * total:7.1f} ms\n")
    return rows, {"rounds": [asdict(run) for run in found]}


def breakdown(run: Callable[[], object], count: int) -> dict[str, tuple[float, float]]:
    """Seconds and calls a submission by part while `run` grades `count` of them on one slot.

    A part's time is its own, without that of the parts that it calls.
    """
    spent: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    local = threading.local()
    undo: list[tuple[Any, str, Any]] = []

    def part(owner: Any, attribute: str, name: str | Callable[..., str]) -> None:
        original = getattr(owner, attribute)

        def timed(*args: Any, **kwargs: Any) -> Any:
            outer = getattr(local, "inner", 0.0)
            local.inner = 0.0
            began = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                taken = time.perf_counter() - began
                said = name if isinstance(name, str) else name(*args, **kwargs)
                spent[said] += taken - local.inner
                calls[said] += 1
                local.inner = outer + taken

        undo.append((owner, attribute, original))
        setattr(owner, attribute, timed)

    requests = {"cell": "running the cells", "observe": "observing the cases"}
    part(running, "grade", "the rest of grade()")
    part(Pool, "fork", "forking and isolating")
    part(Child, "request", lambda _child, op, *_, **__: requests.get(op, "other requests"))
    part(Child, "close", "ending the process")
    part(ReferenceOracle, "trial", "what is asked, what is wanted")
    part(ReferenceOracle, "wanted", "what is asked, what is wanted")
    for kind in registry.KINDS.values():
        part(kind, "__call__", "judging")
    part(findings.Explainer, "__init__", "explaining")
    part(findings, "relation", "explaining")
    part(EvidenceCache, "put", "keeping evidence on disk")
    part(Outbox, "write", "writing record and page")
    part(Observer, "observe", "what is asked, what is wanted")
    part(grade, "_cell_runs", "the rest of grade()")
    part(running, "_graded", "the rest of grade()")
    try:
        run()
    finally:
        for owner, attribute, original in reversed(undo):
            setattr(owner, attribute, original)
    return {name: (seconds / count, calls[name] / count) for name, seconds in spent.items()}


# --------------------------------------------------------------------------------------- training


def training(
    loaded: LoadedUnit, folder: Path, quick: bool, patience: float
) -> tuple[list[Row], dict[str, Any]]:
    """A right submission that trains, when template and reference are there, against a bare loop.

    The loop is as a teacher would write it, with the framework's own settings: all threads.
    """
    rounds, each = (1, 1) if quick else (5, 2)  # the first two programs are the reference
    cache = EvidenceCache(folder / "evidence", SEED)
    with (
        Pool() as pool,
        running.oracles_by_unit(lambda _: ReferenceOracle(loaded, SEED, pool, cache)) as oracles,
    ):
        oracle = oracles(loaded.name)
        pool.warm(oracle.runs_on(loaded.reference))

        def graded(name: str) -> tuple[float, float]:
            results, wall, cpu = grade_class(loaded, oracles, folder / name, each, 1)
            wrong = [r for r in results if r.points < r.max_points]
            if wrong:
                raise SystemExit(f"The reference got {wrong[0].points:g} points.")
            return wall / each, cpu / each

        graded("before")
        asked = everything(oracle)
        worker = Bare(loaded.name, asked)

        def one_round(name: str) -> tuple[tuple[float, float], tuple[float, float]]:
            worker.send(read(loaded, hand_in(loaded, folder / f"bare-{name}", each)))
            taken = worker.seconds()
            bare = mean(wall for wall, _ in taken), mean(cpu for _, cpu in taken)
            return bare, graded(f"graded-{name}")

        found = quietest(one_round, rounds, patience)
        worker.close()
    rows = []
    for part, kind in enumerate(("wall", "CPU")):
        bare, ours = (median(run[side][part] for run in found) for side in (0, 1))
        rows.append(row(f"bare loop, {kind} time", bare, "s"))
        rows.append(row(f"graded, one slot, {kind} time", ours, "s"))
        rows.append(row("  its ratio to the bare loop", ours / bare, "x", 1.2))
    return rows, {"rounds": found}


# ------------------------------------------------------------------------------------------ first


def first(
    loaded: LoadedUnit, folder: Path, quick: bool, patience: float
) -> tuple[list[Row], dict[str, Any]]:
    """From the command to the first result on disk, nothing warm, against a bare import."""
    kinds = {"unit": "", "keras": "import keras"}
    paths = {
        kind: hand_in(loaded, folder / kind, 1, before)[0].rename(folder / f"{kind}.ipynb")
        for kind, before in kinds.items()
    }

    def one_round(name: str) -> dict[str, float]:
        found = {"import": _wall([sys.executable, "-c", "import tensorflow"])}
        for kind, path in paths.items():
            out = folder / f"out-{kind}-{name}"
            arguments = command([path], loaded.name, out, "--no-cache")
            found[kind], found[f"{kind} ended"] = _first_result(arguments, out / loaded.name)
        return found

    found = quietest(one_round, 2 if quick else 5, patience)
    base = median(run["import"] for run in found)
    names = {"unit": f"first finding, {loaded.name}", "keras": "first finding, imports keras"}
    rows = [row("python -c 'import tensorflow'", base, "s")]
    for kind, name in names.items():
        over = median(run[kind] - run["import"] for run in found)
        rows.append(row(name, median(run[kind] for run in found), "s", base + 1))
        rows.append(row("  more than the import beside it", over, "s", 1.0))
        rows.append(row("  command ended", median(run[f"{kind} ended"] for run in found), "s"))
    return rows, {"rounds": found}


def _wall(arguments: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(arguments, check=True, capture_output=True)
    return time.monotonic() - began


def _first_result(arguments: Sequence[str], folder: Path) -> tuple[float, float]:
    """Seconds until `folder` holds a record that says something, and until the command ended."""
    began = time.monotonic()
    with _running(arguments) as process:
        while not (found := list(folder.glob("*.json"))):
            if process.poll() is not None:
                raise SystemExit(f"No result: {process.communicate()[0]}")
            time.sleep(0.002)
        seconds = time.monotonic() - began
        if loads(found[0].read_text(encoding="utf-8")).status != "graded":
            raise SystemExit(found[0].read_text(encoding="utf-8"))
        process.communicate()
    return seconds, time.monotonic() - began


@contextmanager
def _running(
    arguments: Sequence[str], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | (environment or {}),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


# ----------------------------------------------------------------------------------------- memory


def memory(
    loaded: LoadedUnit, folder: Path, quick: bool, patience: float
) -> tuple[list[Row], dict[str, Any]]:
    """The most that a class takes, all processes together, and whether it grows with the class.

    That does not depend on how busy the machine is, so that there is nothing to wait for.
    """
    del patience
    small, large = (10, 30) if quick else (50, 200)
    peaks: dict[str, Watcher] = {}
    rows: list[Row] = []
    for name, count, before in (
        (f"class of {small}", small, ""),
        (f"class of {large}", large, ""),
        (f"class of {small}, with keras", small, KERAS),
    ):
        watcher = _watched(loaded, folder / f"{count}{'k' if before else ''}", count, before)
        peaks[name] = watcher
        peak = watcher.peak
        rows.append(row(f"{name}: peak", peak.total / MIB, "MiB", 2048))
        for role, size in peak.by_role.items():
            rows.append(row(f"  {role} then", size / MIB, "MiB"))
        if peak.guessed:
            rows.append((f"  {peak.guessed} processes could not be looked into", "", "", ""))
        rows.append(row("  class", watcher.samples[-1].seconds, "s"))
    less, more = (peaks[f"class of {n}"] for n in (small, large))
    # How many submissions happen to be at their own peak at once is chance: hence the room.
    growth = (more.peak.total - less.peak.total) / MIB
    rows.append(row(f"growth of the peak from {small} to {large}", growth, "MiB", 64))
    for role in ("grader", "templates"):
        slope = more.slope(role, small) / 1024
        rows.append(row(f"  {role}, each submission after {small}", slope, "KiB"))
    return rows, {
        name: [(u.seconds, u.done, dict(u.by_role)) for u in watcher.samples]
        for name, watcher in peaks.items()
    }


# ----------------------------------------------------------------------------------------- growth


def growth(
    loaded: LoadedUnit, folder: Path, quick: bool, patience: float
) -> tuple[list[Row], dict[str, Any]]:
    """Classes of 10 to 1,000: what one submission more costs, in a small class and in a large one.

    CPU time, which hardly depends on how busy the machine is, so that there is nothing to wait for.
    """
    del patience
    sizes = (5, 10, 20) if quick else (10, 100, 1000)
    rows: list[Row] = []
    found: dict[str, dict[str, float]] = {}
    for count in sizes:
        watcher = _watched(loaded, folder / str(count), count, "")
        seconds, peak = watcher.samples[-1].seconds, watcher.peak.total / MIB
        found[str(count)] = {"cpu": watcher.cpu, "seconds": seconds, "peak": peak}
        rows.append(row(f"class of {count}: CPU time", watcher.cpu, "s"))
        rows.append(row("  wall time", seconds, "s"))
        rows.append(row("  peak memory", peak, "MiB"))
    costs = [
        (found[str(more)]["cpu"] - found[str(less)]["cpu"]) / (more - less)
        for less, more in pairwise(sizes)
    ]
    for (less, more), cost in zip(pairwise(sizes), costs, strict=True):
        rows.append(row(f"one more between {less} and {more}: CPU time", cost, "s"))
    rows.append(row("the last of these against the first", costs[-1] / costs[0], "x", 1.1))
    return rows, found


def _watched(loaded: LoadedUnit, folder: Path, count: int, before: str) -> Watcher:
    hand_in(loaded, folder / "class", count, before)
    out = folder / "out"
    arguments = command([folder / "class"], loaded.name, out)
    with _running(arguments, {"XDG_CACHE_HOME": str(folder / "cache")}) as process:
        with Watcher(process.pid, out) as watcher:
            said = process.communicate()[0]
    records = list((out / loaded.name).glob("*.json"))
    graded = [loads(path.read_text(encoding="utf-8")).status for path in records]
    if graded != ["graded"] * count:
        raise SystemExit(f"{len(graded)} of {count} results: {Counter(graded)}\n{said}")
    return watcher


Measure = Callable[[LoadedUnit, Path, bool, float], tuple[list[Row], dict[str, Any]]]
MEASURES: dict[str, Measure] = {
    "warm": warm,
    "training": training,
    "first": first,
    "memory": memory,
    "growth": growth,
}

if __name__ == "__main__":
    main()
