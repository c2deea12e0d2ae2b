"""Reports as files: which are written, from what, and that hostile text harms none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.places import DATA
from support.results import (
    EVERY_KIND,
    HOSTILE,
    hostile,
    mixed,
    perfect,
)

from autograder.batch import reports
from autograder.files import OutputError
from autograder.results import record


def test_formats_are_named_and_unknown_ones_told() -> None:
    assert reports.parsed("json, HTML,,csv,json") == ("json", "html", "csv")
    with pytest.raises(reports.FormatError, match=r"no format `pdf`.*`junit`"):
        reports.parsed("json,pdf")


def test_reports_come_from_what_was_graded_before(tmp_path: Path) -> None:
    reports.write(EVERY_KIND, tmp_path, list(reports.FORMATS))
    results, problems = reports.read(tmp_path)
    assert problems == []
    assert sorted(r.student for r in results) == sorted(r.student for r in EVERY_KIND)
    again = tmp_path / "again"
    reports.write(results, again, ["csv", "junit", "markdown", "html", "gradescope"])
    for path in filter(Path.is_file, again.rglob("*")):
        assert path.read_bytes() == (tmp_path / path.relative_to(again)).read_bytes()


def test_results_of_other_versions_are_left_out_and_told(tmp_path: Path) -> None:
    reports.write([mixed()], tmp_path, ["json"])
    other = json.loads(record.dumps(perfect())) | {"schema_version": 9}
    (tmp_path / "01_two_layer_network" / "grace.json").write_text(json.dumps(other))
    (tmp_path / "01_two_layer_network" / "cut.json").write_text("{")
    results, problems = reports.read(tmp_path)
    assert [result.student for result in results] == ["ada"]
    assert len(problems) == 2
    assert any("schema_version 9" in problem for problem in problems)
    for folder in (tmp_path / "nothing", DATA):
        with pytest.raises(reports.NoResultsError, match="holds no results"):
            reports.read(folder)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        reports.write([mixed()], tmp_path / "file", ["csv"])


def test_hostile_text_is_in_every_report_and_harms_none(tmp_path: Path) -> None:
    reports.write([hostile()], tmp_path, [name for name in reports.FORMATS if name != "github"])
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        text = path.read_text(encoding="utf-8-sig")
        assert "\x1b" not in text and "\x00" not in text, path
        assert path.resolve().is_relative_to(tmp_path)
    assert HOSTILE not in (tmp_path / "junit.xml").read_text()
