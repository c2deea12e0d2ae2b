"""Prepared evidence: what a file gives back, and which files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autograder.grading.prepared import Prepared, UnfitError, binding, content_of
from autograder.wire.evidence import Evidence, Failure

SEED = "secret"
BOUND = binding("digest", SEED, "numpy")
A = np.arange(6.0).reshape(2, 3)
FOUND = {
    "a": [Evidence("ok", {"dW": A, "form": "(2, 3)"}, output="noise", seconds=3.0)],
    "b": [Evidence("raised", None, Failure("ValueError", "no"))],
    "c": [Evidence("timeout")],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "unit.prepared"
    path.write_bytes(content_of(FOUND, SEED, BOUND))
    return path


def test_evidence_comes_back_without_what_differs_from_run_to_run(path: Path) -> None:
    prepared = Prepared.read(path, SEED, BOUND)
    found = prepared.get("a")
    assert found is not None
    assert found[0].value["form"] == "(2, 3)"
    np.testing.assert_array_equal(found[0].value["dW"], A)
    assert (found[0].output, found[0].seconds) == ("", 0.0)
    assert prepared.get("b") == FOUND["b"]
    assert prepared.get("unknown") is None


def test_what_the_machine_may_have_caused_is_not_prepared(path: Path) -> None:
    assert Prepared.read(path, SEED, BOUND).get("c") is None


def test_the_same_evidence_gives_the_same_file() -> None:
    again = {key: list(items) for key, items in FOUND.items()}
    assert content_of(again, SEED, BOUND) == content_of(FOUND, SEED, BOUND)


@pytest.mark.parametrize(
    ("seed", "bound", "said"),
    [
        ("other", binding("digest", "other", "numpy"), "made with another seed"),
        (SEED, binding("changed", SEED, "numpy"), "for other sources of the unit:"),
        (SEED, binding("digest", SEED, "jax"), "for other backend:"),
        (SEED, BOUND | {"versions": "numpy 3"}, "for other versions:"),
        (SEED, BOUND | {"versions": "", "backend": ""}, "for other backend and versions:"),
    ],
)
def test_a_file_for_something_else_is_refused(
    path: Path, seed: str, bound: dict[str, str], said: str
) -> None:
    with pytest.raises(UnfitError, match=said) as caught:
        Prepared.read(path, seed, bound)
    assert "`autograder prepare`" in str(caught.value)


def test_a_file_that_somebody_changed_is_refused(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    for index in (0, 40, len(whole) - 1):
        changed = bytearray(whole)
        changed[index] ^= 1
        path.write_bytes(changed)
        with pytest.raises(UnfitError, match="damaged"):
            Prepared.read(path, SEED, BOUND)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnfitError, match="damaged"):
        Prepared.read(path, SEED, BOUND)


def test_an_absent_file_is_no_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Prepared.read(tmp_path / "none", SEED, BOUND)
