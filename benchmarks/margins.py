"""How far each check's right forms stay below its limit, and its known mistakes above.

A deviation is in units of the judge, of which 64 pass.  The *noise* of a check is the largest
deviation of the reference and the equivalents of its exercise, the *gap* the smallest of a variant
that it fails, both over the same seeds and cases as in `check-course`, whose evidence is used where
it is kept.  A margin is 64 / noise, or gap / 64.  Checks that train have a study of their own
(training.py).

    python benchmarks/margins.py measure [UNIT ...] [--seeds 3]
    python benchmarks/margins.py report
    python benchmarks/margins.py draws [UNIT ...] [--seeds 6]

`measure` replaces the rows of these units in margins.csv; `report` prints the tables of
docs/tolerances.md and draws docs/tolerances.svg from it.  `draws` lists the known mistakes that a
check tells in some draws of its cases only, and those that keep full points in some draw.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from scipy import stats

from autograder.authoring.rows import SEED
from autograder.course.course import Course
from autograder.course.exercise import Alternative, Check, Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import evidence_cache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.grading.trial import Trial
from autograder.judging.comparison import PASS
from autograder.judging.judges import Close, Exact, Unchanged
from autograder.judging.laws import EqualSides
from autograder.judging.statistical import STANDARD_ERRORS, AtMost, Within
from autograder.sandbox.pool import Pool
from autograder.wire.evidence import Evidence

COURSE = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("margins.csv")
PLOT = COURSE / "docs" / "tolerances.svg"
ENOUGH = 10.0  # a margin under it is mended, or declared
LEAST, MOST = 1e-6, 1e10  # the ends of the plot's axis
CLASSES = (
    "float64",
    "float32",
    "law, float64",
    "law, float32",
    "law, its own",
    "exact",
    "statistical",
    "bound",
)


@dataclass(frozen=True)
class Margin:
    """One check over some seeds.

    `gap` is inf where every variant that fails gives another form than the reference; no `variant`
    is named where none fails.  `near` is the largest deviation of a variant that passes.
    """

    unit: str
    exercise: str
    check: str
    tolerance: str
    seeds: int
    noise: float
    form: str
    gap: float
    variant: str
    near: float
    passing: str

    @property
    def below(self) -> float:
        return PASS / self.noise if self.noise else float("inf")

    @property
    def above(self) -> float:
        return self.gap / PASS

    @property
    def is_small(self) -> bool:
        """A margin is under 10, or a variant passes that is neither right nor clearly wrong."""
        unclear = self.tolerance != "bound" and self.near > max(PASS / ENOUGH, self.noise)
        return self.below < ENOUGH or self.above < ENOUGH or unclear


def tolerance(check: Check) -> str:
    """The class of a check's tolerance."""
    judge: Any = check.judge
    match judge:
        case Close():
            return str(judge.dtype)
        case EqualSides(rtol=None):
            return f"law, {judge.dtype}"
        case EqualSides():
            return "law, its own"
        case Exact() | Unchanged():
            return "exact"
        case Within():
            return "statistical"
        case AtMost():
            return "bound"
    raise ValueError(f"{check.name}: no class for {judge}.")


def compared(oracle: ReferenceOracle, trial: Trial, found: list[Evidence]) -> tuple[float, bool]:
    """The largest deviation over the cases, inf where nothing can be compared; whether all pass."""
    judge = trial.check.judge
    results = [
        judge(item.value, wanted) if item.status == "ok" else None
        for item, wanted in zip(found, oracle.wanted(trial), strict=True)
    ]
    worst = max(float("inf") if result is None else result.deviation for result in results)
    return worst, all(result is not None and result.passed for result in results)


def untrained(exercise: Exercise) -> list[Check]:
    """The checks that don't train; first those without a reference, whose programs answer all."""
    checks = [check for check in exercise.checks if check.tries == 1]
    return sorted(checks, key=lambda check: check.judge.recognises_variants)


def margins(oracles: list[ReferenceOracle], exercise: Exercise) -> Iterator[Margin]:
    """The margins of one exercise over the seeds of the oracles."""
    for check in untrained(exercise):
        right: list[tuple[float, str]] = []
        wrong: list[tuple[float, str]] = []
        passing: list[tuple[float, str]] = []
        for oracle in oracles:
            trial = oracle.trial(exercise, check)
            right.append((compared(oracle, trial, oracle.reference(trial))[0], "reference"))
            for form in exercise.equivalents:
                found = oracle.of(oracle.program(exercise, form), trial)
                right.append((compared(oracle, trial, found)[0], form.name))
            for variant in exercise.variants:
                found = oracle.of(oracle.program(exercise, variant), trial)
                deviation, passed = compared(oracle, trial, found)
                (passing if passed else wrong).append((deviation, variant.name))
        yield Margin(
            oracles[0].loaded.name,
            exercise.name,
            check.name,
            tolerance(check),
            len(oracles),
            *max(right),
            *min(wrong, default=(float("inf"), "")),
            *max(passing, default=(0.0, "")),
        )


def told(
    oracles: list[ReferenceOracle], exercise: Exercise, variant: Alternative
) -> dict[str, list[bool]]:
    """By check, whether it tells a variant, for the draws of each oracle."""
    found: dict[str, list[bool]] = {}
    for check in untrained(exercise):
        for oracle in oracles:
            trial = oracle.trial(exercise, check)
            evidence = oracle.of(oracle.program(exercise, variant), trial)
            found.setdefault(check.name, []).append(not compared(oracle, trial, evidence)[1])
    return found


@contextmanager
def banks_of(loaded: LoadedUnit, seeds: int) -> Iterator[list[ReferenceOracle]]:
    """An oracle for each seed of `check-course`, with the evidence that is kept."""
    cache = evidence_cache(True, "margins")
    with Pool() as pool, ExitStack() as open_banks:
        yield [
            open_banks.enter_context(
                closing(ReferenceOracle(loaded, f"{SEED}-{index}", pool, cache))
            )
            for index in range(seeds)
        ]


def draws(course: Course, units: list[str], seeds: int) -> None:
    """Prints what depends on the draw."""
    for name in units or course.unit_names():
        loaded = course.load(name)
        with banks_of(loaded, seeds) as oracles:
            for exercise in loaded.unit.exercises:
                for variant in exercise.variants:
                    found = told(oracles, exercise, variant)
                    for check, by_draw in found.items():
                        if 0 < sum(by_draw) < seeds:
                            print(f"| {name[:2]} `{check}` | {variant.name} | {sum(by_draw)} |")
                    if not all(map(any, zip(*found.values(), strict=True))):
                        print(f"| {name[:2]} `{exercise.name}` | {variant.name} | **unseen** |")
        print(f"{name}: done", flush=True)


def measure(course: Course, units: list[str], seeds: int, table: Path) -> None:
    """Replaces the rows of these units in a file of margins."""
    for name in units or course.unit_names():
        loaded = course.load(name)
        with banks_of(loaded, seeds) as oracles:
            found = [row for each in loaded.unit.exercises for row in margins(oracles, each)]
        write(table, [row for row in read(table) if row.unit != name] + found)
        print(f"{name}: {len(found)} checks", flush=True)


def write(table: Path, known: list[Margin]) -> None:
    with table.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Margin))
        for row in sorted(known, key=lambda row: row.unit):
            writer.writerow(
                f"{item:.3g}" if isinstance(item, float) else item for item in astuple(row)
            )


def read(table: Path) -> list[Margin]:
    """What a file of margins holds; nothing where there is none."""
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return [Margin(**row | _numbers(row)) for row in csv.DictReader(file)]


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    reals = {name: float(row[name]) for name in ("noise", "gap", "near")}
    return reals | {"seeds": int(row["seeds"])}


def shown(value: float, name: str) -> str:
    """A deviation with the program that gives it."""
    if not name:
        return "none"
    if value in (0.0, float("inf")):
        return "0" if value == 0 else "another form"
    return f"{value:.3g} (`{name}`)"


def report(known: list[Margin]) -> None:
    """The tables by class and of what has too small a margin, and the plot."""
    print(
        "| class | checks | largest noise | margins below 10 | smallest gap | margins below 10 "
        "| no known mistake fails |\n" + "|---" * 7 + "|"
    )
    for kind in CLASSES:
        rows = [row for row in known if row.tolerance == kind]
        if not rows:
            continue
        loud, weak = max(rows, key=lambda row: row.noise), min(rows, key=lambda row: row.gap)
        print(
            f"| {kind} | {len(rows)} | {shown(loud.noise, loud.check)} | "
            f"{sum(row.below < ENOUGH for row in rows)} | {shown(weak.gap, weak.check)} | "
            f"{sum(row.above < ENOUGH for row in rows)} | {sum(not row.variant for row in rows)} |"
        )
    print("\n| check | class | noise | gap | passing variant |\n|---|---|---|---|---|")
    for row in known:
        if row.tolerance != "statistical" and row.is_small:
            print(
                f"| {row.unit[:2]} `{row.check}` | {row.tolerance} | {shown(row.noise, row.form)} "
                f"| {shown(row.gap, row.variant)} | {shown(row.near, row.passing)} |"
            )
    print("\nIn standard errors, of which five pass:\n")
    print("| check | noise | gap | passes by chance |\n|---|---|---|---|")
    for row in known:
        if row.tolerance == "statistical":
            noise, gap = (STANDARD_ERRORS * each / PASS for each in (row.noise, row.gap))
            chance = stats.norm.sf(gap - STANDARD_ERRORS)
            print(
                f"| {row.unit[:2]} `{row.check}` | {noise:.1f} | {gap:.1f} (`{row.variant}`) "
                f"| {f'{chance:.0e}' if chance > 1e-99 else '0'} |"
            )
    draw(known)


def draw(known: list[Margin]) -> None:
    """Every check as a line of its class: noise, gap, and the limit between them."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    # The same file from the same numbers, its text as text.
    mpl.rcParams.update({"svg.hashsalt": "margins", "svg.fonttype": "none"})
    shares = [max(sum(row.tolerance == kind for row in known), 8) for kind in CLASSES]
    figure, panels = plt.subplots(
        len(CLASSES), sharex=True, figsize=(9, 11), height_ratios=shares, layout="constrained"
    )
    for kind, panel in zip(CLASSES, panels, strict=True):
        rows = sorted(
            (row for row in known if row.tolerance == kind), key=lambda row: (row.gap, row.noise)
        )
        places = range(len(rows))
        noise = [max(row.noise, LEAST) for row in rows]
        gaps = [min(row.gap, MOST) for row in rows]
        panel.axvspan(PASS / ENOUGH, PASS * ENOUGH, color="0.93")
        panel.axvline(PASS, color="0.4", linewidth=1)
        panel.scatter(noise, places, s=7, color="#0072b2", label="noise: the worst right form")
        panel.scatter(gaps, places, s=7, color="#d55e00", label="gap: the weakest known mistake")
        panel.set(yticks=[], ylim=(-1, len(rows)), xscale="log", xlim=(LEAST / 3, MOST * 3))
        panel.set_ylabel(f"{kind} ({len(rows)})", rotation=0, ha="right", va="center")
    panels[-1].set_xticks(
        [LEAST, 1e-4, 1e-2, 1, PASS, 1e4, 1e6, 1e8, MOST],
        ["0", "1e-4", "0.01", "1", "64", "1e4", "1e6", "1e8", "more, or\nanother form"],
    )
    panels[-1].set_xlabel("deviation in units of the judge; 64 pass (grey: a margin under 10)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("units", nargs="*", metavar="UNIT")
    measuring.add_argument("--seeds", type=int, default=3)
    commands.add_parser("report")
    drawing = commands.add_parser("draws")
    drawing.add_argument("units", nargs="*", metavar="UNIT")
    drawing.add_argument("--seeds", type=int, default=6)
    options = parser.parse_args()
    if options.command == "measure":
        measure(Course(COURSE), options.units, options.seeds, TABLE)
    elif options.command == "draws":
        draws(Course(COURSE), options.units, options.seeds)
    else:
        report(read(TABLE))


if __name__ == "__main__":
    main()
