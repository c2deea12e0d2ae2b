"""Data sets of the environment: what is taken for one, and that the sandbox shows none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from autograder.sandbox import bubblewrap, data_sets

TREE = {
    "sklearn/__init__.py": "code",
    "sklearn/datasets/__init__.py": "code",
    "sklearn/datasets/_base.py": "code",
    "sklearn/datasets/data/__init__.py": "code",
    "sklearn/datasets/data/digits.csv.gz": "alone",
    "sklearn/datasets/images/flower.jpg": "alone",
    "statsmodels/datasets/grunfeld/data.py": "code",
    "statsmodels/datasets/grunfeld/grunfeld.csv": "beside code",
    "matplotlib/mpl-data/sample_data/goog.npz": "beside a folder",
    "matplotlib/mpl-data/sample_data/axes_grid/bivariate.npy": "alone",
    "matplotlib/mpl-data/matplotlibrc": "other",
    "scipy/stats/_qmc.py": "code",
    "scipy/stats/_sobol_direction_numbers.npz": "other",  # a table that code needs
    "dateutil/zoneinfo/__init__.py": "code",
    "dateutil/zoneinfo/rebuild.py": "code",
    "dateutil/zoneinfo/zoneinfo.tar.gz": "other",
    "tensorflow/include/data/header.csv": "other",
}


def test_what_is_taken_for_a_data_set(tmp_path: Path) -> None:
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = data_sets.data_sets(tmp_path)
    covered = {file for folder in found.folders for file in folder.iterdir()} | {*found.files}
    hidden = {path.relative_to(tmp_path).as_posix() for path in covered}
    data = {name for name, kind in TREE.items() if kind in ("alone", "beside code")}
    data |= {name for name, kind in TREE.items() if kind == "beside a folder"}
    assert hidden == data | {"sklearn/datasets/data/__init__.py"}


INSIDE = """
import importlib.util, os, sys
from pathlib import Path

def is_data(name):
    ends = ".csv .csv.gz .npz .npy .mat .arff .arff.gz .jpg .parquet .h5 .tif .wav".split()
    return name.lower().endswith(tuple(ends))

def readable(path):
    try:
        return len(Path(path).read_bytes()) > 0
    except OSError:
        return False

packages = [Path(folder) for folder in sys.path if folder.endswith("-packages")]
assert packages
words = {"data", "datasets", "sample_data", "images"}
for root in packages:
    for folder, _, names in os.walk(root):
        if words & {*Path(folder).relative_to(root).parts} and "include" not in folder:
            for name in names:
                assert not (is_data(name) and readable(f"{folder}/{name}")), f"{folder}/{name}"
"""


def inside(source: str) -> subprocess.CompletedProcess[bytes]:
    """Run Python in the file system of the sandbox."""
    bwrap = bubblewrap.bwrap_path()
    assert bwrap is not None
    options = [*bubblewrap._options(bubblewrap.own_proc(bwrap), None), "--clearenv"]
    python = [bubblewrap._python_inside(), "-I", "-c", source]
    return subprocess.run([bwrap, *options, "--", *python], capture_output=True, timeout=120)


def test_the_sandbox_shows_no_data_set() -> None:
    run = inside(INSIDE)
    assert run.returncode == 0, run.stderr.decode()


@pytest.mark.parametrize("name", ["load_digits", "load_iris", "load_sample_images"])
def test_scikit_learn_is_there_and_its_data_are_not(name: str) -> None:
    pytest.importorskip("sklearn")
    run = inside(f"import sklearn.datasets as d\nprint('imported', flush=True)\nd.{name}()")
    assert run.stdout.decode() == "imported\n"
    assert run.returncode == 1 and "FileNotFoundError" in run.stderr.decode()


def test_what_covers_a_data_set_can_not_be_written_to() -> None:
    """A template's children share it, so that it would be a way from one to the next."""
    folders = [bubblewrap._inside(folder) for folder in data_sets.installed().folders]
    assert folders
    run = inside(
        f"import os\nfor folder in {folders!r}:\n    try: open(folder + '/note', 'w')\n"
        "    except OSError: continue\n    raise SystemExit(folder)"
    )
    assert run.returncode == 0, run.stderr.decode()
