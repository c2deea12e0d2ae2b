"""Which public cases a check finds beside a notebook, and what it says of those it can't use."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.places import ROOT

from autograder import __version__
from autograder.errors import DISTRIBUTION, CheckError
from autograder.student.kernel import assess
from autograder.student.public_cases import FORMAT
from autograder.wire import codec

CASES = ROOT / "assignments" / "03_optimizers" / "03_optimizers.cases"
EXERCISE = "momentum_step"


def said(folder: Path, exercise: str = EXERCISE, unit: str | None = None) -> str:
    """The message of a check, "" if it gives findings."""
    try:
        assess(exercise, unit, {}, None, folder)
    except CheckError as error:
        return str(error)
    return ""


def rewritten(**changes: Any) -> bytes:
    """The public cases of unit 03 with other entries at their top."""
    return codec.pack(codec.unpack(CASES.read_bytes()) | changes)


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """The public cases of unit 03, alone in a folder."""
    return Path(shutil.copy(CASES, tmp_path))


def test_cases_as_they_are_released_are_found(cases: Path) -> None:
    assert said(cases.parent) == ""
    assert said(cases.parent, unit="03_optimizers") == ""


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.5, 0.9, 0.999999])
def test_a_cut_off_file_is_to_be_downloaded_again(cases: Path, share: float) -> None:
    content = cases.read_bytes()
    cases.write_bytes(content[: int(len(content) * share)])
    assert said(cases.parent).startswith("`03_optimizers.cases` is cut off or damaged (")
    assert said(cases.parent).endswith("Download the files of this unit again from your course.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html>404</html>", "is a web page"),
        (b"404: Not Found", "is cut off or damaged"),
        (b"\x80", "is cut off or damaged"),
        (codec.pack([1, 2]), "is cut off or damaged"),
        (codec.pack({"format": FORMAT}), "is damaged"),
        (codec.pack({"format": None}), "is cut off or damaged"),
    ],
    ids=["empty", "page", "text", "byte", "list", "bare", "none"],
)
def test_what_was_saved_instead_is_named(cases: Path, content: bytes, words: str) -> None:
    cases.write_bytes(content)
    assert f"`03_optimizers.cases` {words}" in said(cases.parent)


def test_new_cases_in_an_old_package_name_both_versions(cases: Path) -> None:
    cases.write_bytes(rewritten(format=FORMAT + 1, version="9.2.0"))
    told = said(cases.parent)
    assert f"was made by {DISTRIBUTION} 9.2.0, and this is {DISTRIBUTION} {__version__}" in told
    assert f"`%pip install '{DISTRIBUTION}==9.2.0'`" in told and "restart the kernel" in told


def test_old_cases_in_a_new_package_name_both_versions(cases: Path) -> None:
    cases.write_bytes(rewritten(format=FORMAT - 1, version="0.0.1"))
    assert f"was made by {DISTRIBUTION} 0.0.1, and this is {DISTRIBUTION} {__version__}" in said(
        cases.parent
    )
    cases.write_bytes(rewritten(format=FORMAT - 1))  # files of format 1 name no version
    assert f"is of the old format {FORMAT - 1}, and {DISTRIBUTION} {__version__} reads" in said(
        cases.parent
    )


def test_newer_cases_without_a_version_are_an_update(cases: Path) -> None:
    cases.write_bytes(rewritten(format=FORMAT + 1))
    assert f"`%pip install --upgrade {DISTRIBUTION}`" in said(cases.parent)


@pytest.mark.parametrize("version", ["1'; rm -rf ~ #", "", None, ["1"], "x" * 400])
def test_no_command_is_made_of_what_is_no_version(cases: Path, version: Any) -> None:
    cases.write_bytes(rewritten(format=FORMAT + 1, version=version))
    told = said(cases.parent)
    assert "==" not in told and f"`%pip install --upgrade {DISTRIBUTION}`" in told


def test_a_judge_that_this_version_does_not_know_names_the_one_that_does(cases: Path) -> None:
    data = codec.unpack(CASES.read_bytes())
    data["exercises"][0]["checks"][0]["judge"] = {"kind": "telepathy"}
    cases.write_bytes(codec.pack(data | {"version": "9.2.0"}))
    assert f"was made by {DISTRIBUTION} 9.2.0" in said(cases.parent)


def test_cases_of_another_unit_are_named_with_what_they_have(cases: Path) -> None:
    told = said(cases.parent, "sigmoid")
    assert told.startswith("There is no exercise `sigmoid` here: `03_optimizers.cases` has `mom")
    assert "put the `.cases` file that came with it into this folder" in told


def test_a_renamed_file_is_found_by_the_unit_in_it(cases: Path) -> None:
    cases.rename(cases.parent / "03_optimizers (1).cases")
    assert said(cases.parent, unit="03_optimizers") == ""


def test_the_same_file_twice_is_one(cases: Path) -> None:
    shutil.copy(cases, cases.parent / "03_optimizers (1).cases")
    assert said(cases.parent) == ""


def test_two_courses_in_one_folder_are_to_be_kept_apart(cases: Path) -> None:
    (cases.parent / "03_optimizers (1).cases").write_bytes(rewritten(sources="another course"))
    told = said(cases.parent)
    assert "`03_optimizers (1).cases` and `03_optimizers.cases` all have" in told
    assert "move the others to another folder" in told


def test_a_damaged_file_does_not_hide_a_good_one(cases: Path) -> None:
    (cases.parent / "01_two_layer_network.cases").write_bytes(b"")
    assert said(cases.parent) == ""
    assert "`01_two_layer_network.cases` is empty" in said(cases.parent, "sigmoid")
    assert said(cases.parent, unit="03_optimizers") == ""


def test_a_folder_under_the_name_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "03_optimizers.cases").mkdir()
    assert "03_optimizers.cases` can't be read: Is a directory." in said(tmp_path)
