"""What every unit of this repository promises."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from rich.console import Console
from rich.progress import Progress
from support.places import ROOT

from autograder.authoring.matrix import Matrix
from autograder.authoring.proof import prove
from autograder.authoring.release import release_unit
from autograder.authoring.rows import SEED
from autograder.course.cases import PUBLIC_SEED
from autograder.course.course import Course
from autograder.course.notebook import clear_solutions, solution_lines
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.sandbox.pool import Pool
from autograder.student.public_cases import PublicCases, suffix

COURSE = Course.find(ROOT)
UNITS = COURSE.unit_names()
# What is the framework's doing and not the unit's is tried with one; `check-course --seeds 200`
# takes its time.
ONE, SEEDS = ["03_optimizers"], 3

each = pytest.mark.parametrize("name", UNITS)
one = pytest.mark.parametrize("name", ONE)


@pytest.fixture(scope="module")
def warm() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


def proof(loaded: LoadedUnit, pool: Pool, seeds: int, cache: Path) -> Matrix:
    """The matrix of `autograder check-course`.

    Its evidence is kept where the sample class is graded by the same seed.
    """
    evidence = EvidenceCache(cache / "autograder" / "evidence", f"{SEED}-0")
    with Progress(console=Console(quiet=True), disable=True) as progress:
        return prove(COURSE, loaded, pool, evidence, seeds, 1, progress)


def notebook_at(path: Path) -> Any:
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def released(name: str) -> Path:
    return COURSE.root / "assignments" / name


@each
@pytest.mark.slow
@pytest.mark.timeout(1800)  # networks are trained
def test_the_unit_holds(name: str, warm: Pool, shared_cache: Path) -> None:
    matrix = proof(COURSE.load(name), warm, 1, shared_cache)
    assert matrix.problems == ()
    assert [row for row in matrix.rows if row.problem] == []
    kinds = {row.kind for row in matrix.rows}
    assert {"reference", "release", "equivalent", "variant"} <= kinds
    for exercise in COURSE.load(name).unit.exercises:
        assert exercise.equivalents, exercise.name
        assert len(exercise.variants) >= 3, exercise.name


@one
@pytest.mark.slow
def test_equivalents_pass_on_many_seeds(name: str, warm: Pool, shared_cache: Path) -> None:
    loaded = COURSE.load(name)
    for exercise in loaded.unit.exercises:
        exercise.variants.clear()
    matrix = proof(loaded, warm, SEEDS, shared_cache)
    assert [row for row in matrix.rows if row.kind == "equivalent" and row.problem] == []


@one
@pytest.mark.slow
def test_release_gives_the_same_bytes_twice(name: str, tmp_path: Path) -> None:
    made = []
    for number in ("first", "second"):
        target = tmp_path / number / "solutions" / name
        shutil.copytree(COURSE.root / "solutions" / name, target, ignore=only_sources)
        course = Course(tmp_path / number)
        written = release_unit(course, course.load(name))
        assert release_unit(course, course.load(name)) == []
        made.append({path.relative_to(course.root): path.read_bytes() for path in written})
    assert len(made[0]) == 3 + len(data_of(COURSE.root / "solutions" / name))
    assert made[0] == made[1]
    notebooks = {path: text for path, text in made[0].items() if path.suffix == ".ipynb"}
    assert {path: (COURSE.root / path).read_bytes() for path in notebooks} == notebooks


def data_of(unit: Path) -> dict[str, bytes]:
    """The public data of a unit, by name."""
    files = [path for path in (unit / "data").rglob("*") if path.is_file()]
    return {str(path.relative_to(unit)): path.read_bytes() for path in files}


def only_sources(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.endswith(".ipynb") or name == "__pycache__"]


@each
def test_what_is_committed_is_current(name: str) -> None:
    assert release_unit(COURSE, COURSE.load(name), write=False) == []


@each
def test_no_line_of_a_solution_is_in_what_students_get(name: str) -> None:
    lines = set(solution_lines(COURSE.load(name).cells))
    assert len(lines) > 10
    text = (released(name) / f"{name}.ipynb").read_text(encoding="utf-8")
    cells = nbformat.reads(text, as_version=4).cells
    assert not lines & {line.strip() for cell in cells for line in cell.source.splitlines()}
    cases = (released(name) / f"{name}{suffix}").read_bytes()
    readable = observations(name)  # in which `m = X.shape[1]` may stand as well
    assert not [line for line in lines if line.encode() in cases and line not in readable]
    assert "SOLUTION" not in text
    assert b"SOLUTION" not in cases


def observations(name: str) -> str:
    """The text of the checks, which students may read."""
    unit = COURSE.load(name).unit
    return "\n".join(check.source for exercise in unit.exercises for check in exercise.checks)


@each
def test_students_get_nothing_but_the_notebook_its_cases_and_its_data(name: str) -> None:
    files = {path.name for path in released(name).iterdir() if not path.name.startswith(".")}
    assert files - {"data"} == {f"{name}.ipynb", f"{name}{suffix}"}
    assert data_of(released(name)) == data_of(COURSE.root / "solutions" / name)


@each
def test_public_cases_are_those_of_the_public_seed_and_no_others(name: str) -> None:
    public = PublicCases.read((released(name) / f"{name}{suffix}").read_bytes())
    assert public is not None
    loaded = COURSE.load(name)
    assert public.sources == loaded.digest
    wanted = {
        (exercise.name, check.name)
        for exercise in loaded.unit.exercises
        for check in exercise.checks
        if check.public
    }
    assert {key[:2] for key in public.cases} == wanted
    assert PUBLIC_SEED.encode() not in (released(name) / f"{name}{suffix}").read_bytes()[:200]


@each
def test_notebooks_carry_no_outputs_and_unique_ids(name: str) -> None:
    for folder in ("assignments", "solutions"):
        path = COURSE.root / folder / name / f"{name}.ipynb"
        cells = notebook_at(path).cells
        assert all(not cell.outputs for cell in cells if cell.cell_type == "code")
        ids = [cell.id for cell in cells]
        assert len(ids) == len(set(ids))
        nbformat.validate(json.loads(path.read_text(encoding="utf-8")))


@each
def test_every_stub_is_python_and_says_what_to_do(name: str) -> None:
    loaded = COURSE.load(name)
    for exercise in loaded.unit.exercises:
        stub = clear_solutions(loaded.solution_cell(exercise.name).source)
        compile(stub, exercise.name, "exec")
        assert '"""' in stub
        assert "raise NotImplementedError()" in stub
