"""A student's own machine: the wheel without extras, and no module that only POSIX systems have.

The notebooks are the references', so that every check passes; one answer is spoiled to see that not
everything does.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support.light_install import build_wheel, install_without_extras, megabytes
from support.places import ROOT

from autograder.course.course import Course

pytestmark = pytest.mark.slow

HERE = Course.find(ROOT)
# What is not there on Windows, for this process as for its libraries from here on.
NO_POSIX = """
import os, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"):
    sys.modules[name] = None
del os.fork
"""
# Keras and its backend are the student's own, and have code for each system.
WITH_KERAS = "import sys\nsys.path.append({path!r})\nimport keras\n"
TIMED = """
import time
began = time.process_time()
import autograder
from autograder import check
print("seconds", time.process_time() - began)
"""


class Light(NamedTuple):
    """An environment with the wheel: its Python, how many packages that are, and their size."""

    python: Path
    packages: int
    megabytes: float


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Light:
    folder = tmp_path_factory.mktemp("light")
    wheel = build_wheel(folder)
    python, others = install_without_extras(wheel, folder / "env")
    size = megabytes(others) + wheel.stat().st_size / 1e6
    return Light(python, 1 + len(others), size)


def handed_out(name: str, folder: Path) -> Path:
    """Copy what students get of a unit into a folder."""
    return Path(shutil.copytree(HERE.root / "assignments" / name, folder / name))


def cells_of(name: str) -> str:
    """The author's notebook as one program, without its experiments and pictures."""
    path = HERE.root / "solutions" / name / f"{name}.ipynb"
    cells = [
        "".join(cell["source"])
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code" and "experiment" not in cell["metadata"].get("tags", ())
    ]
    lines = "\n\n".join(cells).splitlines()
    return "\n".join(line for line in lines if "matplotlib" not in line)


def ran(python: Path, program: str, folder: Path, **environment: str) -> str:
    """What a program prints; nothing of this repository or of its environment is on its path.

    Files are not UTF-8 unless it says so, as on Windows.
    """
    script = folder.parent / "program.py"
    script.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [python, "-I", "-X", "utf8=0", script],
        cwd=folder,
        env={"PATH": os.defpath, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def points(shown: str) -> dict[str, str]:
    """The points of each exercise in what checks print."""
    lines = [line.split() for line in shown.splitlines() if line[:1].strip()]
    return {words[0]: words[1] for words in lines if len(words) == 2 and "/" in words[1]}


def wanted(name: str) -> dict[str, str]:
    """The points of the public checks of each exercise, as a right answer gets them."""
    return {
        exercise.name: "{0:g}/{0:g}".format(sum(c.points for c in exercise.checks if c.public))
        for exercise in HERE.load(name).unit.exercises
    }


def test_the_base_is_small(light: Light) -> None:
    assert light.packages <= 8
    assert 40 < light.megabytes < 80  # NumPy is most of it


def test_importing_is_quick(light: Light, tmp_path: Path) -> None:
    times = [float(ran(light.python, TIMED, tmp_path).split()[1]) for _ in range(3)]
    assert min(times) < 0.3


def test_a_numpy_unit_is_checked(light: Light, tmp_path: Path) -> None:
    name = "03_optimizers"
    folder = handed_out(name, tmp_path)
    spoiled = "\nmomentum_step = lambda w, dw, v, lr=0.1, beta=0.9: (w, v)\ncheck('momentum_step')"
    shown = ran(light.python, f"{NO_POSIX}\n{cells_of(name)}\nprint('THEN'){spoiled}", folder)
    right, wrong = shown.split("THEN")
    assert points(right) == wanted(name)
    assert points(wrong)["momentum_step"].startswith("0")
    assert "Seen:" in wrong


def test_findings_are_html_for_jupyter(light: Light, tmp_path: Path) -> None:
    folder = handed_out("03_optimizers", tmp_path)
    show = "from autograder.student import kernel; from pathlib import Path\n"
    show += "print(ascii(kernel.assess('adam_step', None, {}, None, Path.cwd())._repr_html_()))"
    assert "autograder-findings" in ran(light.python, f"{NO_POSIX}\n{show}", folder)


def test_nbgrader_validate_is_told_what_is_missing(light: Light, tmp_path: Path) -> None:
    folder = handed_out("03_optimizers", tmp_path)
    validating = {"NBGRADER_VALIDATING": "1"}
    ask = "from autograder import check\ntry:\n    check('adam_step')\n"
    ask += "except Exception as error:\n    print(type(error).__name__, ascii(error))"
    shown = ran(light.python, f"{NO_POSIX}\n{ask}", folder, **validating)
    assert shown.startswith('NotRightYet NotRightYet("adam_step   0/5')
    right = ran(light.python, f"{NO_POSIX}\n{cells_of('03_optimizers')}", folder, **validating)
    assert right == ""


def test_a_keras_unit_is_checked_with_the_students_own_keras(light: Light, tmp_path: Path) -> None:
    name = "05_batch_normalization"
    folder = handed_out(name, tmp_path)
    found = importlib.util.find_spec("keras")
    assert found is not None and found.origin is not None
    start = WITH_KERAS.format(path=str(Path(found.origin).parents[1])) + NO_POSIX
    assert points(ran(light.python, f"{start}\n{cells_of(name)}", folder)) == wanted(name)


@pytest.mark.parametrize(
    ("words", "missing"), [(["grade", "."], "platformdirs"), (["report", "."], "rich")]
)
def test_a_command_names_the_extra_that_it_needs(
    light: Light, tmp_path: Path, words: list[str], missing: str
) -> None:
    done = subprocess.run(
        [light.python, "-I", "-m", "autograder", *words],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"needs `{missing}`, which is not installed: `pip install 'deep-lear" in done.stderr


# ------------------------------------------------------------------ commands that work everywhere


def commanded(folder: Path, *words: str, status: int = 0) -> str:
    """What a command prints in a process without POSIX modules, with all extras installed."""
    program = f"{NO_POSIX}\nsys.argv[1:] = {list(words)!r}\nfrom autograder.cli.main import main\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nmain()"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course of one unit of this repository, as Git checks it out on Windows."""
    for kind in ("solutions", "assignments"):
        shutil.copytree(HERE.root / kind / "03_optimizers", tmp_path / kind / "03_optimizers")
    for path in tmp_path.rglob("*"):
        if path.suffix in (".py", ".ipynb"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return tmp_path


def test_a_course_with_other_line_ends_is_current(course: Path) -> None:
    assert "03_optimizers: current" in commanded(course, "release", "--check")


def test_a_notebook_is_released_while_its_cases_stay(course: Path) -> None:
    path = course / "assignments" / "03_optimizers" / "03_optimizers.ipynb"
    path.unlink()
    assert "not current" in commanded(course, "release", "--check", status=1)
    assert "03_optimizers.ipynb" in commanded(course, "release")
    assert json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_outdated_cases_are_reported_without_running_anything(course: Path) -> None:
    source = course / "solutions" / "03_optimizers" / "notebook.py"
    source.write_text(source.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    said = commanded(course, "release", "--check", status=1)
    assert "03_optimizers.cases" in said


def test_results_are_read(tmp_path: Path) -> None:
    from support.results import mixed

    from autograder.results import record

    (tmp_path / "unit").mkdir()
    (tmp_path / "unit" / "ada.json").write_text(record.dumps(mixed()), encoding="utf-8")
    commanded(tmp_path, "report", ".", "--format", "html,csv,markdown,canvas,junit")
    assert (tmp_path / "index.html").is_file() and (tmp_path / "canvas.csv").is_file()
