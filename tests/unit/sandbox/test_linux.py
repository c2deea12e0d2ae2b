"""What is said where there is no Linux."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.errors import DISTRIBUTION
from autograder.sandbox.linux import LinuxError, need_linux


def test_on_linux_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    need_linux("grade")


@pytest.mark.parametrize(("system", "name"), [("win32", "Windows"), ("darwin", "macOS")])
def test_elsewhere_the_commands_to_type_are_said(
    monkeypatch: pytest.MonkeyPatch, system: str, name: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(LinuxError) as raised:
        need_linux("nbgrade")
    said = str(raised.value)
    assert f"needs Linux. This is {name}." in said
    assert f"{DISTRIBUTION} autograder nbgrade …`" in said
    assert f"docker build --target grader --tag {DISTRIBUTION} ." in said
    assert ("wsl --install" in said) == (system == "win32")


@pytest.mark.parametrize(
    "words",
    [
        *(["grade", "X"], ["regrade", "X"], ["nbgrade", "03"], ["check-course"]),
        *(["similar", "X"], ["quickstart", "X"], ["doctor"]),
    ],
    ids=lambda words: words[0],
)
def test_each_command_that_needs_linux_says_so_and_does_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]
) -> None:
    words = [str(tmp_path / "none") if word == "X" else word for word in words]
    monkeypatch.setattr("autograder.sandbox.linux.sys.platform", "win32")
    ran = CliRunner().invoke(main, words)
    assert ran.exit_code == 2
    assert f"autograder: `autograder {words[0]}` runs programs in a sandbox" in ran.output
    assert not list(tmp_path.iterdir())
