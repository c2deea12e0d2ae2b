"""What evidence depends on."""

import shutil
from typing import Any

import numpy as np

from autograder.grading.fingerprint import environment, key_of, source_digest, versions
from autograder.programs import PACKAGE
from autograder.sandbox import environment as sandbox_environment
from autograder.sandbox.wall import sources


def test_keys_depend_on_every_part_and_on_their_order():
    parts: list[Any] = [("a",), ("b",), ("a", "b"), ("b", "a"), ("ab",), (["a", "b"],), (1,)]
    parts += [(1.0,), (True,), (np.zeros(2),), (np.zeros((2, 1)),), (np.zeros(2, "float32"),)]
    parts += [({"a": 1},), ()]
    keys = [key_of(*each) for each in parts]
    assert len(set(keys)) == len(keys)
    assert keys == [key_of(*each) for each in parts]
    assert all(len(key) == 64 and key.isalnum() for key in keys)


def test_keys_depend_on_the_environment():
    names = dict(versions())
    assert {"python", "numpy"} <= set(names)
    assert str(versions()) in environment()
    assert source_digest(PACKAGE) in environment()


def test_evidence_depends_on_all_code_that_runs_beside_a_students_and_on_no_other(tmp_path):
    copy = tmp_path / "autograder"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    digest, inside = source_digest(copy), set(sources(copy))
    assert digest == source_digest(PACKAGE)
    assert len(inside) > 12
    for path in copy.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\n# changed", encoding="utf-8")
        assert (source_digest(copy) != digest) == (path in inside), path
        path.write_text(text, encoding="utf-8")
    (copy / "guest" / "new.py").touch()
    assert source_digest(copy) != digest


def test_evidence_depends_on_how_the_sandbox_is_set_up(monkeypatch):
    before = sandbox_environment.flags()
    assert str(PACKAGE) not in before
    monkeypatch.setitem(sandbox_environment._OWN, "jax", {"JAX_ENABLE_X64": "0"})
    assert sandbox_environment.flags() != before
