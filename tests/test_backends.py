"""The backends of Keras: which is asked for, what runs on it, and that each gives the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.backends import BackendError, asked_for, runs_on
from autograder.cache import versions
from autograder.cli import USAGE, main
from autograder.exercise import ExerciseError, Unit
from autograder.sandbox.bubblewrap import command

BACKENDS = ("tensorflow", "jax", "torch")


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
    assert "pip install 'autograder[torch]'" in ran.output


def test_a_program_runs_on_numpy_alone_where_it_needs_no_more() -> None:
    assert runs_on(["import numpy as np"], "numpy", "jax") == "numpy"
    assert runs_on(["x = 1", "from keras import ops"], "numpy", "jax") == "jax"
    assert runs_on(["import numpy as np"], "keras", "torch") == "torch"


def test_a_unit_may_insist_on_backends() -> None:
    unit = Unit("01_style", framework="keras", backends=("tensorflow", "torch"))
    assert [unit.backend(name) for name in BACKENDS] == ["tensorflow", "tensorflow", "torch"]
    assert Unit("01_any").backend("jax") == "jax"
    for wrong in ((), ("numpy",), ("jax", "mxnet")):
        with pytest.raises(ExerciseError, match="backends is"):
            Unit("01_wrong", backends=wrong).validate()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sandbox_is_told_the_backend_by_the_grader_alone(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "mxnet")
    words = command(backend, "none")
    assert f"KERAS_BACKEND={backend}" in words
    assert backend in words
    assert "KERAS_BACKEND=tensorflow" in command("numpy", "none")


def test_a_result_names_the_versions_of_its_own_backend() -> None:
    assert {name for name, _ in versions("jax")} <= {name for name, _ in versions()}
    assert not {"tensorflow", "tensorflow-cpu"} & {name for name, _ in versions("jax")}
    assert not {"jax", "torch"} & {name for name, _ in versions("numpy", "tensorflow")}
