"""Right and wrong models against the thresholds of checks that train: who fails, who passes.

A check that trains draws up to three times and takes the first pass.  The draws are independent, so
a right model that fails a single draw with probability p is failed with p³, and a wrong one that
passes a single draw with probability q is passed with 1 - (1 - q)³.  Both are estimated twice: from
the passes counted (with Clopper and Pearson's upper bound, 95 %), and from what was reached, by
Student's t for one more draw, which sees how far away the threshold is.

    python benchmarks/calibrate.py UNIT --seeds 20 --wrong 5 --csv benchmarks/training.csv
    python benchmarks/training.py

The first measures (it adds to the file), the second prints the tables of docs/training.md and draws
docs/training.svg.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from calibrate import COURSE, Training, trainings, trains
from scipy import stats

from autograder.course.course import Course
from autograder.course.exercise import Check, Exercise
from autograder.judging.statistical import AtMost

TABLE = Path(__file__).with_name("training.csv")
PLOT = COURSE / "docs" / "training.svg"
CALIBRATED = 20  # draws of which a threshold is made
STOPPED = 0.01  # a wrong model that passes less often is one that the check stops
ENDS = (1e-3, 3.0)  # of the plot's axis


@dataclass(frozen=True)
class Form:
    """What one program reached in its trainings, and how many of them the check would pass."""

    name: str
    reached: Sequence[float]
    passes: int
    limit: float
    less_is_better: bool

    @property
    def n(self) -> int:
        return len(self.reached)

    @property
    def mean(self) -> float:
        return float(np.mean(self.reached))

    @property
    def sd(self) -> float:
        with np.errstate(invalid="ignore"):  # inf is what nothing reaches
            return float(np.std(self.reached, ddof=1))

    @property
    def single(self) -> float:
        """The probability that one more draw passes, by Student's t."""
        gap = self.limit - self.mean if self.less_is_better else self.mean - self.limit
        if not np.isfinite(gap) or self.sd == 0:  # nothing came back, or always the same
            return float(gap >= 0)
        return float(stats.t.cdf(gap / (self.sd * np.sqrt(1 + 1 / self.n)), self.n - 1))

    def upper(self, count: int) -> float:
        """The largest probability of what was seen `count` times in these trainings (95 %)."""
        return float(stats.binomtest(count, self.n).proportion_ci(method="exact").high)


def wrongly_failed(p: float) -> float:
    """A right model fails all three draws."""
    return p**3


def wrongly_passed(q: float) -> float:
    """A wrong model passes one of three draws."""
    return 1 - (1 - q) ** 3


@dataclass(frozen=True)
class Study:
    """One check that trains."""

    unit: str
    exercise: Exercise
    check: Check
    forms: dict[str, Form]

    @property
    def right(self) -> list[Form]:
        names = ["reference", *(form.name for form in self.exercise.equivalents)]
        return [self.forms[name] for name in names if name in self.forms]

    @property
    def wrong(self) -> list[Form]:
        names = (form.name for form in self.exercise.variants)
        return [self.forms[name] for name in names if name in self.forms]

    @property
    def less_is_better(self) -> bool:
        return isinstance(self.check.judge, AtMost)

    @property
    def limit(self) -> float:
        judge = self.check.judge
        if isinstance(judge, AtMost):
            return judge.bound
        return float(getattr(judge, "floor", "nan"))


def farthest(found: Sequence[Study]) -> tuple[float, int]:
    """The most errors of a right form, as a share of those allowed, and in how many trainings."""
    shares = [
        value / study.limit if study.less_is_better else (1 - value) / (1 - study.limit)
        for study in found
        for form in study.right
        for value in form.reached
    ]
    return max(shares), len(shares)


def studies(known: Sequence[Training]) -> list[Study]:
    """What is known of each check, in the course's order."""
    course = Course(COURSE)
    found = []
    for unit in course.unit_names():
        for exercise in course.load(unit).unit.exercises:
            for check in filter(trains, exercise.checks):
                own = [
                    row
                    for row in known
                    if (row.unit, row.exercise, row.check) == (unit, exercise.name, check.name)
                ]
                study = Study(unit, exercise, check, {})
                by_form = defaultdict(list)
                for row in own:
                    by_form[row.form].append(row)
                for name, rows in by_form.items():
                    reached, passes = [row.reached for row in rows], sum(r.passed for r in rows)
                    if len(rows) > 1:
                        study.forms[name] = Form(
                            name, reached, passes, study.limit, study.less_is_better
                        )
                found.append(study)
    return found


def rate(value: float) -> str:
    """A probability as people read it."""
    return f"{value:.2g}" if value >= 1e-3 else f"{value:.0e}" if value >= 1e-9 else "0"


def right_row(study: Study, form: Form) -> str:
    worst, two = (max(form.reached), 2) if form.less_is_better else (min(form.reached), -2)
    failed = form.n - form.passes
    return (
        f"| {study.unit[:2]} `{study.check.name}` | {form.name} | {form.n} | {form.mean:.4f} | "
        f"{form.sd:.4f} | {worst:.4f} | {form.mean + two * form.sd:.4f} | {study.limit:g} | "
        f"{failed} | {rate(wrongly_failed(1 - form.single))} | "
        f"{rate(wrongly_failed(form.upper(failed)))} |"
    )


def seen(form: Form) -> str:
    """What the check makes of a wrong model: `stopped`, `unsure` or `not seen`."""
    if form.passes == form.n:
        return "not seen"
    if form.passes == 0 and wrongly_passed(form.single) < STOPPED:
        return "stopped"
    return "unsure"


def wrong_row(study: Study) -> str:
    """Names of wrong models by what the check makes of them."""
    cells = []
    for kind in ("stopped", "unsure", "not seen"):
        names = [
            f"{form.name} ({form.passes} of {form.n}, {rate(wrongly_passed(form.single))})"
            if kind == "unsure"
            else form.name
            for form in study.wrong
            if seen(form) == kind
        ]
        cells.append(", ".join(names))
    stopped = [form for form in study.wrong if seen(form) == "stopped"]
    if stopped:
        most = rate(max(wrongly_passed(form.single) for form in stopped))
        cells[0] += f" (0 of {sum(form.n for form in stopped)} draws; each at most {most})"
    counts = sorted({form.n for form in study.wrong})
    n = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else "".join(map(str, counts))
    return f"| {study.unit[:2]} `{study.check.name}` | {n} | {' | '.join(cells)} |"


def model_row(study: Study, form: Form) -> str:
    return (
        f"| {study.unit[:2]} `{study.check.name}` | {form.name} | {form.n} | "
        f"{form.mean:.3f} | {form.sd:.3f} | {form.passes} | "
        f"{rate(wrongly_passed(form.single))} | {rate(wrongly_passed(form.upper(form.passes)))} |"
    )


def draw(found: Sequence[Study]) -> None:
    """Each check's trainings as dots: how far from perfect, on a logarithmic axis."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    # The same file from the same numbers, its text as text.
    mpl.rcParams.update({"svg.hashsalt": "training", "svg.fonttype": "none"})
    rng = np.random.default_rng(0)
    figure, panel = plt.subplots(figsize=(9, 0.62 * len(found) + 1), layout="constrained")
    kinds = (
        ("#0072b2", "the reference", lambda study: study.right[:1], -0.25),
        ("#56b4e9", "other right forms", lambda study: study.right[1:], 0.0),
        ("#d55e00", "known mistakes", lambda study: study.wrong, 0.25),
    )
    for colour, label, forms, shift in kinds:
        x, y = [], []
        for place, study in enumerate(found):
            reached = np.array([v for form in forms(study) for v in form.reached])
            left = reached if study.less_is_better else 1 - reached
            x += list(np.clip(left, *ENDS))
            y += list(place + shift + rng.uniform(-0.09, 0.09, len(left)))
        panel.scatter(x, y, s=4, color=colour, label=label, linewidths=0)
    for place, study in enumerate(found):
        limit = study.limit if study.less_is_better else 1 - study.limit
        panel.plot([limit, limit], [place - 0.42, place + 0.42], color="0.2", linewidth=1.5)
    names = [f"{study.unit[:2]} {study.check.name}" for study in found]
    panel.set_yticks(range(len(found)), names)
    panel.set(ylim=(len(found) - 0.5, -0.5), xscale="log", xlim=(ENDS[0] / 1.3, ENDS[1] * 1.3))
    panel.set_xlabel("share of unseen examples that are wrong (11: of the cost that is left)")
    figure.legend(loc="outside upper center", ncols=3, markerscale=3)
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> None:
    found = studies(trainings(TABLE))
    print(
        "| check | right form | n | mean | sd | worst | mean, 2 sd off | limit | fail one draw "
        "| wrongly failed, by t | at most |"
    )
    print("|---" * 11 + "|")
    for study in found:
        for form in study.right[:1] + [one for one in study.right[1:] if one.n >= CALIBRATED]:
            print(right_row(study, form))
    print("\n| check | draws of each | stopped | unsure | not seen |\n" + "|---" * 5 + "|")
    for study in found:
        print(wrong_row(study))
    print("\n| check | wrong model | n | mean | sd | passes | passed by t | at most |")
    print("|---" * 8 + "|")
    for study in found:
        for form in study.wrong:
            print(model_row(study, form))
    share, count = farthest(found)
    print(f"\nThe worst of {count} trainings of right forms: {share:.2f} times the errors allowed.")
    draw(found)


if __name__ == "__main__":
    main()
