"""A short run of benchmarks/fuzz_reading.py; docs/security.md has the long one."""

from __future__ import annotations

import random
from pathlib import Path

import fuzz_reading as fuzz
import pytest


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_hand_in_stops_or_delays_a_class() -> None:
    found = fuzz.run(300, "suite")
    assert found.failures == []
    assert found.outcomes.total() == 300 and found.outcomes["read"] > 20
    assert found.outcomes["refused"] > 100


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_seed_makes_the_same_hand_in(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        for number in range(20):
            place = tmp_path / name / str(number)
            place.mkdir()
            fuzz.write_hand_in(random.Random(f"1 {number}"), place)
    trees = [
        {str(path.relative_to(tmp_path / name)) for path in (tmp_path / name).rglob("*")}
        for name in "ab"
    ]
    assert trees[0] == trees[1]


def test_a_run_notices_what_must_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception, a row that is lost, a neighbour that changes, and too much time."""

    def failing(*_: object) -> None:
        raise RecursionError("deep")

    with monkeypatch.context() as patch:
        patch.setattr(fuzz, "discover", failing)
        patch.setattr(fuzz, "bo_digest", lambda: "")
        assert fuzz.run(1).failures == ["RecursionError: deep (--first 0)"]
    with monkeypatch.context() as patch:
        patch.setattr(fuzz, "read", lambda *_: ([], []))
        patch.setattr(fuzz, "bo_digest", lambda: "")
        lost = fuzz.run(1).failures
        assert any("without a row" in one for one in lost)
        assert any("neighbour" in one for one in lost)
    with monkeypatch.context() as patch:
        patch.setattr(fuzz, "OWN_SECONDS", 0.0)
        patch.setattr(fuzz, "READ_SECONDS", -1.0)
        slow = fuzz.run(1).failures
        assert any("of reading" in one for one in slow)
        assert any("the grader's own" in one for one in slow)
