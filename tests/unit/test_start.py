"""What somebody meets first: the set-up, and the class that `make grade` grades."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.places import ROOT, SAMPLES

# What uv says of a package, and of what takes time.
UV = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/called"
case "$*" in *sync*) printf 'Downloading tensorflow (232MiB)\\n + keras==3.6\\n' >&2;; esac
exit ${UV_STATUS:-0}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that the set-up reads, and an environment whose uv only says what it is asked."""
    project = tmp_path / "project"
    (project / "scripts").mkdir(parents=True)
    for name in ("scripts/setup", "pyproject.toml"):
        shutil.copy(ROOT / name, project / name)
    (project / "requirements.lock").write_text("keras==3.6\n")
    tools = project / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "activate").write_text(f"VIRTUAL_ENV={project / '.venv'}\n")
    (tools / "python").symlink_to(sys.executable)
    for name, text in (("uv", UV), ("bwrap", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    shutil.copy(tools / "bwrap", tmp_path / "bwrap")
    return project


def set_up(project: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "scripts" / "setup"], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PATH": f"{project.parent}:{os.environ['PATH']}", "PYTHON": "",
             "UV_STATUS": str(status)},
    )  # fmt: skip


def test_the_set_up_says_each_step_and_how_long_it_takes_without_a_terminal(project: Path) -> None:
    done = set_up(project)
    assert done.returncode == 0, done.stderr
    steps = [line for line in done.stderr.splitlines() if line.startswith("autograder, set-up: ")]
    assert "installing what requirements.lock names (2 GB, 1 to 5 minutes) ..." in steps[0]
    assert "installing autograder itself (5 seconds) ..." in steps[1]
    assert re.search(r"done in \d+ seconds", steps[2])
    # What is downloaded is said, and no list of packages.
    assert "Downloading tensorflow (232MiB)" in done.stderr and "keras" not in done.stderr
    called = (project / ".venv" / "bin" / "called").read_text().splitlines()
    assert [words.split()[1] for words in called] == ["sync", "install"]


def test_the_set_up_is_silent_when_there_is_nothing_to_do(project: Path) -> None:
    set_up(project)
    (project / ".venv" / "bin" / "called").unlink()
    done = set_up(project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (project / ".venv" / "bin" / "called").exists()
    (project / "requirements.lock").write_text("keras==3.7\n")
    assert "requirements.lock names (only what has changed) ..." in set_up(project).stderr


def test_a_set_up_that_fails_is_none(project: Path) -> None:
    done = set_up(project, status=2)
    assert done.returncode == 2
    assert "done in" not in done.stderr
    files = ("requirements.lock", "pyproject.toml", "scripts/setup")
    key = hashlib.sha256(b"".join((project / name).read_bytes() for name in files)).hexdigest()
    assert set_up(project).returncode == 0
    assert key in (project / ".venv" / ".installed").read_text()


def test_the_small_class_shows_every_kind_of_hand_in() -> None:
    (chosen,) = re.findall(r"^SMALL_CLASS = (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {chosen}"], cwd=ROOT, capture_output=True, text=True
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    assert 35 <= len(paths) <= 45 and all(path.is_file() for path in paths)
    units = sorted({path.parent.name for path in paths})
    assert len(units) == 3 and "01_two_layer_network" in units  # which trains
    for unit in units:
        declared = tomllib.loads((SAMPLES / unit / "expected.toml").read_text(encoding="utf-8"))
        students = [declared[path.stem] for path in paths if path.parent.name == unit]
        assert any(not one.get("points") and "status" not in one for one in students), "right"
        assert any("stub" in str(one.get("verdicts")) for one in students), "half done"
        assert sum("explained" in one for one in students) >= 3, "known mistakes"
        assert any(one.get("status") == "ungradable" for one in students)
