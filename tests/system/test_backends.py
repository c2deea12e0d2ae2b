"""The backends of Keras: which is asked for, what runs on it, and that each gives the same."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.places import ROOT, TINY

from autograder.backends import Backend, BackendError, asked_for
from autograder.batch.regrade import Regraded
from autograder.cli.main import USAGE, main
from autograder.course.course import Course
from autograder.course.exercise import ExerciseError, Unit
from autograder.grading.cache import EvidenceCache
from autograder.grading.fingerprint import versions
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import Result
from autograder.sandbox.bubblewrap import command
from autograder.sandbox.limits import Limits
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, cells_digest
from autograder.wire.observation import Observation
from autograder.wire.program import Program, ProgramCell, runs_on

BACKENDS: tuple[Backend, ...] = ("tensorflow", "jax", "torch")


def test_an_option_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    assert asked_for() == asked_for("") == "tensorflow"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert asked_for() == "jax"
    assert asked_for("torch") == "torch"


@pytest.mark.parametrize("name", ["numpy", "mxnet", "TensorFlow"])
def test_a_backend_that_there_is_not_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", name)
    with pytest.raises(BackendError, match=f"`KERAS_BACKEND` names the backend `{name}`"):
        asked_for()


def test_what_is_not_installed_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    ran = CliRunner().invoke(main, ["grade", str(Path(__file__)), "--backend", "torch"])
    assert ran.exit_code == USAGE
    assert "pip install 'deep-learning-autograder[torch]'" in ran.output


def test_a_program_runs_on_numpy_alone_where_it_needs_no_more() -> None:
    assert runs_on(Program(tuple(enumerate(["import numpy as np"]))), "numpy", "jax") == "numpy"
    assert (
        runs_on(Program(tuple(enumerate(["x = 1", "from keras import ops"]))), "numpy", "jax")
        == "jax"
    )
    assert runs_on(Program(tuple(enumerate(["import numpy as np"]))), "keras", "torch") == "torch"


def test_a_unit_may_insist_on_backends() -> None:
    unit = Unit("01_style", framework="keras", backends=("tensorflow", "torch"))
    assert [unit.backend(name) for name in BACKENDS] == ["tensorflow", "tensorflow", "torch"]
    assert Unit("01_any").backend("jax") == "jax"
    wrong: Any
    for wrong in ((), ("numpy",), ("jax", "mxnet")):
        with pytest.raises(ExerciseError, match="backends is"):
            Unit("01_wrong", backends=wrong).validate()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sandbox_is_told_the_backend_by_the_grader_alone(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "mxnet")
    template = command(backend, "none")
    assert template.environment["KERAS_BACKEND"] == backend
    assert backend in template.words
    assert command("numpy", "none").environment["KERAS_BACKEND"] == "tensorflow"


def test_a_result_names_the_versions_of_its_own_backend() -> None:
    assert {name for name, _ in versions("jax")} <= {name for name, _ in versions()}
    assert not {"tensorflow", "tensorflow-cpu"} & {name for name, _ in versions("jax")}
    assert not {"jax", "torch"} & {name for name, _ in versions("numpy", "tensorflow")}


def test_regrading_tells_what_was_on_another_backend() -> None:
    def result(student: str, backend: Any, status: Any = "graded") -> Result:
        return Result(student, "05_norm", status, 1.0, 1.0, backend=backend)

    before = [result("ada", "tensorflow"), result("bao", "jax"), result("eve", "torch", "fault")]
    after = [result(name, "jax") for name in ("ada", "bao", "eve", "new")]
    assert Regraded(before, after).other_backends == ["05_norm (tensorflow, now jax)"]


# ------------------------------------------------------------------- where a backend is installed

OTHERS = [
    pytest.param(
        name,
        marks=[
            pytest.mark.slow,
            pytest.mark.skipif(
                importlib.util.find_spec(name) is None, reason=f"{name} is not installed"
            ),
        ],
    )
    for name in ("jax", "torch")
]


@pytest.mark.parametrize("backend", OTHERS)
def test_probes_and_borrowed_gradients_do_the_same(backend: Backend) -> None:
    """Their own tests, in a process of that backend with the sandbox's settings."""
    own = {**command(backend, "none").environment, "PYTHONSAFEPATH": ""}
    files = [f"tests/unit/guest/{name}" for name in ("test_probes.py", "test_remote.py")]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "slow", *files],
        env={**os.environ, **own},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout[-5000:]
    assert "skipped" not in ran.stdout


@pytest.fixture(scope="module", params=OTHERS)
def other(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """A pool of another backend than the default."""
    with Pool(limits=Limits(memory_mib=2048), backend=request.param) as pool:
        yield pool


def graded(pool: Pool, **edits: str) -> Result:
    """The result of `02_swish`'s reference with its text edited."""
    loaded = Course(TINY).load("02_swish")
    cells = []
    for number, source in loaded.reference.cells:
        for old, new in edits.items():
            source = source.replace(old, new)
        cells.append(ProgramCell(number, source, False))
    oracle = ReferenceOracle(loaded, "secret", pool, EvidenceCache(None))
    try:
        name = cells_digest(cells)
        return grade(Submission("ada", loaded.name, "ada.ipynb", tuple(cells), (), name), oracle)
    finally:
        oracle.close()


def test_right_and_wrong_answers_get_what_they_get_on_tensorflow(other: Pool) -> None:
    right = graded(other)
    assert (right.status, right.points, right.backend) == (
        "graded",
        right.max_points,
        other.backend,
    )
    assert other.backend in right.versions and "tensorflow" not in right.versions
    wrong = graded(other, sigmoid="tanh")
    assert wrong.status == "graded" and wrong.points < wrong.max_points


SURROUNDINGS = """import keras, numpy as np
from keras import ops
def float64():
    x = ops.convert_to_tensor(np.full((2, 2), 1 / 3))
    results = [x, ops.matmul(x, x), ops.tanh(x), ops.add(x, x), ops.maximum(x, 0), ops.mean(x)]
    return [str(keras.backend.standardize_dtype(result.dtype)) for result in results]
def trained():
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(5, "relu"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    model.fit(x, x[:, :1], epochs=2, batch_size=8, verbose=0)
    return model.predict(x, verbose=0)
def greedy():
    return ops.sum(ops.ones((1024, 1024, 1024)))
"""


def test_children_compute_in_float64_repeat_themselves_and_are_held(other: Pool) -> None:
    program = Program(((1, SURROUNDINGS),))

    def seen(name: str) -> tuple[str, Any]:
        with Observer(other, program) as observer:
            source = f"def o(program):\n    return program.{name}()"
            evidence = observer.observe(Observation(source, {}, 0), 60.0)
            return evidence.status, evidence.value

    assert seen("float64") == ("ok", ["float64"] * 6)
    (status, first), (_, second) = seen("trained"), seen("trained")
    assert status == "ok" and first.tolist() == second.tolist()
    assert seen("greedy")[0] == "memory"
