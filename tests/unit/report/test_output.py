"""The door: what is printed or written past the renderers is harmless all the same."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.hostile_text import ALL, HARMLESS, HOSTILE, dangers

from autograder.cli.main import main
from autograder.report import output
from autograder.report.sanitize import clean, escaped_json, harmless, inert, one_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("name", HOSTILE)
def test_the_corpus_is_dangerous(name: str) -> None:
    assert dangers(HOSTILE[name], printed=True), name


@pytest.mark.parametrize("text", HARMLESS)
def test_what_people_write_stays(text: str) -> None:
    assert not dangers(text, printed=True)
    assert clean(text) == harmless(text) == text
    stream = io.StringIO()
    output.Guarded(stream).write(text)
    assert stream.getvalue() == text


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("way", [clean, inert, harmless, one_line, escaped_json])
def test_nothing_of_it_passes_a_renderer(name: str, way: Callable[[str], str]) -> None:
    assert not dangers(way(HOSTILE[name])) - (
        {"marks that pile up"} if way is escaped_json else set()
    )


# What Rich writes on a terminal itself; what a student writes is cleaned before it gets here.
RICHS_OWN = {"U+001B", "U+000D"}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@pytest.mark.parametrize("before", ["", "first\n", ":", "##", "  "])
def test_nothing_of_it_is_printed(name: str, stream: Any, before: str) -> None:
    file = stream()
    guarded = output.Guarded(file)
    guarded.write(before)
    guarded.write(HOSTILE[name])
    left = (
        RICHS_OWN if stream is Terminal and name in ("erased lines", "carriage return") else set()
    )
    assert dangers(file.getvalue(), printed=True, coloured=stream is Terminal) <= left


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_put_together_on_the_way_out(name: str) -> None:
    file = io.StringIO()
    guarded = output.Guarded(file)
    for char in HOSTILE[name]:
        guarded.write(char)
    found = dangers(file.getvalue(), printed=True)
    assert found <= ({"joiners in a row"} if name == "joiners" else {"marks that pile up"})


def test_a_stream_is_guarded_once_and_has_no_way_round() -> None:
    guarded = output.guard(io.StringIO())
    assert output.guard(guarded) is guarded and output.guard(None) is None
    assert not hasattr(guarded, "buffer") and guarded.writable()
    with pytest.raises(TypeError):
        guarded.write(b"bytes")


def test_what_an_encoding_can_not_say_is_a_number(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as file:
        assert output.Guarded(file).write("points: ✓") == 9
    assert (tmp_path / "out").read_text() == "points: \\u2713"


def test_everything_printed_within_is_guarded(capsys: pytest.CaptureFixture[str]) -> None:
    with output.guarded():
        sys.stdout.write(f"{ALL}\n")
        sys.stderr.write(f"{ALL}\n")
        logging.Logger("somebody").warning("%s", ALL)
        sys.excepthook(ValueError, ValueError(ALL), None)
    said = capsys.readouterr()
    assert "ValueError" in said.err and "owned" in said.out
    assert not dangers(said.out + said.err, printed=True)
    assert not isinstance(sys.stdout, output.Guarded)


def test_only_our_own_command_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    with output.guarded():
        output.command("::error file=a.ipynb::wrong\n::stop-commands::x")
        output.say(f"before\n{ALL}")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.lstrip().startswith("::")] == lines[:1]


def test_what_is_written_is_harmless_and_json_says_the_same(tmp_path: Path) -> None:
    output.write(tmp_path / "page.html", ALL)
    assert not dangers((tmp_path / "page.html").read_text(encoding="utf-8"))
    text = json.dumps({"said": ALL}, ensure_ascii=False)
    output.write(tmp_path / "result.json", text)
    written = (tmp_path / "result.json").read_text(encoding="utf-8")
    assert not dangers(written) - {"marks that pile up"}
    assert json.loads(written) == json.loads(text)
    output.append(tmp_path / "summary", ALL)
    assert not dangers((tmp_path / "summary").read_text(encoding="utf-8"))


def test_logs_of_others_are_harmless() -> None:
    file = io.StringIO()
    logger = logging.Logger("theirs")
    logger.addHandler(logging.StreamHandler(file))
    for _ in range(2):
        output.clean_log(logger)
    assert len(logger.filters) == 1
    logger.error("%s is not graded", ALL)
    try:
        raise ValueError(ALL)
    except ValueError:
        logger.exception("of a name: %s", ALL)
    assert "is not graded" in file.getvalue() and "ValueError" in file.getvalue()
    assert not dangers(file.getvalue(), printed=True)


@pytest.mark.parametrize("name", sorted(main.commands))
@pytest.mark.parametrize("kind", ["old command", "erased lines", "stop commands", "tags"])
def test_no_command_prints_what_it_is_called_with(name: str, kind: str, tmp_path: Path) -> None:
    hostile = HOSTILE[kind]
    done = CliRunner().invoke(main, [name, f"{tmp_path}{hostile}", f"--{hostile}"])
    assert done.exit_code == 2 and done.output
    assert not dangers(done.output, printed=True)
    done = CliRunner().invoke(main, [f"{name}{hostile}"])
    assert done.exit_code == 2 and not dangers(done.output, printed=True)
