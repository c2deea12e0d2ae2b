"""Raw values from the student's process, of which the grader computes what is judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.progress import Progress

from autograder.authoring.problems import problems
from autograder.authoring.proof import prove
from autograder.authoring.public_cases import make
from autograder.course import check as checks
from autograder.course.check import Check, numbers_in
from autograder.course.course import Course
from autograder.course.exercise import Exercise, ExerciseError
from autograder.course.observation_source import measure_source
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.judging.judge import Judge
from autograder.judging.judges import close, exact, unchanged
from autograder.judging.laws import equal_sides
from autograder.judging.statistical import at_most, within
from autograder.results.result import ExerciseResult
from autograder.sandbox.pool import Pool
from autograder.student.public_cases import PublicCases, PublicOracle
from autograder.submissions.submission import Submission, cells_digest
from autograder.wire.program import ProgramCell

UNIT = "01_coins"
FILES = {
    "notebook.py": '''\
# %%
def toss(n, p, rng):
    """Return n coins, each 1 with probability p."""
    ### BEGIN SOLUTION
    return (rng.random(n) < p).astype(int)
    ### END SOLUTION
''',
    "exercises.py": '''\
"""Coins."""
import numpy as np

from autograder import Case, Unit, exact, within

unit = Unit("01_coins")
toss = unit.exercise("toss", points=2)


def many(rng):
    for n in (3000, 5000):
        p = round(float(rng.uniform(0.1, 0.4)), 3)
        truth = {"share of ones": (p, float(np.sqrt(p * (1 - p) / n)))}
        yield Case({"n": n, "p": p, "seed": int(rng.integers(2**31))}, f"p = {p}", truth)


def share(value, inputs):
    coins = np.asarray(value["coins"])
    if coins.shape != (inputs["n"],) or not np.isin(coins, (0, 1)).all():
        return {"coins that are 0 or 1": int(np.isin(coins, (0, 1)).sum())}
    return {"share of ones": coins.mean()}


def kinds(value, inputs):
    return {"sides": str(np.unique(value["coins"]).tolist())}


@toss.check(points=1.5, cases=many, judge=within(), counts_alone=True, measure=share)
def law(program, n, p, seed):
    """Each coin is 1 with probability `p`"""
    return {"coins": program.toss(n, p, np.random.default_rng(seed))}


@toss.check(points=0.5, cases=many, judge=exact(secret=False), measure=kinds)
def sides(program, n, p, seed):
    """Coins are 0 or 1"""
    return {"coins": program.toss(n, p, np.random.default_rng(seed))}


@toss.variant("fair")
def fair(n, p, rng):
    """You toss fair coins: `p` is the probability of a 1."""
    return rng.integers(2, size=n)


@toss.equivalent
def binomial(n, p, rng):
    return rng.binomial(1, p, n)
''',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "solutions" / UNIT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "nbgrader_config.py").write_text("", encoding="utf-8")
    return tmp_path


@pytest.fixture
def coins(folder: Path) -> LoadedUnit:
    return Course(folder).load(UNIT)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


def graded(loaded: LoadedUnit, pool: Pool, answer: str) -> ExerciseResult:
    cells = (ProgramCell(1, answer, False),)
    submission = Submission("ada", UNIT, "ada.ipynb", cells, (), cells_digest(cells))
    oracle = ReferenceOracle(loaded, "secret", pool, EvidenceCache(None))
    try:
        (found,) = grade(submission, oracle).exercises
    finally:
        oracle.close()
    return found


FORGED = """
from autograder.guest import namespace
namespace.ObservedNamespace._outcome = lambda self, source, inputs, *rest: (
    "ok", {value}, None
)
def toss(n, p, rng):
    return None
"""


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        ("def toss(n, p, rng):\n    return [int(rng.random() < p) for _ in range(n)]", 2),
        ("def toss(n, p, rng):\n    return rng.integers(2, size=n)", 0),
        ("def toss(n, p, rng):\n    return rng.random(n)", 0),
        ("def toss(n, p, rng):\n    return 'heads'", 0),
        (FORGED.format(value="{'share of ones': inputs['p'], 'sides': '[0, 1]'}"), 0),
        (FORGED.format(value="{'coins': np.full(inputs['n'], inputs['p'])}"), 0),
        (FORGED.format(value="{'coins': {'a': [[None]]}}"), 0),
        (FORGED.format(value="{'coins': np.zeros(2**21)}"), 0),
    ],
)
def test_the_grader_measures_on_what_comes_back(
    coins: LoadedUnit, pool: Pool, answer: str, points: float
) -> None:
    found = graded(coins, pool, "import numpy as np\n" + answer)
    assert found.points == points
    assert {finding.verdict for finding in found.findings} <= {"passed", "failed", "skipped"}


def test_a_mistake_is_recognised_by_what_is_measured(coins: LoadedUnit, pool: Pool) -> None:
    found = graded(coins, pool, "def toss(n, p, rng):\n    return (rng.random(n) < 0.5) * 1")
    assert found.findings[0].explained_by == ("fair",)
    assert "share of ones" in found.findings[0].seen


def test_a_release_has_what_was_measured_and_how(coins: LoadedUnit) -> None:
    public = PublicCases.read(make(coins))
    assert public is not None
    exercise = public.unit.exercises[0]
    oracle = PublicOracle(public)
    sides = oracle.trial(exercise, exercise.checks[1])
    assert oracle.wanted(sides)[0].value == {"sides": "[0, 1]"}
    assert sides.check.judged({"coins": np.array([1, 1])}, {}) == {"sides": "[1]"}
    fair = oracle.variant(exercise, exercise.variants[0], sides)
    assert fair[0].value == {"sides": "[0, 1]"}
    assert exercise.checks[0].counts_alone and not exercise.checks[1].counts_alone


def test_check_course_proves_it(folder: Path, coins: LoadedUnit, pool: Pool) -> None:
    with Progress(disable=True) as progress:
        matrix = prove(Course(folder), coins, pool, EvidenceCache(None), 1, 1, progress)
    assert [row.problem for row in matrix.rows if row.problem] == []
    (row,) = (row for row in matrix.rows if row.kind == "forged")
    assert (row.points, row.max_points) == (0, 2)


def test_check_course_names_what_can_be_made_up(folder: Path, pool: Pool) -> None:
    path = folder / "solutions" / UNIT / "exercises.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(" or not np.isin(coins, (0, 1)).all()", ""), encoding="utf-8")
    coins = Course(folder).load(UNIT)
    with Progress(disable=True) as progress:
        matrix = prove(Course(folder), coins, pool, EvidenceCache(None), 1, 1, progress)
    (row,) = (row for row in matrix.rows if row.kind == "forged")
    assert row.points == 2
    assert "`law` (all p)" in row.problem  # whose mean is the share that is wanted


def test_check_course_names_an_exercise_that_never_counts(folder: Path, pool: Pool) -> None:
    path = folder / "solutions" / UNIT / "exercises.py"
    text = path.read_text(encoding="utf-8").replace("counts_alone=True, ", "")
    path.write_text(text, encoding="utf-8")
    coins = Course(folder).load(UNIT)
    oracle = ReferenceOracle(coins, "secret", pool, EvidenceCache(None))
    found = list(problems(Course(folder), coins, oracle))
    oracle.close()
    assert any("No check of `toss` counts alone" in problem for problem in found)


# ------------------------------------------------------------------------------- the rule


def plain(value, inputs):
    return value


def number(got: Any) -> float:
    return 0.0


@pytest.mark.parametrize(
    "judge",
    [exact(secret=False), within(), unchanged(), equal_sides("law"), at_most(1, number, "It")],
)
def test_what_can_be_made_up_counts_alone_only_where_it_is_measured(judge: Judge) -> None:
    for measure in (None, plain):
        exercise = Exercise("double", 1)

        def observation(program, x):
            """Claim"""
            return program.double(x)

        exercise.check(
            points=1, cases=lambda rng: (), judge=judge, counts_alone=True, measure=measure
        )(observation)
        if measure is None:
            with pytest.raises(ExerciseError, match="can't count alone"):
                exercise.validate(())
        else:
            exercise.validate(())
            assert exercise.checks[0].counts_alone


def made(measure: Any, part: str = "") -> Check:
    return Check(
        name="c",
        claim="",
        points=1,
        cases=lambda rng: (),
        judge=close(),
        source="",
        measure=measure,
        part=part,
    )


def test_whatever_is_sent_is_measured_or_has_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def ratio(value, inputs):
        return {"ratio": value["a"] / inputs["b"]}

    check = made(ratio)
    assert check.judged({"a": 6.0}, {"b": 2.0}) == {"ratio": 3.0}
    odd: Any
    for odd in (None, "text", {}, [], {"a": "x"}, {"a": {"b": 1}}, {"a": np.zeros(3)}, 1.5):
        found = check.judged(odd, {"b": 2.0})
        assert found == {} or list(found) == ["ratio"]
    assert np.isinf(check.judged({"a": np.float64(1)}, {"b": 0.0})["ratio"])
    monkeypatch.setattr(checks, "MOST_NUMBERS", 10)
    assert check.judged({"a": 6.0, "more": [np.zeros(5)] * 2}, {"b": 2.0}) == {}
    assert numbers_in({"a": 6.0, "more": [np.zeros(5)] * 2}) == 11


def test_a_part_is_measured_by_itself() -> None:
    check = made(lambda value, inputs: {"first": value["a"][0]}, part="a")
    assert check.judged({"a": np.arange(3), "b": 1}, {}) == {"first": 0}


def test_a_measure_sees_numpy_alone() -> None:
    def leaky(value, inputs):
        return FILES

    exercise = Exercise("double", 1)

    def observation(program):
        """Claim"""
        return 1

    exercise.check(points=1, cases=lambda rng: (), judge=close(), measure=leaky)(observation)
    with pytest.raises(ExerciseError, match="FILES"):
        exercise.validate(())
    assert measure_source(plain).startswith("def plain")
