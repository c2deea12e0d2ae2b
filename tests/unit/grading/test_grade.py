"""Grading the tiny course: what is right, what each mistake reads, whose fault is whose."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import CENTER_SUM, Write
from support.places import TINY
from support.programs import hasty, submitted

from autograder.authoring.rows import lookup
from autograder.batch.outbox import Outbox
from autograder.batch.run import grade_class
from autograder.course.course import Course
from autograder.course.exercise import Alternative
from autograder.course.unit import LoadedUnit
from autograder.errors import FaultError
from autograder.grading.cache import EvidenceCache, _entries
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.grading.sensitivity import PERTURBATIONS
from autograder.grading.trial import Trial
from autograder.judging.judge import CORRECT_FORM, Judge
from autograder.judging.judges import exact
from autograder.report import page, terminal
from autograder.results import record
from autograder.results.result import ExerciseResult, Finding, Result
from autograder.sandbox.limits import Limits
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, cells_digest, find, outline
from autograder.wire import codec
from autograder.wire.evidence import Evidence, data_of
from autograder.wire.program import ProgramCell

CENTER_AXIS = "def center(X):\n    return X - X.mean(axis=0, keepdims=True)"
LEARN_RIGHT = """
def middle(X):
    return center(X)

def learn(X, y, steps, rng):
    Z = middle(X)
    w = np.zeros(Z.shape[0])
    for i in rng.integers(Z.shape[1], size=steps):
        if y[i] * np.dot(w, Z[:, i]) <= 0:
            w = w + y[i] * Z[:, i]
    return w
"""
LEARN_SIGN = LEARN_RIGHT.replace("w + y[i]", "w - y[i]")


def varied(loaded: LoadedUnit, exercise: str, alternative: Alternative) -> Submission:
    """A student who made exactly this mistake."""
    owner = next(item for item in loaded.unit.exercises if item.name == exercise)
    program = loaded.alternative(owner, alternative)
    cells = tuple(ProgramCell(number, source, False) for number, source in program.cells)
    return Submission("ada", loaded.name, "ada.ipynb", cells, (), cells_digest(cells))


@contextmanager
def bank_of(
    loaded: LoadedUnit, pool: Pool, folder: Path | None = None, seed: str = "secret"
) -> Iterator[ReferenceOracle]:
    """An oracle that knows only what is kept in `folder`."""
    oracle = ReferenceOracle(loaded, seed, pool, EvidenceCache(folder, "s"))
    yield oracle
    oracle.close()


def forgery(wrong: bytes, right: bytes, name: str, secret: str) -> bytes:
    """Return a file that answers what one program was asked as another one did."""
    entries = zip(_entries(wrong[32:]), _entries(right[32:]), strict=False)
    packed = [codec.pack([key, [data_of(e) for e in found]]) for (key, _), (_, found) in entries]
    content = b"".join(len(one).to_bytes(4, "little") + one for one in packed)
    key = hmac.digest(secret.encode(), b"autograder: mark of evidence", "sha256")
    return hmac.digest(key, name.encode() + b"\0" + content, "sha256") + content


@pytest.mark.parametrize("known", [False, True])
def test_who_can_write_evidence_can_not_write_points(
    lines: LoadedUnit, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """A wrong program is given the right one's answers, which counts for who knows the secret."""
    kept: list[str] = []
    write = EvidenceCache.write

    def noted(cache: EvidenceCache, name: str, found: Any) -> None:
        kept.append(name)
        write(cache, name, found)

    monkeypatch.setattr(EvidenceCache, "write", noted)
    points = []
    for submission in (submitted(lines), submitted(lines, center=CENTER_SUM)):
        with bank_of(lines, pool, tmp_path) as oracle:
            points.append(grade(submission, oracle).points)
    assert points == [5.0, 3.0]
    names = [name for name in kept if len(list(_entries(read_kept(tmp_path, name)[32:]))) > 1]
    right, wrong = (read_kept(tmp_path, name) for name in names)
    (path,) = tmp_path.rglob(f"{names[1]}.evidence")
    path.write_bytes(forgery(wrong, right, names[1], "s" if known else "guess"))
    with bank_of(lines, pool, tmp_path) as oracle:
        again = grade(submitted(lines, center=CENTER_SUM), oracle)
        assert (again.points, oracle.cache.refused) == ((5.0, 0) if known else (3.0, 1))


def read_kept(folder: Path, name: str) -> bytes:
    (path,) = folder.rglob(f"{name}.evidence")
    return path.read_bytes()


def exercise_of(result: Result, name: str) -> ExerciseResult:
    return next(item for item in result.exercises if item.exercise == name)


def finding_of(result: Result, exercise: str, check: str) -> Finding:
    findings = exercise_of(result, exercise).findings
    return next(finding for finding in findings if finding.check == check)


def told(result: Result) -> str:
    """All that a student can read, in every form."""
    return terminal.render(result) + page.student_page(result)


# ---------------------------------------------------------------------------------------- results


def test_the_reference_gets_every_point(oracle: ReferenceOracle) -> None:
    result = grade(submitted(oracle.loaded), oracle)
    assert (result.status, result.points, result.max_points) == ("graded", 5, 5)
    assert {f.verdict for e in result.exercises for f in e.findings} == {"passed"}
    assert [cell.status for cell in result.cells] == ["ok", "ok", "ok", "skipped"]


def test_stubs_get_nothing_and_read_as_not_answered(oracle: ReferenceOracle) -> None:
    result = grade(submitted(oracle.loaded, stubs=True), oracle)
    assert result.points == 0
    assert {f.verdict for e in result.exercises for f in e.findings} == {"stub"}
    assert "not answered yet" in told(result)
    words = {f.seen + f.advice for e in result.exercises for f in e.findings}
    assert words == {"`center` is not answered yet.", "`learn` is not answered yet."}


def test_other_right_code_passes(oracle: ReferenceOracle) -> None:
    result = grade(submitted(oracle.loaded, learn=LEARN_RIGHT), oracle)
    assert result.points == 5
    worst = max(f.deviation or 0.0 for f in exercise_of(result, "center").findings)
    assert worst <= CORRECT_FORM


@pytest.mark.parametrize("exercise", ["center", "learn"])
def test_each_variant_is_explained(oracle: ReferenceOracle, exercise: str) -> None:
    owner = next(item for item in oracle.loaded.unit.exercises if item.name == exercise)
    for variant in owner.variants:
        result = exercise_of(grade(varied(oracle.loaded, exercise, variant), oracle), exercise)
        lost = [finding for finding in result.findings if finding.points < finding.max_points]
        assert result.points < result.max_points
        assert any(variant.name in finding.explained_by for finding in lost), variant.name
        assert any(finding.advice == variant.explanation for finding in lost)


def test_each_equivalent_passes(oracle: ReferenceOracle) -> None:
    for owner in oracle.loaded.unit.exercises:
        for equivalent in owner.equivalents:
            result = grade(varied(oracle.loaded, owner.name, equivalent), oracle)
            assert result.points == 5, equivalent.name


def test_a_mistake_in_other_words_is_recognised(oracle: ReferenceOracle) -> None:
    center = "import functools\ndef center(X):\n    total = functools.reduce(np.add, X.T)\n"
    center += "    return (X.T - total).T"
    finding = finding_of(grade(submitted(oracle.loaded, center=center), oracle), "center", "values")
    assert finding.explained_by == ("sum",)


def test_two_mistakes_fall_back_to_the_relation(oracle: ReferenceOracle) -> None:
    center = "def center(X):\n    X -= X.mean(axis=1, keepdims=True)\n    return -X"
    result = grade(submitted(oracle.loaded, center=center), oracle)
    finding = finding_of(result, "center", "values")
    assert finding.explained_by == ()
    assert "opposite sign" in finding.seen


def test_an_unknown_mistake_falls_back_to_the_first_difference(oracle: ReferenceOracle) -> None:
    center = "def center(X):\n    return np.sin(X)"
    finding = finding_of(grade(submitted(oracle.loaded, center=center), oracle), "center", "values")
    assert finding.verdict == "failed"
    assert "Entry `[0, 0]` is `" in finding.seen
    assert finding.place is not None
    assert (finding.place.cell, finding.place.line) == (2, 1)
    assert finding.case == "shape (3, 5)"


def test_a_symptom_explains_where_values_cannot(oracle: ReferenceOracle) -> None:
    learn = "def learn(X, y, steps, rng):\n    return np.array([0.0, np.nan])"
    finding = finding_of(grade(submitted(oracle.loaded, learn=learn), oracle), "learn", "weights")
    assert finding.verdict == "failed"
    constant = "def learn(X, y, steps, rng):\n    return np.zeros(2)"
    result = grade(submitted(oracle.loaded, learn=constant), oracle)
    finding = finding_of(result, "learn", "unseen_accuracy")
    assert finding.explained_by == ("one_class",)
    assert finding.advice == "Your classifier gives every example the same class."


# ------------------------------------------------------------------------------ one slip costs once


def test_one_slip_costs_once(oracle: ReferenceOracle) -> None:
    result = grade(submitted(oracle.loaded, center=CENTER_AXIS), oracle)
    assert exercise_of(result, "center").points < 2
    assert exercise_of(result, "learn").points == 3
    remarks = finding_of(result, "learn", "weights").remarks
    assert remarks == ("Judged with a right `center`, since yours is not right yet.",)


def test_one_slip_costs_once_from_inside_another_function(oracle: ReferenceOracle) -> None:
    result = grade(submitted(oracle.loaded, center=CENTER_AXIS, learn=LEARN_RIGHT), oracle)
    assert exercise_of(result, "learn").points == 3


def test_one_slip_costs_once_where_it_lets_another_function_hang(lines: LoadedUnit) -> None:
    hangs = "    while np.abs(Z.mean(axis=1)).max() > 1e-6:\n        pass\n    w = np.zeros"
    learn = LEARN_RIGHT.replace("    w = np.zeros", hangs)
    limits = Limits(wall_factor=1, wall_extra=5)
    quick = hasty(lines, 1.0)
    with Pool(limits=limits) as pool, bank_of(quick, pool) as oracle:
        result = grade(submitted(quick, center=CENTER_AXIS, learn=learn), oracle)
    assert exercise_of(result, "center").points < 2
    assert exercise_of(result, "learn").points == 3


def test_a_stub_that_is_used_costs_once(oracle: ReferenceOracle) -> None:
    stub = "def center(X):\n    raise NotImplementedError()"
    result = grade(submitted(oracle.loaded, center=stub, learn=LEARN_RIGHT), oracle)
    assert exercise_of(result, "center").points == 0
    assert exercise_of(result, "learn").points == 3


def test_two_slips_cost_twice_and_the_second_is_explained(oracle: ReferenceOracle) -> None:
    result = grade(submitted(oracle.loaded, center=CENTER_AXIS, learn=LEARN_SIGN), oracle)
    assert exercise_of(result, "learn").points == 0
    assert finding_of(result, "learn", "weights").explained_by == ("sign",)
    assert finding_of(result, "center", "values").explained_by == ("axis",)


def test_what_has_a_form_of_its_own_is_judged_with_it(oracle: ReferenceOracle) -> None:
    """With the reference's function there is only an error, which says nothing of the mistake."""
    center = "def center(X):\n    return {'centred': X - X.mean(axis=1, keepdims=True)}"
    learn = LEARN_SIGN.replace("Z = middle(X)", "Z = middle(X)['centred']")
    result = grade(submitted(oracle.loaded, center=center, learn=learn), oracle)
    finding = finding_of(result, "learn", "weights")
    assert (finding.verdict, finding.explained_by, finding.remarks) == ("failed", ("sign",), ())


def test_a_borrowed_function_is_out_of_sight(oracle: ReferenceOracle) -> None:
    """What the reference's functions answer must not answer the exercise itself."""
    learn = "def learn(X, y, steps, rng):\n    import inspect\n    inspect.getsource(center)\n"
    learn += "    return np.array(center.__closure__[1].cell_contents)"
    result = grade(submitted(oracle.loaded, center=CENTER_AXIS, learn=learn), oracle)
    assert exercise_of(result, "learn").points == 0
    assert "axis=1" not in told(result)


def lending(lines: LoadedUnit, **changes: Any) -> LoadedUnit:
    """The unit with its `learn` declared to borrow otherwise."""
    center, learn, *others = lines.unit.exercises
    exercises = [center, replace(learn, **changes), *others]
    return replace(lines, unit=replace(lines.unit, exercises=exercises))


MEASURES = """def learn(X, y, steps, rng):
    for step in range(1000):
        center(X + 1e-4 * step)
    return np.zeros(3)
"""


def test_a_function_is_lent_for_so_many_calls(oracle: ReferenceOracle) -> None:
    learn = MEASURES.replace("+ 1e-4 * step", "")
    result = grade(submitted(oracle.loaded, center=CENTER_AXIS, learn=learn), oracle)
    finding = finding_of(result, "learn", "weights")
    assert finding.verdict == "raised"
    assert "was lent to your `learn`, for " in finding.seen
    assert "your own may be called as often as you like" in finding.advice
    few = MEASURES.replace("+ 1e-4 * step", "").replace("1000", "30")
    result = grade(submitted(oracle.loaded, center=CENTER_AXIS, learn=few), oracle)
    assert finding_of(result, "learn", "weights").verdict == "failed"


def test_what_is_only_checked_with_answers_recorded_calls(lines: LoadedUnit, pool: Pool) -> None:
    unit = lending(lines, uses=(), checked_with=("center",))
    with bank_of(unit, pool) as oracle:
        right = grade(submitted(unit, center=CENTER_AXIS, learn=LEARN_RIGHT), oracle)
        wrong = grade(submitted(unit, center=CENTER_AXIS, learn=MEASURES), oracle)
    assert exercise_of(right, "learn").points == 3
    finding = finding_of(wrong, "learn", "weights")
    assert finding.verdict == "raised"
    assert "called it with other values, for which it is not lent" in finding.seen
    assert exercise_of(wrong, "learn").points == 0


# ------------------------------------------------------------------------ nothing that is computed


def with_checks(lines: LoadedUnit, **changes: Any) -> LoadedUnit:
    """The unit with its `center` judged otherwise; the checks' points stay."""
    center, *others = lines.unit.exercises
    checks = [replace(check, **changes.get(check.name, {})) for check in center.checks]
    exercises = [replace(center, checks=checks), *others]
    return replace(lines, unit=replace(lines.unit, exercises=exercises))


FLAG = "def values(program, X):\n    return {'same shape': np.shape(program.center(X)) == X.shape}"


def test_what_everybody_knows_earns_nothing_alone(lines: LoadedUnit, pool: Pool) -> None:
    unit = with_checks(lines, values={"source": FLAG, "judge": exact(secret=False)})
    with bank_of(unit, pool) as oracle:
        result = grade(submitted(unit, center="def center(X):\n    return X + 0"), oracle)
    assert [f.verdict for f in exercise_of(result, "center").findings] == ["skipped", "skipped"]
    assert exercise_of(result, "center").points == 0


def test_an_author_may_say_that_a_check_does_not_count_alone(lines: LoadedUnit, pool: Pool) -> None:
    right = "def center(X):\n    return X - X.mean(axis=1, keepdims=True)"
    for alone, points in ((None, 2), (False, 0)):
        unit = with_checks(lines, values={"alone": alone})
        with bank_of(unit, pool) as oracle:
            result = grade(submitted(unit, center=right), oracle)
        assert exercise_of(result, "center").points == points


def test_a_check_that_public_answers_pass_is_found(lines: LoadedUnit, pool: Pool) -> None:
    unit = with_checks(lines, values={"source": FLAG, "judge": exact(secret=True)})
    with bank_of(unit, pool) as oracle, bank_of(unit, pool, seed="public") as public:
        nothing = Alternative("", "", {})
        rows = [lookup(public, oracle, exercise, nothing) for exercise in unit.unit.exercises]
    assert "counts_alone=False" in rows[0].problem
    assert "`values`" in rows[0].problem
    assert rows[1].problem == ""


def test_a_mistake_is_recognised_by_a_part_of_an_observation(lines: LoadedUnit, pool: Pool) -> None:
    """There are fewer known mistakes than cases."""
    part = "def values(program, X):\n    return {'Z': program.center(X), 'n': len(X)}"
    unit = with_checks(lines, values={"source": part, "observation": "values", "part": "Z"})
    center, *others = unit.unit.exercises
    exercises = [replace(center, variants=center.variants[:2]), *others]
    unit = replace(unit, unit=replace(unit.unit, exercises=exercises))
    with bank_of(unit, pool) as oracle:
        result = grade(submitted(unit, center=CENTER_AXIS), oracle)
    assert result.status == "graded"
    assert finding_of(result, "center", "values").explained_by == ("axis",)


@pytest.mark.parametrize("name", ["(a|a|a*)*$", "([", "x" * 10**6, "`<b>`"])
def test_a_missing_name_is_no_expression(oracle: ReferenceOracle, name: str) -> None:
    raising = (
        "from autograder.guest.worker import MissingName\n"
        f"def center(X):\n    raise MissingName({name!r})"
    )
    submission = submitted(oracle.loaded, center=raising)
    cells = [replace(cell, source="a" * 60) if cell.skip else cell for cell in submission.cells]
    began = time.monotonic()
    result = grade(replace(submission, cells=tuple(cells)), oracle)
    assert time.monotonic() - began < 60
    assert finding_of(result, "center", "values").verdict == "missing"
    assert "`center` is not defined" in finding_of(result, "center", "values").seen


# ------------------------------------------------------------------------------------- no secrets


def numbers_of(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers_of(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers_of(item)]
    array = np.asarray(value)
    return array.ravel().tolist() if array.dtype.kind == "f" else []


@pytest.mark.parametrize(
    "answer",
    [
        "def center(X):\n    return np.sin(X)",
        "def center(X):\n    return X.mean(axis=1, keepdims=True) - 2 * X",
        "def center(X):\n    return (X - X.mean(axis=1, keepdims=True)) * 7",
        "def center(X):\n    return (X - X.mean(axis=1, keepdims=True)).T",
        "def center(X):\n    return [1, 2, [3]]",
        "def center(X):\n    return X * np.nan",
        "def center(X):\n    raise ValueError(X)",
        "def center(X):\n    return center",
    ],
)
def test_hidden_values_are_in_no_text(oracle: ReferenceOracle, answer: str) -> None:
    result = grade(submitted(oracle.loaded, center=answer), oracle)
    assert exercise_of(result, "center").points == 0
    owner = oracle.loaded.unit.exercises[0]
    wanted = [want.value for want in oracle.wanted(oracle.trial(owner, owner.checks[0]))]
    said = told(result)
    assert len(wanted) == 3
    for number in numbers_of(wanted):
        if abs(number) > 1e-9:
            assert f"{number:.4g}".rstrip("0") not in said


def test_wanted_values_are_told_for_public_cases_alone(lines: LoadedUnit, pool: Pool) -> None:
    sine = submitted(lines, center="def center(X):\n    return np.sin(X)")
    expected = []
    for seed in ("public", "secret"):
        with bank_of(lines, pool, seed=seed) as oracle:
            expected.append(finding_of(grade(sine, oracle), "center", "values").expected)
    assert float(expected[0].strip("`.")) != 0
    assert expected[1].startswith("Another value")


ORDER = "def values(program, X):\n    return {'order': np.argsort(program.center(X).sum(axis=0))}"


def first(value, inputs):
    return {"first": int(np.ravel(value["order"])[0])}


@pytest.mark.parametrize(
    ("judge", "more", "told"),
    [
        (exact(), {}, False),
        (exact(secret=False), {}, True),  # it counts beside another check
        (exact(secret=False), {"alone": True}, False),  # as of an older course
        (exact(secret=False), {"alone": True, "measure": first}, True),  # nobody can send that
    ],
)
def test_what_counts_alone_is_told_for_public_cases_alone(
    lines: LoadedUnit, pool: Pool, judge: Judge, more: dict[str, Any], told: bool
) -> None:
    unit = with_checks(lines, values={"source": ORDER, "judge": judge} | more)
    answer = "def center(X):\n    return -X"
    with bank_of(unit, pool) as oracle:
        hidden = finding_of(grade(submitted(unit, center=answer), oracle), "center", "values")
    assert hidden.expected.startswith("Another value") != told
    assert ('`check("center")` tries cases like this one' in hidden.expected) != told
    with bank_of(unit, pool, seed="public") as oracle:
        public = finding_of(grade(submitted(unit, center=answer), oracle), "center", "values")
    assert public.verdict == "failed"


def test_seed_labels_and_path_are_not_in_what_students_read(oracle: ReferenceOracle) -> None:
    result = grade(submitted(oracle.loaded, center=CENTER_SUM, learn=LEARN_SIGN), oracle)
    page_text = told(result)
    assert oracle.seed not in page_text
    assert "ada.ipynb" not in page_text


# ------------------------------------------------------------------------------ whose fault it is


def broken(lines: LoadedUnit, **edits: str) -> LoadedUnit:
    """The unit with a reference that fails in one exercise."""
    cells = [
        replace(cell, source=next((new for name, new in edits.items()
                                   if f"def {name}(" in cell.source), cell.source))
        for cell in lines.cells
    ]  # fmt: skip
    return LoadedUnit(lines.unit, tuple(cells), lines.folder)


def test_a_broken_reference_is_a_fault_and_costs_no_one_else(lines: LoadedUnit, pool: Pool) -> None:
    unit = broken(lines, learn="def learn(X, y, steps, rng):\n    return 1 / 0")
    with bank_of(unit, pool) as oracle:
        result = grade(submitted(lines), oracle)
    assert result.status == "fault"
    assert exercise_of(result, "center").points == 2
    weights = finding_of(result, "learn", "weights")
    assert weights.verdict == "fault"
    assert "ZeroDivisionError" in weights.seen
    assert finding_of(result, "learn", "unseen_accuracy").verdict == "passed"  # needs no reference
    assert "grader's failure, not yours" in weights.advice


def test_a_sandbox_that_cannot_start_is_a_fault(
    lines: LoadedUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.sandbox import environment

    monkeypatch.setitem(environment.MODULES, "numpy", ("no_such_module",))
    with Pool() as pool, bank_of(lines, pool) as oracle:
        with pytest.raises(FaultError, match="no_such_module"):
            grade(submitted(lines), oracle)


@pytest.mark.parametrize(
    ("center", "verdict"),
    [
        ("def center(X):\n    while True: pass", "timeout"),
        ("def center(X):\n    return np.zeros((40_000, 40_000)) + 1", "memory"),
        ("def center(X):\n    import os\n    os._exit(0)", "died"),
        ("def center(X):\n    return X / undefined", "raised"),
        ("centre = 1", "missing"),
    ],
)
def test_what_stops_one_exercise_leaves_the_other_its_points(
    lines: LoadedUnit, center: str, verdict: str
) -> None:
    limits = Limits(memory_mib=512, wall_factor=1, wall_extra=5)
    quick = hasty(lines, 1.0)
    with Pool(limits=limits) as pool, bank_of(quick, pool) as oracle:
        result = grade(submitted(quick, center=center), oracle)
    assert result.status == "graded"
    assert exercise_of(result, "center").findings[0].verdict == verdict
    assert exercise_of(result, "center").points == 0
    assert exercise_of(result, "learn").points == 3


def test_no_isolation_is_marked_in_the_result_and_in_what_is_read(lines: LoadedUnit) -> None:
    with Pool("none") as pool, bank_of(lines, pool) as oracle:
        result = grade(submitted(lines), oracle)
    assert (result.isolation, result.points) == ("none", 5)
    assert "without isolation" in told(result)


@pytest.mark.parametrize("seconds", ["float('nan')", "float('inf')", "-1e9"])
def test_forged_seconds_spoil_no_record(oracle: ReferenceOracle, seconds: str) -> None:
    forge = f"import time\ntime.process_time = lambda c=[]: c.append(0) or len(c) % 2 * {seconds}\n"
    result = grade(submitted(oracle.loaded, center=forge + CENTER_SUM), oracle)
    assert record.loads(record.dumps(result)).points == result.points == 3


# --------------------------------------------------------------------------------- again, the same


def without_seconds(result: Result) -> str:
    def quiet(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: quiet(v) for k, v in value.items() if k != "seconds"}
        return [quiet(item) for item in value] if isinstance(value, (list, tuple)) else value

    return json.dumps(quiet(asdict(result)))


@pytest.mark.parametrize("center", [CENTER_SUM, "def center(X):\n    return np.random.rand(3, 5)"])
def test_two_runs_are_the_same_byte_for_byte(lines: LoadedUnit, pool: Pool, center: str) -> None:
    runs = []
    for _ in range(2):
        with bank_of(lines, pool) as oracle:
            runs.append(without_seconds(grade(submitted(lines, center=center), oracle)))
    assert runs[0] == runs[1]


def test_kept_evidence_gives_the_same_result_without_a_process(
    lines: LoadedUnit, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.sandbox import environment

    submission = submitted(lines, center=CENTER_SUM, learn=LEARN_SIGN)
    with bank_of(lines, pool, tmp_path) as oracle:
        first = grade(submission, oracle)
    monkeypatch.setitem(environment.MODULES, "numpy", ("no_such_module",))
    # Code that forks here fails.
    with Pool() as broken_pool, bank_of(lines, broken_pool, tmp_path) as oracle:
        second = grade(submission, oracle)
    assert without_seconds(first) == without_seconds(second)


def test_an_idle_slot_observes_the_reference(
    lines: LoadedUnit, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [(e, c) for e in lines.unit.exercises for c in e.checks]
    with bank_of(lines, pool) as oracle, bank_of(lines, pool) as other:
        asked = iter([False, True])
        oracle.ahead(lambda: next(asked))
        assert list(oracle._wanted) == [(checks[-1][0].name, checks[-1][1].name, 0)]
        oracle.ahead(lambda: False)
        known = [other.wanted(other.trial(*check)) for check in checks]
        with monkeypatch.context() as patched:
            patched.setattr(oracle, "reference", None)  # nothing is asked of it any more
            found = [oracle.wanted(oracle.trial(*check)) for check in checks]
        for ours, wanted in zip(found, known, strict=True):
            assert [repr(w.measured) for w in ours] == [repr(w.measured) for w in wanted]


def test_what_is_graded_elsewhere_needs_no_reference_here(
    lines: LoadedUnit, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ReferenceOracle] = []
    monkeypatch.setattr(ReferenceOracle, "ahead", lambda oracle, _: asked.append(oracle))
    outbox = Outbox(tmp_path)
    with bank_of(lines, pool) as oracle:
        submission = submitted(lines, center=CENTER_SUM)
        for attempt in (lambda submission, oracle: grade(submission, oracle), grade):
            assert asked == []
            ((result, _),) = grade_class(
                [submission], lambda _: oracle, outbox, 4, fresh=True, attempt=attempt
            )
            assert result.status == "graded"
        assert asked == [oracle]


def test_right_answers_need_no_sensitivity_of_the_reference(lines: LoadedUnit, pool: Pool) -> None:
    asked: list[Trial] = []

    class Counting(ReferenceOracle):
        def _ask_reference(self, trial: Trial) -> list[Evidence]:
            asked.append(trial)
            return super()._ask_reference(trial)

    right = CENTER_SUM + " / X.shape[1]"
    for solution, runs in ((right, 1), (CENTER_SUM, 1 + PERTURBATIONS)):
        asked.clear()
        with closing(Counting(lines, "secret", pool, EvidenceCache(None))) as oracle:
            grade(submitted(lines, center=solution), oracle)
        assert len([trial for trial in asked if trial.check.name == "values"]) == runs


def test_a_damaged_cache_is_as_good_as_none(lines: LoadedUnit, pool: Pool, tmp_path: Path) -> None:
    results = []
    for _ in range(2):
        with bank_of(lines, pool, tmp_path) as oracle:
            results.append(without_seconds(grade(submitted(lines, center=CENTER_SUM), oracle)))
        for number, file in enumerate(sorted(tmp_path.rglob("*.evidence"))):
            file.write_bytes([b"", b"\xc1", file.read_bytes()[:-3]][number % 3])
    assert results[0] == results[1]


def test_another_seed_draws_other_cases(lines: LoadedUnit, pool: Pool) -> None:
    owner = lines.unit.exercises[0]
    oracles = [ReferenceOracle(lines, seed, pool, EvidenceCache(None)) for seed in ("a", "b")]
    first, second = (
        oracle.trial(owner, owner.checks[0]).cases[0].inputs["X"] for oracle in oracles
    )
    assert not np.allclose(first, second)


# ---------------------------------------------------------------------------------- from a notebook


def test_a_notebook_is_graded_as_it_was_handed_in(
    oracle: ReferenceOracle, tmp_path: Path, write_notebook: Write
) -> None:
    path = write_notebook(tmp_path / "ada.ipynb", center=CENTER_SUM)
    submissions, problems = find([path], {"01_lines": outline(oracle.loaded)})
    result = grade(submissions[0], oracle)
    assert problems == []
    assert (result.student, result.points) == ("ada", 3)
    assert finding_of(result, "center", "values").explained_by == ("sum",)
    assert record.dumps(record.loads(record.dumps(result))) == record.dumps(result)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gate", "points", "names"),
    [
        ("ops.sigmoid(x)", 2, ()),
        ("1 / (1 + ops.exp(-x))", 2, ()),
        ("ops.stop_gradient(ops.sigmoid(x))", 1, ("stopped",)),
        ("np.asarray(1 / (1 + np.exp(-np.asarray(x))))", 1, ("stopped",)),
    ],
)
def test_gradients_are_judged(pool: Pool, gate: str, points: float, names: tuple[str]) -> None:
    loaded = Course(TINY).load("02_swish")
    answer = f"import numpy as np\ndef swish(x):\n    return x * {gate}"
    with bank_of(loaded, pool) as oracle:
        result = grade(submitted(loaded, swish=answer), oracle)
    assert result.points == points
    assert finding_of(result, "swish", "gradient").explained_by == names


# --------------------------------------------------------------------------------------- bans


def test_what_an_exercise_forbids_earns_nothing_and_is_told(lines: LoadedUnit, pool: Pool) -> None:
    center, *others = lines.unit.exercises
    unit = replace(lines.unit, exercises=[replace(center, forbids=("numpy.mean",)), *others])
    using = "def center(X):\n    average = getattr(np, 'me' + 'an')\n"
    using += "    return X - average(X, axis=1, keepdims=True)"
    with bank_of(replace(lines, unit=unit), pool) as oracle:
        assert grade(submitted(lines), oracle).points == 5
        result = grade(submitted(lines, center=using), oracle)
    assert {f.verdict for f in exercise_of(result, "center").findings} == {"forbidden"}
    assert exercise_of(result, "center").points == 0
    assert exercise_of(result, "learn").points == exercise_of(result, "learn").max_points
    finding = exercise_of(result, "center").findings[0]
    assert finding.seen == "Your code used `numpy.mean`."
    assert finding.place is not None and "average(X" in finding.place.code
    assert "not allowed" in told(result)


def test_a_ban_that_bans_nothing_is_the_graders_fault(lines: LoadedUnit, pool: Pool) -> None:
    center, *others = lines.unit.exercises
    unit = replace(lines.unit, exercises=[replace(center, forbids=("numpy.meen",)), *others])
    with bank_of(replace(lines, unit=unit), pool) as oracle:
        result = grade(submitted(lines), oracle)
    assert result.status == "fault"
    assert "numpy.meen" in exercise_of(result, "center").findings[0].seen
