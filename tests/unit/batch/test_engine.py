"""A class, interrupted: what is graded is kept, and the rest comes out as if nothing had been."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.command import CENTER_MEAN, CENTER_SUM, Write, grade_command, timeless, write_class
from support.places import TINY

PAUSE = "import time\ntime.sleep(0.3)\n"
ANSWERS = [
    CENTER_MEAN,
    CENTER_SUM,
    "def center(X):\n    raise NotImplementedError()",
    "def center(X):\n    return X.undefined",
]


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory, write_notebook: Write) -> Path:
    """Twelve submissions, each of which takes a moment."""
    slow = [PAUSE + answer for answer in ANSWERS]
    return write_class(write_notebook, tmp_path_factory.mktemp("in"), slow, 12)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, handed_in: Path) -> Path:
    """The results of a class that nobody disturbed, on two slots."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(TINY / "solutions" / "01_lines", folder / "course" / "solutions" / "01_lines")
    arguments = grade_command(folder / "course", handed_in, folder / "out", "--jobs", "2")
    assert run_class(arguments)[0] == 0
    return folder / "out"


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """As from a terminal: a suite that runs in the background may have to ignore SIGINT.

    Each folder of results has a cache of its own.
    """
    out = Path(arguments[arguments.index("--out") + 1])
    return subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, "XDG_CACHE_HOME": str(out.parent / f"{out.name}-cache")},
    )


def run_class(arguments: list[str]) -> tuple[int, str, str]:
    process = start(arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def records(out: Path) -> list[Path]:
    return sorted(out.rglob("*.json"))


def results(out: Path) -> dict[str, Any]:
    """The records by student, less the time that they took."""
    found: dict[str, Any] = {}
    for path in records(out):
        result = json.loads(timeless(path.read_bytes()))
        assert result["student"] not in found
        found[result["student"]] = result
    return found


def await_results(process: subprocess.Popen[str], out: Path, count: int) -> None:
    """Wait until so many results are written."""
    deadline = time.monotonic() + 60
    while not out.is_dir() or len(records(out)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return list(psutil.Process(process.pid).children(recursive=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "count", "options"),
    [
        (signal.SIGINT, 0, ["--jobs", "1"]),
        (signal.SIGINT, 4, ["--jobs", "2"]),
        (signal.SIGINT, 4, ["--jobs", "2", "--no-cache"]),  # slots are threads then
        (signal.SIGTERM, 5, ["--jobs", "1"]),
        (signal.SIGTERM, 5, ["--jobs", "2"]),
        (signal.SIGKILL, 7, ["--jobs", "2"]),
    ],
)
def test_an_interrupted_class_goes_on_where_it_stopped(
    lines_course: Path,
    handed_in: Path,
    whole: Path,
    tmp_path: Path,
    number: int,
    count: int,
    options: list[str],
) -> None:
    arguments = grade_command(lines_course, handed_in, tmp_path / "out", *options)
    before = interrupted(arguments, tmp_path / "out", number, count)
    status, _, said = run_class(arguments)
    assert (status, len(records(tmp_path / "out"))) == (0, 12)
    for path, content in before.items():
        assert path.read_bytes() == content  # not graded again
    assert f"{len(before)} of 12 were graded before" in said or not before
    assert results(tmp_path / "out") == results(whole)


def interrupted(arguments: list[str], out: Path, number: int, count: int) -> dict[Path, bytes]:
    """Starts a class and stops it; gives what it has written, and sees that it leaves nothing."""
    process = start(arguments)
    await_results(process, out, count)
    processes = family(process)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    if number == signal.SIGINT:
        # Where the signal came while a library compiled text (`dataclass` does), Python ends by the
        # signal itself after all; a shell calls both 130.
        assert process.returncode in (130, -signal.SIGINT)
        assert "goes on from there" in err
        assert "Traceback" not in err
    assert not psutil.wait_procs(processes, timeout=15)[1]
    before = {path: path.read_bytes() for path in records(out)}
    assert count <= len(before) < 12
    assert all(json.loads(content) for content in before.values())
    return before


@pytest.mark.slow
def test_results_appear_one_by_one_and_are_those_of_two_slots(
    lines_course: Path, handed_in: Path, whole: Path, tmp_path: Path
) -> None:
    process = start(
        grade_command(lines_course, handed_in, tmp_path / "out", "--jobs=1", "--no-cache")
    )
    counts = set()
    while process.poll() is None:
        counts.add(len(records(tmp_path / "out")))
        time.sleep(0.02)
    process.communicate()
    assert len(counts) > 8
    assert all(path.with_suffix(".html").is_file() for path in records(tmp_path / "out"))
    assert len(results(whole)) == 12
    assert results(tmp_path / "out") == results(whole)
    assert (tmp_path / "out" / "class.csv").read_bytes() == (whole / "class.csv").read_bytes()


def test_only_what_has_changed_is_graded_again(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    ada = write_notebook(tmp_path / "in" / "ada.ipynb")
    write_notebook(tmp_path / "in" / "bob.ipynb", center=ANSWERS[1])
    arguments = grade_command(lines_course, tmp_path / "in", tmp_path / "out")
    assert run_class(arguments)[0] == 0
    before = {path.stem: path.read_bytes() for path in records(tmp_path / "out")}
    write_notebook(ada, center=ANSWERS[1])
    assert "1 of 2 were graded before" in run_class(arguments)[2]
    after = results(tmp_path / "out")
    assert after["ada"]["points"] == after["bob"]["points"] < 5
    bob = next(path for path in records(tmp_path / "out") if "bob" in str(path))
    assert bob.read_bytes() in before.values()


@pytest.mark.slow
def test_what_was_graded_otherwise_is_graded_again(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    write_notebook(tmp_path / "in" / "ada.ipynb")
    arguments = grade_command(lines_course, tmp_path / "in", tmp_path / "out")
    assert run_class(arguments)[0] == 0
    for change in ("--fresh", "--seed=another", "--isolation=none"):
        before = records(tmp_path / "out")[0].stat().st_mtime_ns
        assert "graded before" not in run_class([*arguments, change])[2]
        assert records(tmp_path / "out")[0].stat().st_mtime_ns > before
    assert run_class(arguments)[0] == 0
    with (lines_course / "solutions/01_lines/exercises.py").open("a") as file:
        file.write("# another remark\n")
    assert "graded before" not in run_class(arguments)[2]


@pytest.mark.slow
def test_damaged_results_are_made_again(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    damages = [b"", b"{", b'{"schema_version": 1}', b"\xff\xfe", b"[]", b"\0" * 99]
    for number in range(len(damages)):
        write_notebook(tmp_path / "in" / f"student{number}.ipynb")
    arguments = grade_command(lines_course, tmp_path / "in", tmp_path / "out")
    assert run_class(arguments)[0] == 0
    whole = results(tmp_path / "out")
    for path, damage in zip(records(tmp_path / "out"), damages, strict=True):
        path.write_bytes(damage)
    status, _, said = run_class(arguments)
    assert status == 0
    assert len(re.findall(r"^\d of 6 ", said, re.MULTILINE)) == len(said.splitlines()) == 6
    assert results(tmp_path / "out") == whole


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_graded(
    lines_course: Path, tmp_path: Path, write_notebook: Write
) -> None:
    write_notebook(tmp_path / "in" / "ada.ipynb")
    (tmp_path / "file").write_text("not a folder")
    for out in (tmp_path / "file", tmp_path / "file" / "out", Path("/proc/out")):
        status, _, said = run_class(grade_command(lines_course, tmp_path / "in", out))
        assert status == 2
        assert said.startswith("autograder: ")
        assert f"`{out}`" in said
        assert "--out" in said
        assert "Traceback" not in said


@pytest.mark.slow
def test_a_folder_that_goes_away_ends_the_class_with_a_message(
    lines_course: Path, handed_in: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start(grade_command(lines_course, handed_in, out, "--jobs", "2"))
    await_results(process, out, 3)
    out.rename(tmp_path / "moved")
    out.write_text("in the way")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "can't be written" in said
    assert "Traceback" not in said
    assert len(records(tmp_path / "moved")) >= 3
