"""Exercises as a package: a module for each, one observation for several checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring.public_cases import make
from autograder.course.course import Course
from autograder.course.exercise import Exercise, ExerciseError
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import ExerciseResult
from autograder.sandbox.pool import Pool
from autograder.student.public_cases import PublicCases, PublicOracle
from autograder.submissions.submission import Submission, cells_digest
from autograder.wire.program import ProgramCell

UNIT = "01_pair"
FILES = {
    "notebook.py": '''\
# %%
def pair(x):
    """Return the sum and the product of an array's entries."""
    ### BEGIN SOLUTION
    return {"sum": x.sum(), "product": x.prod()}
    ### END SOLUTION
''',
    "exercises/__init__.py": '''\
"""The order of the exercises."""
from autograder import Unit

from . import pair

unit = Unit("01_pair", exercises=[pair.exercise])
''',
    "exercises/cases.py": '''\
"""What several exercises use."""
from autograder import Case


def vectors(rng):
    """Return three vectors without zeros."""
    for size in (2, 3, 5):
        yield Case({"x": rng.uniform(1, 2, size)}, f"{size} entries")
''',
    "exercises/pair.py": '''\
"""Sum and product."""
from autograder import Exercise, close

from .cases import vectors

exercise = Exercise("pair", points=3)


@exercise.observe(
    cases=vectors,
    judge=close(),
    parts={"sum": (1, "`sum` is the sum"), "product": (2, "`product` is the product")},
)
def pair(program, x):
    return program.pair(x)


@exercise.variant("mean")
def averages(x):
    """You average: do not divide
    by the number of entries."""
    return {"sum": x.mean(), "product": x.prod()}


@exercise.equivalent
def by_hand(x):
    total, product = 0.0, 1.0
    for entry in x:
        total, product = total + entry, product * entry
    return {"sum": total, "product": product}
''',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The unit's folder in a course of its own."""
    folder = tmp_path / "course" / "solutions" / UNIT
    (folder / "exercises").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def loaded_from(folder: Path) -> LoadedUnit:
    return Course(folder.parents[1]).load(UNIT)


def graded(loaded: LoadedUnit, pool: Pool, answer: str) -> ExerciseResult:
    cells = (ProgramCell(1, answer, False),)
    submission = Submission("ada", UNIT, "ada.ipynb", cells, (), cells_digest(cells))
    oracle = ReferenceOracle(loaded, "secret", pool, EvidenceCache(None))
    try:
        return grade(submission, oracle).exercises[0]
    finally:
        oracle.close()


def test_a_package_is_a_unit_like_any_other(folder: Path) -> None:
    loaded = loaded_from(folder)
    exercise = loaded.unit.exercises[0]
    assert [(check.name, check.points) for check in exercise.checks] == [
        ("pair_sum", 1),
        ("pair_product", 2),
    ]
    assert [variant.explanation for variant in exercise.variants] == [
        "You average: do not divide by the number of entries."
    ]
    assert [equivalent.name for equivalent in exercise.equivalents] == ["by hand"]


def test_what_a_variant_explains_is_not_in_its_program(folder: Path) -> None:
    loaded = loaded_from(folder)
    exercise = loaded.unit.exercises[0]
    program = loaded.alternative(exercise, exercise.variants[0])
    assert "x.mean()" in program.cells[0][1]
    assert "You average" not in program.cells[0][1]


@pytest.mark.parametrize("name", [name for name in FILES if name != "notebook.py"])
def test_each_file_of_a_package_is_part_of_the_digest(folder: Path, name: str) -> None:
    before = loaded_from(folder).digest
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert loaded_from(folder).digest != before


def test_a_changed_module_is_loaded_anew(folder: Path) -> None:
    loaded_from(folder)
    path = folder / "exercises" / "pair.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"mean")', '"average")'), encoding="utf-8")
    assert loaded_from(folder).unit.exercises[0].variants[0].name == "average"


@pytest.mark.parametrize("broken", ["import nowhere", "def f(:", "1 / 0"])
def test_a_mistake_is_found_in_the_file_where_it_is(folder: Path, broken: str) -> None:
    (folder / "exercises" / "cases.py").write_text(f"# A comment.\n{broken}\n", encoding="utf-8")
    with pytest.raises(ExerciseError, match=r"exercises/cases\.py, line 2: "):
        loaded_from(folder)


def test_a_module_beside_the_package_is_refused(folder: Path) -> None:
    (folder / "exercises.py").write_text("", encoding="utf-8")
    with pytest.raises(ExerciseError, match=r"`exercises.py` and `exercises/`: delete one"):
        loaded_from(folder)


def test_an_exercise_that_is_listed_twice_is_refused(folder: Path) -> None:
    path = folder / "exercises" / "__init__.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[pair.exercise]", "[pair.exercise] * 2"), encoding="utf-8")
    with pytest.raises(ExerciseError, match="declares the exercise `pair` twice"):
        loaded_from(folder)


def test_variants_that_are_declared_wrongly_are_refused() -> None:
    with pytest.raises(ExerciseError, match="its explanation is the docstring"):
        Exercise("f", points=1).variant("A", "Text")(lambda x: x)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("answer", "points", "verdicts"),
    [
        ("{'sum': x.sum(), 'product': x.prod()}", 3, ("passed", "passed")),
        ("{'sum': x.mean(), 'product': x.prod()}", 2, ("failed", "passed")),
        ("{'product': x.prod()}", 2, ("failed", "passed")),
        ("{}", 0, ("failed", "failed")),
        ("(x.sum(), x.prod())", 0, ("failed", "failed")),
        ("x.missing()", 0, ("raised", "raised")),
    ],
)
def test_each_part_is_judged_by_itself(
    folder: Path, pool: Pool, answer: str, points: float, verdicts: tuple[str, ...]
) -> None:
    found = graded(loaded_from(folder), pool, f"def pair(x):\n    return {answer}")
    assert found.points == points
    assert tuple(finding.verdict for finding in found.findings) == verdicts


def test_a_variant_is_recognised_by_its_part(folder: Path, pool: Pool) -> None:
    answer = "def pair(x):\n    return {'sum': x.sum() / len(x), 'product': x.prod()}"
    found = graded(loaded_from(folder), pool, answer)
    assert found.findings[0].explained_by == ("mean",)
    assert found.findings[0].advice == "You average: do not divide by the number of entries."


def test_a_part_that_is_missing_is_named(folder: Path, pool: Pool) -> None:
    found = graded(loaded_from(folder), pool, "def pair(x):\n    return {'product': x.prod()}")
    assert "sum" in found.findings[0].seen + found.findings[0].expected


def test_parts_share_one_run(folder: Path, pool: Pool) -> None:
    """The second case of a run of its own would be the fifth call."""
    answer = (
        "calls = []\n"
        "def pair(x):\n"
        "    calls.append(x)\n"
        "    late = len(calls) > 3\n"
        "    return {'sum': x.sum() + late, 'product': x.prod() + late}"
    )
    assert graded(loaded_from(folder), pool, answer).points == 3


def test_parts_are_in_public_cases(folder: Path) -> None:
    public = PublicCases.read(make(loaded_from(folder)))
    assert public is not None
    exercise = public.unit.exercises[0]
    trial = PublicOracle(public).trial(exercise, exercise.checks[1])
    assert trial.check.judged({"sum": 1, "product": 2}, {}) == {"product": 2}
    assert list(PublicOracle(public).wanted(trial)[0].value) == ["product"]
