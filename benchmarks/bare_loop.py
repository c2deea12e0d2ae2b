"""Grades a unit's own programs in one process, without sandbox: the bare loop.

The lower bound that the grader's cost is compared with, and an author's quickest look at kills and
deviations.  Only for programs that are trusted.

    python benchmarks/bare_loop.py 01_two_layer_network [--seed S] [--seeds N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.course.cases import case_seed, draw
from autograder.course.course import Course
from autograder.course.exercise import Alternative, Case, Check, Exercise
from autograder.course.unit import LoadedUnit
from autograder.guest import worker
from autograder.judging.comparison import Wanted
from autograder.wire.codec import pack, unpack
from autograder.wire.evidence import Evidence
from autograder.wire.program import Program

Key = tuple[str, str, int]


def session_for(program: Program, shell: object) -> worker.Session:
    """A session in which the program's cells have run; names of earlier programs are gone."""
    shell.reset(new_session=False)  # type: ignore[attr-defined]
    session = worker.Session(shell)
    for number, source in program.cells:
        failed = session.run_cell(number, source)
        if failed.failure:
            print("   cell", number, failed.failure)
    return session


def observations(
    loaded: LoadedUnit, seed: str, only: Exercise | None = None
) -> Iterator[tuple[Exercise, Check, int, Case]]:
    """Every case of every check, first attempts only."""
    for exercise in loaded.unit.exercises:
        if only is None or exercise is only:
            for check in exercise.checks:
                cases = draw(check, seed, loaded.name, exercise.name)
                for index, case in enumerate(cases):
                    yield exercise, check, index, case


def observe(
    session: worker.Session, loaded: LoadedUnit, seed: str, only: Exercise | None = None
) -> dict[Key, Evidence]:
    """Evidence for every case."""
    found = {}
    for exercise, check, index, case in observations(loaded, seed, only):
        inputs = unpack(pack(dict(case.inputs)))
        number = case_seed(loaded.name, exercise.name, check.drawn_as, index) % 2**32
        found[exercise.name, check.name, index] = session.observe(check.source, inputs, number)
    return found


def judged(
    loaded: LoadedUnit,
    seed: str,
    exercise: Exercise | None,
    got: dict[Key, Evidence],
    reference: dict[Key, Evidence],
) -> dict[str, tuple[float, str]]:
    """Worst deviation of each check, and what was seen there."""
    worst: dict[str, tuple[float, str]] = {}
    for owner, check, index, case in observations(loaded, seed, exercise):
        key = (owner.name, check.name, index)
        evidence, want = got[key], reference[key]
        name = f"{owner.name}.{check.name}"
        if evidence.status != "ok":
            outcome = (float("inf"), f"{evidence.status} {evidence.failure}")
        else:
            wanted = Wanted(check.judged(want.value, case.inputs), None, dict(case.truth))
            result = check.judge(check.judged(evidence.value, case.inputs), wanted)
            seen = result.difference.seen if result.difference else ""
            outcome = (result.deviation if result.passed or result.deviation > 64 else 65.0, seen)
        if name not in worst or outcome[0] > worst[name][0]:
            worst[name] = outcome
    return worst


def show(title: str, worst: dict[str, tuple[float, str]], verbose: bool) -> None:
    """One line a program, one more for each check that it fails."""
    failed = {name: outcome for name, outcome in worst.items() if outcome[0] > 64}
    top = max(deviation for deviation, _ in worst.values())
    passing = max([d for d, _ in worst.values() if d <= 64], default=0.0)
    print(f"{title:40} {'FAILS' if failed else 'passes':7} worst {top:9.3g} passing {passing:6.3g}")
    if verbose:
        for name, (deviation, seen) in failed.items():
            print(f"      {name:45} {deviation:9.3g}  {seen[:110]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("unit")
    parser.add_argument("--seed", default="bare")
    parser.add_argument("--seeds", type=int, default=1, help="reference and equivalents only")
    options = parser.parse_args()
    loaded = Course.find(Path.cwd()).load(options.unit)
    shell = worker.make_shell()
    for number in range(options.seeds):
        seed = f"{options.seed}{number}"
        reference = observe(session_for(loaded.reference, shell), loaded, seed)
        began = time.perf_counter()
        again = observe(session_for(loaded.reference, shell), loaded, seed)
        seconds = time.perf_counter() - began
        show(f"reference ({seconds:.2f} s)", judged(loaded, seed, None, again, reference), True)
        for exercise in loaded.unit.exercises:
            alternatives: list[Alternative] = [*exercise.equivalents]
            alternatives += exercise.variants if options.seeds == 1 else []
            for alternative in alternatives:
                program = loaded.alternative(exercise, alternative)
                got = observe(session_for(program, shell), loaded, seed, exercise)
                kind = "variant" if alternative in exercise.variants else "equivalent"
                show(
                    f"{kind} {exercise.name} {alternative.name}",
                    judged(loaded, seed, exercise, got, reference),
                    True,
                )


if __name__ == "__main__":
    main()
