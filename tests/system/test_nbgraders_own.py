"""The script that runs nbgrader's own tests: what it tells of tests that fail, hang and die."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from support.places import ROOT

SCRIPT = ROOT / "scripts" / "nbgrader_tests.py"
TESTS = """\
import os, signal, time
import pytest

# As for nbgrader: the configuration lies in a folder that this names.
ours = "JUPYTER_CONFIG_PATH" in os.environ

def test_right(): pass
def test_slow(): time.sleep(100 * ours)
def test_skipped(): pytest.skip("no")
def test_dies(): os._exit(3)
def test_hangs():
    if ours:  # so that no signal reaches it
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(100)
def test_lost(): assert not ours, "said why"
def test_wrong(): assert False
def test_last(): pass
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for nbgrader's tests in a folder of this test."""
    spec = importlib.util.spec_from_file_location("nbgrader_tests", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tests = tmp_path / "nbgrader" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_sample.py").write_text(TESTS)
    monkeypatch.setattr(module, "TESTS", tests)
    monkeypatch.setattr(module, "GRACE", 20)  # a process starts within it, too
    return module


@pytest.mark.slow
def test_each_outcome_is_told_and_none_costs_another(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    count: Counter[str] = Counter()
    script.run_file("test_sample.py", "", 2, count)
    told = capsys.readouterr().out
    assert dict(count) == {
        "tests": 8,
        "pass": 2,
        "skipped": 1,
        "reach the executor": 0,
        "lost": 3,
        "fail without it, too": 2,
    }
    first, again = told.split("5 of them again, as nbgrader is\n")
    outcomes = re.findall(r"^  (\w+) .*::(\w+)", first, re.MULTILINE)
    assert ("passed", "test_right") in outcomes and ("passed", "test_last") in outcomes
    assert ("stuck", "test_dies") in outcomes and ("failed", "test_slow") in outcomes
    assert "test_lost: AssertionError: said why" in first
    assert re.findall(r"passed .*::(\w+)", again) == ["test_slow", "test_hangs", "test_lost"]


def test_every_folder_of_nbgraders_tests_is_run_but_the_browsers(script: ModuleType) -> None:
    tests = script.TESTS
    for name in ("apps/test_b.py", "apps/test_a.py", "api/test_c.py", "ui-tests/test_d.py"):
        (tests / name).parent.mkdir(exist_ok=True)
        (tests / name).write_text("")
    assert script.every_file() == ["apps/test_a.py", "apps/test_b.py", "api", "test_sample.py"]
