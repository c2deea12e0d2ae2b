"""Simulates grading very many submissions on many machines: where it saturates, what it costs.

    python benchmarks/simulate.py measure [UNIT ...] [--each N]   # what a submission costs
    python benchmarks/simulate.py run [--submissions N] [--nodes N ...] [--commands N ...]

`measure` grades some of a unit's sample class and counts CPU seconds, which other work on the
machine hardly changes; units that were measured before stay in the file.  `run` plays a deadline:
what students hand in before it, rising towards it, on machines of which some are slow and some die.
`Setting` says what is assumed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import simpy

sys.path.insert(0, str(Path(__file__).parent))
from machine import adopt, cpu_seconds, facts

from autograder.batch.outbox import Outbox
from autograder.course.course import Course
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results import record
from autograder.results.result import Result
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, UnitOutline, find, outline
from autograder.wire.evidence import Evidence

COURSE = Path(__file__).parents[1]
CLASSES = COURSE / "tests" / "data" / "submissions"
COSTS = Path(__file__).with_name("submission_costs.json")
HOUR = 3600.0


# ------------------------------------------------------------------------------- what one costs


@dataclass(frozen=True)
class Costs:
    """CPU seconds of submissions by unit, and of the parts that one process does for all.

    `grading` are those of a slot; `once` those of what a class shares, the evidence of the unit's
    own programs; `before` and `after` of the command, which reads the notebook and writes record
    and page; `dispatch` of Dask's scheduler (its own measurement: 3.8 ms a task).
    """

    grading: dict[str, list[float]]
    before: dict[str, float]
    after: dict[str, float]
    once: dict[str, float] = field(default_factory=dict)
    dispatch: float = 0.0038
    measured: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Costs:
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def with_unit(self, other: Costs) -> Costs:
        """These and those of another unit, or of the same measured again."""
        parts = ("grading", "before", "after", "once", "measured")
        merged = {part: getattr(self, part) | getattr(other, part) for part in parts}
        return replace(self, **{part: dict(sorted(merged[part].items())) for part in parts})

    @property
    def of_a_student(self) -> float:
        """Core-seconds of one submission to each unit."""
        return sum(statistics.mean(seconds) for seconds in self.grading.values())


class _Shared(EvidenceCache):
    """Evidence in memory; counts what is computed once for a class, whoever needed it first."""

    def __init__(self) -> None:
        super().__init__(None)
        self.seconds = 0.0

    def get(self, key: str, compute: Callable[[], list[Evidence]]) -> list[Evidence]:
        def counted() -> list[Evidence]:
            began = cpu_seconds()
            try:
                return compute()
            finally:
                self.seconds += cpu_seconds() - began

        return super().get(key, counted)


def measure(loaded: LoadedUnit, submissions: Sequence[Submission], scratch: Path) -> Costs:
    """What submissions to one unit cost."""
    seconds, results = [], []
    shared = _Shared()
    with Pool() as pool, closing(ReferenceOracle(loaded, "measure", pool, shared)) as oracle:
        pool.fork(oracle.runs_on(loaded.reference)).close()  # its template is warm
        for submission in submissions:
            began, of_class = cpu_seconds(), shared.seconds
            results.append(grade(submission, oracle))
            spent = cpu_seconds() - began - (shared.seconds - of_class)
            seconds.append(round(spent, 3))
    before, after = _reading(results, {loaded.name: outline(loaded)}), _writing(results, scratch)
    once = {loaded.name: round(shared.seconds, 3)}
    return Costs({loaded.name: seconds}, {loaded.name: before}, {loaded.name: after}, once)


def sample(loaded: LoadedUnit, folder: Path, count: int) -> list[Submission]:
    """`count` submissions of a unit's class, spread over it by name."""
    submissions, _ = find(sorted(folder.glob("*.ipynb")), {loaded.name: outline(loaded)})
    return submissions[:: max(1, len(submissions) // count)][:count]


def _reading(results: Sequence[Result], outlines: dict[str, UnitOutline]) -> float:
    """Mean CPU seconds to read a notebook and to pack it for a worker."""
    began = time.process_time()
    for result in results:
        submissions, _ = find([Path(result.path)], outlines, result.unit)
        json.dumps(asdict(submissions[0]))
    return (time.process_time() - began) / len(results)


def _writing(results: Sequence[Result], folder: Path) -> float:
    """Mean CPU seconds to read a worker's answer and to write record and page, durably."""
    outbox = Outbox(folder)
    outbox.open()
    texts = [record.dumps(result) for result in results]
    outbox.write(results[0])  # templates are read once
    began = time.process_time()
    for text in texts:
        outbox.write(record.loads(text))
    return (time.process_time() - began) / len(texts)


# --------------------------------------------------------------------------------- what happens


@dataclass(frozen=True)
class Setting:
    """A cluster and a deadline.  What is not measured is assumed, and can be given otherwise."""

    submissions: int = 1_000_000
    nodes: int = 32
    slots: int = 16  # a node
    commands: int = 1  # that hand over and write; each has its share of the students
    before_deadline: float = 8 * HOUR  # mean time, of an exponential law cut off at a week
    spread: float = 0.15  # sd of the logarithm of a node's speed
    stragglers: float = 0.01  # share of submissions that take `slowdown` times as long
    slowdown: float = 4.0
    between_failures: float = 1000 * HOUR  # of a node
    repair: float = 0.5 * HOUR
    price: float = 0.05  # of a core for an hour, in whatever currency
    seed: int = 0


@dataclass
class Outcome:
    """What a simulation gives; times in seconds from handing in to the page being there."""

    median: float
    p99: float
    worst: float
    after_deadline: float  # until the last page is there
    busy: dict[str, float]  # share of the last hour before the deadline that each part was busy
    repeated: int  # submissions that were begun again because a node died
    core_seconds: float  # of grading, a submission
    price: float  # of a submission, the machines kept from the first one to the last


class Grading:
    """One simulated deadline."""

    def __init__(self, setting: Setting, costs: Costs) -> None:
        self._setting, self._costs = setting, costs
        self._before = statistics.mean(costs.before.values())
        self._after = statistics.mean(costs.after.values())
        self._random = np.random.default_rng(setting.seed)
        self._world = simpy.Environment()
        self._queue = simpy.Store(self._world)
        self._all_done = self._world.event()
        self._scheduler = simpy.Resource(self._world)
        self._commands = [simpy.Resource(self._world) for _ in range(setting.commands)]
        self._waits: list[float] = []
        self._busy: Counter[str] = Counter()
        self._worked = 0.0
        self._repeated = 0
        week = 7 * 24 * HOUR
        early = self._random.exponential(setting.before_deadline, setting.submissions)
        self._arrivals = np.sort(week - np.minimum(early, week))
        self._deadline = week
        seconds = np.concatenate([np.asarray(each) for each in costs.grading.values()])
        drawn = self._random.choice(seconds, setting.submissions)
        slow = self._random.random(setting.submissions) < setting.stragglers
        self._seconds = drawn * np.where(slow, setting.slowdown, 1.0)

    def run(self) -> Outcome:
        """Plays it to the end of the last submission."""
        setting = self._setting
        for _ in range(setting.nodes):
            self._world.process(self._node(float(np.exp(self._random.normal(0, setting.spread)))))
        done = self._world.process(self._students())
        self._world.run(until=done)
        waits = np.asarray(self._waits)
        end = float(self._world.now)
        kept = setting.nodes * setting.slots * (end - float(self._arrivals[0])) / HOUR
        capacity = {"slots": setting.nodes * setting.slots, "command": setting.commands}
        return Outcome(
            float(np.median(waits)),
            float(np.quantile(waits, 0.99)),
            float(waits.max()),
            end - self._deadline,
            {part: self._busy[part] / HOUR / capacity.get(part, 1) for part in _PARTS},
            self._repeated,
            self._worked / setting.submissions,
            kept * setting.price / setting.submissions,
        )

    def _students(self) -> Iterator[Any]:
        for number, at in enumerate(self._arrivals):
            yield self._world.timeout(at - self._world.now)
            self._world.process(self._submission(number))
        yield self._all_done

    def _submission(self, number: int) -> Iterator[Any]:
        arrived = self._world.now
        command = self._commands[number % len(self._commands)]
        yield from self._use("command", command, self._before)
        yield from self._use("scheduler", self._scheduler, self._costs.dispatch)
        graded = self._world.event()
        yield self._queue.put((float(self._seconds[number]), graded))
        yield graded
        yield from self._use("command", command, self._after)
        self._waits.append(self._world.now - arrived)
        if len(self._waits) == self._setting.submissions:
            self._all_done.succeed()

    def _use(self, part: str, resource: simpy.Resource, seconds: float) -> Iterator[Any]:
        with resource.request() as turn:
            yield turn
            self._count(part, seconds)
            yield self._world.timeout(seconds)

    def _count(self, part: str, seconds: float) -> None:
        """Adds what falls into the last hour before the deadline."""
        now = self._world.now
        begin, end = max(now, self._deadline - HOUR), min(now + seconds, self._deadline)
        self._busy[part] += max(0.0, end - begin)

    def _node(self, slowness: float) -> Iterator[Any]:
        """Its slots work until it dies; after the repair new ones do."""
        while True:
            slots = [self._world.process(self._slot(slowness)) for _ in range(self._setting.slots)]
            yield self._world.timeout(self._random.exponential(self._setting.between_failures))
            for slot in slots:
                slot.interrupt()
            yield self._world.timeout(self._setting.repair)

    def _slot(self, slowness: float) -> Iterator[Any]:
        job, asked = None, None
        try:
            while True:
                asked = self._queue.get()
                job = yield asked
                seconds = job[0] * slowness
                self._count("slots", seconds)
                yield self._world.timeout(seconds)
                self._worked += seconds
                job[1].succeed()
                job = None
        except simpy.Interrupt:
            if job is None and asked is not None and asked.triggered:
                job = asked.value  # it came in the moment of death
            if job is not None:  # another slot begins it anew
                self._repeated += 1
                self._queue.put(job)
            elif asked is not None:
                asked.cancel()


_PARTS = ("slots", "command", "scheduler")


# ---------------------------------------------------------------------------------- what is shown


def show(costs: Costs, outcomes: Sequence[tuple[Setting, Outcome]]) -> None:
    """What a submission costs, and a table with one line a simulation."""
    for unit, seconds in sorted(costs.grading.items()):
        told = f"median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s"
        print(f"{unit:32} {len(seconds):3} submissions, {told}")
    price = outcomes[0][0].price if outcomes else Setting.price
    student = costs.of_a_student
    print(f"a student of these {len(costs.grading)} units: {student:.1f} core-seconds,", end=" ")
    print(f"{student / HOUR * price:.5f} at {price} for a core and hour")
    before, after = (statistics.mean(each.values()) for each in (costs.before, costs.after))
    print(f"the command: {1e3 * before:.1f} ms before, {1e3 * after:.1f} ms after")
    rate = 1 / (before + after)
    print(f"so one command hands over and writes {rate:.0f} submissions a second at most,")
    print(f"and one scheduler sends {1 / costs.dispatch:.0f}\n")
    print(
        "| nodes | commands | median | 99 % within | last page after the deadline "
        "| busy in the last hour: slots, command, scheduler | begun again | price |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for setting, found in outcomes:
        busy = ", ".join(f"{found.busy[part]:.0%}" for part in _PARTS)
        print(
            f"| {setting.nodes} | {setting.commands} | {clock(found.median)} | {clock(found.p99)} "
            f"| {clock(max(found.after_deadline, 0))} | {busy} | {found.repeated} "
            f"| {found.price:.4f} |"
        )


def clock(seconds: float) -> str:
    """A time as people say it."""
    for unit, size in (("h", HOUR), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="what", required=True)
    measuring = commands.add_parser("measure", help="what submissions cost")
    measuring.add_argument("units", nargs="*", metavar="UNIT", help="(default: all)")
    measuring.add_argument("--each", type=int, default=4, help="submissions of a unit")
    measuring.add_argument("--out", type=Path, default=COSTS)
    running = commands.add_parser("run", help="simulate a deadline")
    running.add_argument("--costs", type=Path, default=COSTS)
    running.add_argument("--submissions", type=int, default=1_000_000)
    running.add_argument("--nodes", type=int, nargs="+", default=[8, 16, 32, 64])
    running.add_argument("--commands", type=int, nargs="+", default=[1])
    running.add_argument("--hours", type=float, default=8.0, help="mean time before the deadline")
    running.add_argument("--price", type=float, default=0.05, help="of a core for an hour")
    options = parser.parse_args()
    if options.what == "measure":
        adopt()
        course, costs = Course.find(COURSE), Costs({}, {}, {})
        if options.out.exists():
            costs = Costs.read(options.out)
        for name in options.units or course.unit_names():
            loaded = course.load(name)
            submissions = sample(loaded, CLASSES / name, options.each)
            machine = facts()
            with tempfile.TemporaryDirectory(prefix="simulate-") as scratch:
                found = measure(loaded, submissions, Path(scratch))
            costs = costs.with_unit(replace(found, measured={name: machine}))
            options.out.write_text(json.dumps(asdict(costs), indent=1) + "\n", encoding="utf-8")
            print(name, found.grading[name], flush=True)
        show(costs, [])
        return
    costs = Costs.read(options.costs)
    outcomes = []
    for count in options.commands:
        for nodes in options.nodes:
            setting = Setting(
                options.submissions,
                nodes,
                commands=count,
                before_deadline=options.hours * HOUR,
                price=options.price,
            )
            outcomes.append((setting, Grading(setting, costs).run()))
    show(costs, outcomes)


if __name__ == "__main__":
    main()
