"""Measures grading on GPUs against the CPU: points, noise, throughput by slots on a GPU.

    python benchmarks/gpu.py [UNIT ...] [--each N] [--slots N ...] [--device gpu|cpu]
                             [--backend jax|torch] [--json FILE]

points      each submission on both; they must not differ
noise       every check's reference on the GPU against what is wanted, in units of the judge (64
            passes), for each kind of judge: what would happen if all checks ran there
throughput  the same submissions at once, `--slots` of them on each GPU

`--device cpu` puts the CPU in the GPU's place: a trial of this script where there is no GPU.
`--backend` is for both; without TensorFlow the other two do, where units need it not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from machine import facts
from simulate import CLASSES, COURSE, sample

from autograder.backends import DEFAULT, Backend
from autograder.backends import asked_for as asked_for_backend
from autograder.batch.outbox import Outbox
from autograder.batch.run import grade_class
from autograder.course.course import Course
from autograder.course.unit import LoadedUnit
from autograder.errors import FaultError
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.judging.comparison import PASS
from autograder.results.result import Result
from autograder.sandbox.gpu import Device, Gpus, asked_for
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission

UNITS = ["01_two_layer_network", "06_convolution_lenet_alexnet", "09_yolo", "12_gru_lstm"]
SEED = "benchmark"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="*", default=UNITS, metavar="UNIT")
    parser.add_argument("--each", type=int, default=8, help="submissions of a unit")
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 2, 4, 8], help="on each GPU")
    parser.add_argument("--device", choices=["gpu", "cpu"], default="gpu")
    parser.add_argument("--backend", type=asked_for_backend, default=DEFAULT)
    parser.add_argument("--json", type=Path, help="write all numbers here")
    options = parser.parse_args()
    on = Place(options.device, options.backend)
    course, machine, gpus = Course.find(COURSE), facts(), on.gpus(1)
    machine["backend"] = on.backend
    machine["gpus"] = ", ".join(gpus.names) if gpus else "none: a trial of the script"
    print("  ".join(f"{name} {value}" for name, value in machine.items()), "\n")
    found: dict[str, Any] = {"machine": machine, "units": {}}
    for name in options.units:
        loaded = course.load(name)
        submissions = sample(loaded, CLASSES / name, options.each)
        cache = EvidenceCache(None)  # of the unit's own programs, on the CPU
        here: dict[str, Any] = {}
        found["units"][name] = here
        here["points"] = points(loaded, submissions, on, cache)
        same = sum(cpu == gpu for cpu, gpu in here["points"].values())
        print(f"{name}: {same} of {len(submissions)} have the same points on both")
        here["noise"] = noise(loaded, on, cache)
        for kind, (count, worst, failed) in here["noise"].items():
            print(f"    {kind}: {count} cases, worst {worst:.3g}, {failed} over {PASS:g}")
        here["throughput"] = {}
        for slots in options.slots:
            rate = throughput(loaded, submissions, on, slots)
            here["throughput"][slots] = rate
            print(f"    {slots} slots: {rate:.2f} submissions a minute", flush=True)
        if options.json is not None:  # as far as it has come
            options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Place:
    """What computes."""

    device: Device
    backend: Backend

    def gpus(self, slots: int) -> Gpus | None:
        return asked_for(self.device, slots)


@contextmanager
def opened(
    loaded: LoadedUnit, backend: Backend, gpus: Gpus | None, cache: EvidenceCache | None = None
) -> Iterator[ReferenceOracle]:
    with (
        Pool(backend=backend, gpus=gpus) as pool,
        closing(ReferenceOracle(loaded, SEED, pool, cache or EvidenceCache(None))) as oracle,
    ):
        yield oracle


def graded(
    oracle: ReferenceOracle, submissions: Sequence[Submission], slots: int
) -> tuple[list[Result], float]:
    """Results by name, and the seconds from the first to the last one."""
    with tempfile.TemporaryDirectory(prefix="gpu-") as folder:
        outbox = Outbox(Path(folder))
        outbox.open()
        began = time.perf_counter()
        results = [
            one for one, _ in grade_class(submissions, lambda _: oracle, outbox, slots, True)
        ]
        seconds = time.perf_counter() - began
    return sorted(results, key=lambda result: result.student), seconds


def points(
    loaded: LoadedUnit, submissions: Sequence[Submission], on: Place, cache: EvidenceCache
) -> dict[str, list[dict[str, float]]]:
    """Points by exercise for each student, on the CPU and on the device."""
    found: dict[str, list[dict[str, float]]] = {}
    for gpus in (None, on.gpus(1)):
        # What a submission gave on one of them is kept under that one's name.
        with opened(loaded, on.backend, gpus, cache) as oracle:
            for result in graded(oracle, submissions, 1)[0]:
                if result.status == "fault":
                    print(f"    {result.student}: {result.problem or 'a fault in some checks'}")
                by_exercise = {each.exercise: each.points for each in result.exercises}
                found.setdefault(result.student, []).append(by_exercise)
    return found


def noise(loaded: LoadedUnit, on: Place, cache: EvidenceCache) -> dict[str, tuple[int, float, int]]:
    """For each kind of judge: cases, the worst deviation, and how many are over the limit."""
    deviations: dict[str, list[float]] = {}
    gpus = on.gpus(1)
    with opened(loaded, on.backend, gpus, cache) as oracle, ExitStack() as stack:
        share = stack.enter_context(gpus.share()) if gpus else None
        observer = stack.enter_context(oracle.observer(loaded.reference, share=share))
        for exercise in loaded.unit.exercises:
            for check in exercise.checks:
                trial = oracle.trial(exercise, check)
                try:
                    wanted_values = oracle.wanted(trial)
                except FaultError as error:  # it needs TensorFlow, say, which is not there
                    print(f"    left out: {error}")
                    continue
                dtype = check.judge.dtype
                kind = f"{type(check.judge).__name__} {dtype}".strip()
                for observation, wanted in zip(trial.observations, wanted_values, strict=True):
                    seconds = check.seconds * observer.patience
                    got = observer.observe(replace(observation, trains=True), seconds)
                    value = 1e9
                    if got.status == "ok":
                        value = check.judge(
                            check.judged(got.value, observation.inputs), wanted
                        ).deviation
                    deviations.setdefault(kind, []).append(float(value))
    return {
        kind: (len(values), max(values), sum(value > PASS for value in values))
        for kind, values in sorted(deviations.items())
    }


def throughput(
    loaded: LoadedUnit, submissions: Sequence[Submission], on: Place, slots: int
) -> float:
    """Submissions a minute, the reference's evidence and the template being there already."""
    gpus = on.gpus(slots)
    at_once = gpus.slots if gpus else slots
    with opened(loaded, on.backend, gpus) as oracle:
        graded(oracle, [_another(submission, "first") for submission in submissions], at_once)
        _, seconds = graded(oracle, submissions, at_once)
    return 60 * len(submissions) / seconds


def _another(submission: Submission, word: str) -> Submission:
    """The same in another program, of which nothing is kept."""
    first, *rest = submission.cells
    changed = replace(first, source=f"{first.source}\n# {word}")
    return replace(submission, cells=(changed, *rest))


if __name__ == "__main__":
    main()
