"""A student with a notebook and nothing else: no package, no cases, an environment of their own.

The notebook lies alone in an empty folder and is run as it was released, answers aside, in a
kernel of an environment that has ipykernel, numpy and matplotlib.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from support import web
from support.places import ROOT

from autograder.authoring.handout import publish
from autograder.authoring.release import release_unit
from autograder.authoring.wheel import this_package
from autograder.course.course import Course

UNITS = ["01_two_layer_network", "03_optimizers"]
NEEDS = ["ipykernel", "numpy", "matplotlib"]
STRANGER = 'from autograder.runner import Runner\n"""Another project of this name."""\n'

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def student_environment(folder: Path) -> Path:
    """Make an environment that has what a notebook needs, and pip; return its Python."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv:
        ran(uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(folder))
        ran(uv, "pip", "install", "--quiet", "--python", str(python), *NEEDS)
    else:
        ran(sys.executable, "-m", "venv", str(folder))
        ran(str(python), "-m", "pip", "install", "--quiet", *NEEDS)
    spec = folder / "share" / "kernels" / "alone"
    spec.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "alone", "language": "python"})
    )
    return python


def ran(*words: str) -> None:
    done = subprocess.run(words, env=clean(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def clean() -> dict[str, str]:
    """Return the environment without what would lead to this repository's packages."""
    names = ("PYTHONPATH", "VIRTUAL_ENV", "NBGRADER_VALIDATING")
    return {name: value for name, value in os.environ.items() if name not in names}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which the package is never installed."""
    folder = tmp_path_factory.mktemp("bare") / "env"
    student_environment(folder)
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which the first notebook that runs installs the package."""
    folder = tmp_path_factory.mktemp("own") / "env"
    student_environment(folder)
    return folder


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Course, Path]]:
    """A course with two units of this repository, published on this machine; and that folder."""
    root, folder = (tmp_path_factory.mktemp(name) for name in ("course", "web"))
    for name in UNITS:
        for part in ("solutions", "assignments"):
            shutil.copytree(ROOT / part / name, root / part / name)
    with web.serve(folder) as url:
        yield released(root, folder, url), folder


def released(root: Path, folder: Path, url: str) -> Course:
    (root / "course.toml").write_text(f'release_url = "{url}"\n')
    course = Course(root)
    units = [course.load(name) for name in course.unit_names()]
    for unit in units:
        release_unit(course, unit)
    publish(course, units, folder)
    return course


def answered(course: Course, unit: str) -> Any:
    """Return the released notebook with the reference's answers."""
    paths = (course.root / part / unit / f"{unit}.ipynb" for part in ("assignments", "solutions"))
    release, author = (nbformat.read(path, as_version=4) for path in paths)
    right = {cell.metadata.nbgrader.grade_id: cell.source for cell in author.cells if marked(cell)}
    for cell in release.cells:
        if marked(cell):
            cell.source = right[cell.metadata.nbgrader.grade_id]
    return release


def marked(cell: Any) -> bool:
    return "nbgrader" in cell.metadata


def executed(notebook: Any, folder: Path, env: Path) -> Any:
    """Run a notebook in a kernel of an environment that starts in a folder."""
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, kernel_name="alone", timeout=400, resources=resources)
    manager = client.create_kernel_manager()
    manager.kernel_spec_manager.kernel_dirs = [str(env / "share" / "kernels")]
    return client.execute(env=clean() | {"OPENBLAS_NUM_THREADS": "1", "NO_COLOR": "1"})


def failure(notebook: Any, folder: Path, env: Path) -> str:
    """Return what the first cell says where it fails."""
    (first,) = [cell for cell in notebook.cells if "import prepare" in cell.source]
    notebook.cells = [first]
    with pytest.raises(CellExecutionError) as raised:
        executed(notebook, folder, env)
    shown = "\n".join(first.outputs[-1]["traceback"])
    assert len(shown.splitlines()) < 45, shown
    return str(raised.value.evalue)


def text_of(cell: Any) -> str:
    return "".join(
        o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in cell.outputs
    )


@pytest.mark.parametrize("unit", UNITS)
def test_the_notebook_alone_gets_what_it_needs(
    unit: str, published: tuple[Course, Path], own: Path, tmp_path: Path
) -> None:
    course, _ = published
    notebook = executed(answered(course, unit), tmp_path, own)
    checks = [cell for cell in notebook.cells if cell.source.startswith("# Public checks of")]
    assert len(checks) == len(course.load(unit).unit.exercises)
    for cell in checks:
        first, *findings = text_of(cell).splitlines()
        got, _, of = first.split()[-1].partition("/")
        assert got == of, text_of(cell)
        assert findings and all(re.match("  (ok| ) ", line) for line in findings), text_of(cell)
    assert (tmp_path / f"{unit}.cases").read_bytes() == (
        course.root / "assignments" / unit / f"{unit}.cases"
    ).read_bytes()


def test_without_a_network_the_cell_says_what_to_do(
    published: tuple[Course, Path], bare: Path, tmp_path: Path
) -> None:
    course, _ = published
    root = Path(shutil.copytree(course.root, tmp_path / "course"))
    with web.nobody() as url:
        offline = released(root, tmp_path / "web", url)
        said = failure(answered(offline, UNITS[1]), made(tmp_path / "student"), bare)
    assert said.startswith("The package `autograder` is still missing after `pip install`.\n")
    assert "onnect" in said and "WARNING" not in said
    assert "1. Is this computer online? On Kaggle" in said
    assert f"download {url}{this_package().file_name}\n" in said


def test_another_wheel_is_refused(
    published: tuple[Course, Path], bare: Path, tmp_path: Path
) -> None:
    course, folder = published
    wheel = folder / this_package().file_name
    content = wheel.read_bytes()
    wheel.write_bytes(content.replace(b"Wheel-Version: 1.0", b"Wheel-Version: 1.1"))
    try:
        said = failure(answered(course, UNITS[1]), tmp_path, bare)
    finally:
        wheel.write_bytes(content)
    assert "DO NOT MATCH THE HASHES" in said and "do not install that file" in said
    assert this_package().wheel.sha256 in said


def test_another_archive_is_refused(
    published: tuple[Course, Path], own: Path, tmp_path: Path
) -> None:
    course, folder = published
    archives = [folder / f"{unit}.zip" for unit in UNITS]
    content = archives[1].read_bytes()
    shutil.copy(archives[0], archives[1])
    try:
        said = failure(answered(course, UNITS[1]), tmp_path, own)
    finally:
        archives[1].write_bytes(content)
    assert "03_optimizers.zip is not what was released with this notebook: " in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: (made(folder / "autograder") / "__init__.py").write_text(STRANGER),
        lambda folder: (folder / "autograder.py").write_text("def grade(): pass\n"),
        lambda folder: made(folder / "autograder" / "results"),
    ],
    ids=["a package", "a module", "a folder"],
)
def test_a_strangers_package_of_this_name_is_reported(
    published: tuple[Course, Path], bare: Path, tmp_path: Path, make: Callable[[Path], Any]
) -> None:
    make(tmp_path)
    said = failure(answered(published[0], UNITS[1]), tmp_path, bare)
    assert said.startswith("The `autograder` that was found here is not the one of this course")
    assert "%pip uninstall --yes autograder" in said and "beside this notebook, rename" in said
    assert "Error: " in said and "\x1b" not in said


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
