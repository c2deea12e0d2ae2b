"""`course.toml`: what it sets, and what is said of one that can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.settings import SettingsError, read


def test_a_course_needs_no_settings(tmp_path: Path) -> None:
    assert read(tmp_path).release_url == ""
    (tmp_path / "course.toml").write_text("# release_url = ...\n")
    assert read(tmp_path).release_url == ""


@pytest.mark.parametrize("said", ["https://example.org/a/~b", "https://example.org/a/~b/"])
def test_the_address_ends_in_a_slash(tmp_path: Path, said: str) -> None:
    (tmp_path / "course.toml").write_text(f'release_url = "{said}"\n')
    assert read(tmp_path).release_url == "https://example.org/a/~b/"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("release_url = https://example.org/", "can't be read as TOML: Invalid value"),
        ('release_url = "ünïcode"'.encode("latin-1"), "can't be read as TOML: 'utf-8' codec"),
        ('release-url = "https://example.org/"', "sets `release-url`, which is not known. Known: "),
        ("release_url = 3", "sets `release_url` to 3. Expected the address of a folder"),
        ('release_url = "ftp://example.org/"', "Expected the address of a folder"),
        ('release_url = "https://example.org/?a=b"', "Expected the address of a folder"),
        ("""release_url = 'https://example.org/"+x+"'""", "Expected the address of a folder"),
        ('release_url = "https://a.org/\\n"', "Expected the address of a folder"),
    ],
)
def test_what_cant_be_used_is_reported_with_its_place(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    path = tmp_path / "course.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as raised:
        read(tmp_path)
    assert str(raised.value).startswith(f"`{path}` ") and said in str(raised.value)
