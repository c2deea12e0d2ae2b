"""The study of margins on a tiny unit, where they can be seen through."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import margins
import pytest

from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.judging.judge import CORRECT_FORM, WRONG_VARIANT
from autograder.sandbox.pool import Pool


def test_a_check_has_its_worst_right_form_and_its_weakest_mistake(
    lines: LoadedUnit, pool: Pool
) -> None:
    oracles = [
        ReferenceOracle(lines, f"margins-{number}", pool, EvidenceCache(None))
        for number in range(2)
    ]
    found = {row.check: row for row in margins.margins(oracles, lines.unit.exercises[0])}
    for oracle in oracles:
        oracle.close()
    values, purity = found["values"], found["keeps_x"]
    assert (values.tolerance, purity.tolerance, values.seeds) == ("float64", "exact", 2)
    assert values.noise <= CORRECT_FORM and WRONG_VARIANT <= values.gap < float("inf")
    assert values.variant in ("axis", "sum") and values.passing == "in_place"
    assert (purity.noise, purity.gap, purity.variant) == (0.0, float("inf"), "in_place")
    assert purity.below == float("inf")


def test_rows_outlive_the_file(tmp_path: Path) -> None:
    row = margins.Margin("u", "e", "c", "float64", 3, 0.5, 'a, "b"', float("inf"), "v", 0.0, "")
    margins.write(tmp_path / "margins.csv", [row])
    assert margins.read(tmp_path / "margins.csv") == [row]


def test_small_margins_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(margins, "PLOT", tmp_path / "plot.svg")
    fine = margins.Margin("01_u", "e", "fine", "float64", 3, 0.5, "a", 1e6, "v", 0.0, "")
    margins.report(
        [fine, margins.Margin(*("01_u", "e", "near", "float64", 3, 9.0, "a", 600.0, "v", 7.0, "w"))]
    )
    told = capsys.readouterr().out
    assert "| float64 | 2 | 9 (`near`) | 1 | 600 (`near`) | 1 | 0 |" in told
    assert "`near` | float64 | 9 (`a`) | 600 (`v`) | 7 (`w`)" in told and "`fine`" not in told
    assert (tmp_path / "plot.svg").read_text().startswith("<?xml")


def test_what_depends_on_the_draw_is_told(lines: LoadedUnit, pool: Pool) -> None:
    exercise = lines.unit.exercises[0]
    with closing(ReferenceOracle(lines, "margins-0", pool, EvidenceCache(None))) as oracle:
        for variant in exercise.variants:
            assert any(map(all, margins.told([oracle, oracle], exercise, variant).values()))
        for right in exercise.equivalents:
            assert not any(map(any, margins.told([oracle, oracle], exercise, right).values()))
