"""What the first cell of a released notebook fetches, and what it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import web
from support.places import ROOT

from autograder import prepare
from autograder.authoring.archive import packed
from autograder.errors import CheckError

WHEEL = "https://example.org/course/deep_learning_autograder-7.1.0-py3-none-any.whl#sha256=0"
CASES = (ROOT / "assignments/03_optimizers/03_optimizers.cases").read_bytes()
FILES = {"03.cases": CASES, "data/words.txt": b"a\nb\n"}
DIGESTS = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
ARCHIVE = packed({f"03/{name}": content for name, content in FILES.items()})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a student's notebook lies, and so the working directory."""
    path = tmp_path / "student"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "published"
    path.mkdir()
    (path / "03.zip").write_bytes(ARCHIVE)
    return path


@pytest.fixture
def address(published: Path) -> Iterator[str]:
    with web.serve(published) as url:
        yield f"{url}03.zip"


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def refused(address: str) -> str:
    with pytest.raises(CheckError) as raised:
        prepare(address, DIGESTS, WHEEL)
    return str(raised.value)


def test_what_is_missing_is_fetched_and_the_rest_left_alone(
    folder: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "03.ipynb").write_bytes(b"mine")
    prepare(address, DIGESTS, WHEEL)
    assert content(folder) == {**FILES, "03.ipynb": b"mine"}
    assert capsys.readouterr().out == f"Fetched from {address}: 03.cases, data/words.txt\n"


def test_without_a_network_all_is_well_where_nothing_is_missing(
    folder: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(address, DIGESTS, WHEEL)
    capsys.readouterr()
    with web.nobody() as url:
        prepare(f"{url}03.zip", DIGESTS, WHEEL)
    assert capsys.readouterr().out == ""


def test_cases_of_another_release_are_replaced_and_changed_data_is_kept(
    folder: Path, address: str
) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "words.txt").write_bytes(b"my own words")
    (folder / "03.cases").write_bytes(CASES[:1000])  # or a download that was cut off
    prepare(address, DIGESTS, WHEEL)
    assert content(folder) == {"03.cases": CASES, "data/words.txt": b"my own words"}


def test_without_a_network_it_says_what_to_do(folder: Path) -> None:
    with web.nobody() as url:
        said = refused(f"{url}03.zip")
        assert said.startswith("`03.cases` and `data/words.txt` of this release must lie in")
        assert f"{url}03.zip can't be fetched" in said and "refused" in said
        assert f"its folder `03` into `{folder}`" in said
    assert content(folder) == {}


def test_an_address_without_the_archive_is_reported(folder: Path, address: str) -> None:
    assert "HTTP Error 404" in refused(address.replace("03.zip", "04.zip"))
    assert "unknown url type" in refused("nowhere/03.zip")


@pytest.mark.parametrize(
    ("archive", "seen"),
    [
        (packed({"03/03.cases": CASES[:-1] + b"x", "03/data/words.txt": b"a\nb\n"}), "the sha256"),
        (packed({"03/03.cases": CASES, "03/data/words.txt": b"c"}), "its `03/data/words.txt` is"),
        (packed({"03/03.cases": CASES}), "`03/data/words.txt` can't be read from it"),
        (packed({"03.cases": CASES}), "`03/03.cases` can't be read from it"),
        (ARCHIVE[: len(ARCHIVE) // 2], "`03/03.cases` can't be read from it"),
        (ARCHIVE.replace(ARCHIVE[200:260], bytes(60)), "`03/03.cases` can't be read from it"),
        (b"<!DOCTYPE html><p>Log in", "`03/03.cases` can't be read from it"),
    ],
    ids=["cases", "data", "data gone", "another layout", "cut off", "damaged", "web page"],
)
def test_another_archive_is_refused_and_nothing_written(
    folder: Path, published: Path, address: str, archive: bytes, seen: str
) -> None:
    (published / "03.zip").write_bytes(archive)
    said = refused(address)
    assert said.startswith(f"{address} is not what was released with this notebook: ")
    assert seen in said and "Nothing was written" in said
    assert content(folder) == {}


def test_a_folder_that_cant_be_written_is_reported(folder: Path, address: str) -> None:
    (folder / "data").write_bytes(b"no folder")  # root may write to every folder
    said = refused(address)
    assert f"can't be written to `{folder}`: " in said and "Copy the notebook" in said


def test_cases_that_this_package_cant_read_name_both_versions(
    folder: Path, published: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.__version__", "7.0.0")
    monkeypatch.setattr("autograder.student.public_cases.FORMAT", 1_000)
    said = refused(address)
    assert "`autograder` 7.0.0, which is installed here, can't read `03.cases`" in said
    assert "was released with `autograder` 7.1.0" in said and f"%pip install {WHEEL} " in said
