"""Every command in a folder full of traps: none is sprung, and the results are the same.

A student's repository is where graders are started: by CI, or by a teacher who looks into it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support import traps
from support.browser import free_port
from support.command import CENTER_SUM, files_of
from support.nbgrader_class import Class, autograded

from autograder.cli import apart
from autograder.cli.main import main

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
UNIT = "01_lines"
# What only a person's own environment says, and would hide what a command reads by itself.
PERSONAL = re.compile(r"PYTHON|JUPYTER|IPYTHON|MPL|KERAS|DASK|XDG|VIRTUAL_ENV")

# Words for each command, where `course` lies beside the folder that it is started in.
CASES: dict[str, str] = {
    "quickstart": "quickstart ../made",
    "doctor": "doctor",
    "check-course": "check-course --course ../course",
    "prepare": "prepare --course ../course",
    "release": "release --check --course ../course",
    "grade": "grade ada.ipynb bo.ipynb --course ../course --seed s --format json,html,csv,markdown",
    "regrade": "regrade ada.ipynb --course ../course --seed s",
    "report": "report grades --format html,csv --out ../report",
    "similar": "similar ada.ipynb bo.ipynb --course ../course",
    "nbgrade": f"nbgrade {UNIT} --course ../course",
}
# Whose results are compared with those in a clean folder.
COMPARED = ["grade", "regrade", "report", "similar", "nbgrade"]
BY_MODULE = [sys.executable, "-m", "autograder"]
BY_SCRIPT = [str(BIN / "autograder")]


def test_there_is_a_case_for_every_command() -> None:
    assert set(CASES) == set(main.commands)


AS_DONE = re.compile(r"^\d+ of \d+ +[\d.]+ s(?= )")


class Place:
    """A student's folder, a course beside it, and the grader's home; `run` runs there."""

    def __init__(self, base: Path, course: Path, *, trapped: bool, without: Any = ()) -> None:
        self.base = base
        self.folder, self.markers, home = base / "checkout", base / "markers", base / "home"
        for path in (self.folder, self.markers, home):
            path.mkdir(parents=True)
        self.course = Path(shutil.copytree(course, base / "course"))
        (self.course / ".autograder").mkdir(exist_ok=True)
        (self.course / ".autograder" / "seed").write_text("s\n")
        group = Class(self.course)
        for student, answers in (("ada", {}), ("bo", {"center": CENTER_SUM})):
            handed_in = group.hand_in(student, group.notebook(**answers))
            shutil.copy(handed_in, self.folder / f"{student}.ipynb")
        if trapped:
            traps.lay(self.folder, self.markers, without)
            traps.lay(handed_in.parent, self.markers, set(sys.stdlib_module_names))
        self.environment = {n: v for n, v in os.environ.items() if not PERSONAL.match(n)} | {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "PATH": f":{BIN}:.:{os.environ['PATH']}",
        }

    def run(
        self, words: list[str], folder: Path | None = None, **environment: str
    ) -> tuple[int, str, str]:
        """Its status and what it said, wherever that was."""
        done = subprocess.run(
            words,
            cwd=folder or self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        out, err = (text.replace(str(self.base), "BASE") for text in (done.stdout, done.stderr))
        # Which submission is done first, and after how long, differs from run to run.
        timeless = [AS_DONE.sub("", line) for line in err.splitlines(keepends=True)]
        return done.returncode, out, "".join(sorted(timeless))

    def sprung(self) -> set[str]:
        return traps.sprung(self.folder, self.markers)

    def files(self, name: str) -> dict[str, bytes]:
        """Results, tables and pages; the class page alone tells times."""
        return {
            file: content
            for file, content in files_of(self.base / name).items()
            if Path(file).name not in ("index.html", ".writable")
        }


Runs = dict[str, tuple[tuple[int, str, str], set[str]]]


def commands(place: Place, names: Collection[str]) -> Runs:
    """What each command said, and the traps that it sprang."""
    runs: Runs = {}
    before: set[str] = set()
    for name in names:
        words = CASES[name]
        said = place.run([*BY_SCRIPT, *words.split()])
        runs[name] = said, place.sprung() - before
        before = place.sprung()
    return runs


@pytest.fixture(scope="module")
def places(
    gradebook_course: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Place, Place, Runs, Runs]:
    """A clean folder and one full of traps, and what became of all commands in each."""
    base = tmp_path_factory.mktemp("places")
    clean = Place(base / "clean", gradebook_course, trapped=False)
    full = Place(base / "full", gradebook_course, trapped=True)
    with ThreadPoolExecutor(2) as both:
        of_clean, of_full = both.map(commands, (clean, full), (COMPARED, CASES))
    return clean, full, of_clean, of_full


@pytest.mark.parametrize("name", CASES)
def test_no_command_springs_a_trap(places: tuple[Place, Place, Runs, Runs], name: str) -> None:
    _, _, clean, full = places
    said, caught = full[name]
    assert not caught
    assert said[0] == 0, said
    assert name not in COMPARED or said == clean[name][0]


def test_all_that_is_written_is_the_same(places: tuple[Place, Place, Runs, Runs]) -> None:
    clean, full, _, _ = places
    for name in ("checkout/grades", "report"):
        assert clean.files(name), name
        assert full.files(name) == clean.files(name)
    for student in ("ada", "bo"):
        assert autograded(full.course, student) == autograded(clean.course, student)
    similar = "checkout/similar.html"
    assert (full.base / similar).read_bytes() == (clean.base / similar).read_bytes()
    pictures = [
        re.findall(rb"data:image/svg[^\"']*", (place.base / "report/index.html").read_bytes())
        for place in (clean, full)
    ]
    assert pictures[0]
    assert pictures[0] == pictures[1]


def test_traps_work(tmp_path: Path, gradebook_course: Path) -> None:
    """Programs that are not as careful fall into them, and so does Python itself."""
    place = Place(tmp_path, gradebook_course, trapped=True)
    for words, trap in [
        ([sys.executable, "-c", "import numpy"], "numpy.py"),
        (["/bin/sh", "-c", "pandoc"], "pandoc"),
        ([sys.executable, "-m", "autograder", "--version"], "importlib.py"),
    ]:
        place.run(words)
        assert trap in place.sprung()
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(traps.FOUND, alone / "matplotlib.py")
    place.run([sys.executable, "-c", "import matplotlib.font_manager"], alone)
    assert (alone / "EXECUTED").exists()


def test_python_with_a_module_takes_the_folder_off_its_path(
    tmp_path: Path, gradebook_course: Path
) -> None:
    without = {"autograder", *traps.OF_PYTHON}
    place = Place(tmp_path, gradebook_course, trapped=True, without=without)
    status, said, problem = place.run([*BY_MODULE, *CASES["grade"].split()])
    assert (status, place.sprung()) == (0, set()), said + problem


def test_a_path_with_an_empty_part_is_not_the_folder(
    tmp_path: Path, gradebook_course: Path
) -> None:
    """But for what Python itself, or the script, has imported by then."""
    without = {*sys.stdlib_module_names, "autograder", "_distutils_hack"}
    place = Place(tmp_path, gradebook_course, trapped=True, without=without)
    for name in ("sitecustomize.py", "usercustomize.py"):
        (place.folder / name).unlink()
    words = [*BY_SCRIPT, *CASES["grade"].split()]
    status, *said = place.run(words, PYTHONPATH=f".:{tmp_path}:")
    assert (status, place.sprung()) == (0, set()), said


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("", ["/lib", "/here"]),
        (":/more", ["/lib"]),
        (".", ["/lib"]),
        ("/here:", ["/lib", "/here"]),
        ("../here", ["/lib"]),
    ],
)
def test_parts_that_mean_the_folder(given: str, left: list[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("os.getcwd", lambda: "/here")
    assert apart.without_caller(["", "x", "/lib", "/here"], given) == left


# ------------------------------------------------------------------------------------- matplotlib


@pytest.mark.parametrize(
    ("settings", "command"),
    [
        (b"text.usetex: True\nfont.size: 40\naxes.facecolor: red\n", "report"),
        (b"backend: module://evil_module\n", "report"),
        (b"font.family: \xff\xfe\x00caf\xe9\n", "report"),
        (None, "report"),
        (None, "similar"),
    ],
    ids=["latex", "backend", "not utf-8", "a pipe", "a pipe, not for a plot"],
)
def test_settings_of_the_folder_change_no_plot(
    places: tuple[Place, Place, Runs, Runs], settings: bytes | None, command: str
) -> None:
    place = places[0]  # which had none before
    page = (place.base / "report" / "index.html").read_bytes()
    assert b"data:image/svg+xml" in page
    (place.folder / "evil_module.py").write_text(f"open({str(place.markers / 'evil')!r}, 'a')")
    file = place.folder / "matplotlibrc"
    if settings is None:
        os.mkfifo(file)
    else:
        file.write_bytes(settings)
    try:
        status, *said = place.run([*BY_SCRIPT, *CASES[command].split()])
    finally:
        file.unlink()
    assert (status, place.sprung()) == (0, set()), said
    assert (place.base / "report" / "index.html").read_bytes() == page


ELSEWHERE = """
import os, sys, threading
from autograder.report import plain_matplotlib
plain_matplotlib.install()
seen, ended = set(), threading.Event()
def look():
    while not ended.is_set():
        seen.add(os.getcwd())
looking = threading.Thread(target=look)
looking.start()
import matplotlib
ended.set()
looking.join()
print(matplotlib.rcParams["font.size"], seen == {os.getcwd()} == {sys.argv[1]})
"""


def test_meanwhile_other_threads_stay_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 40")
    done = subprocess.run(
        [sys.executable, "-P", "-c", ELSEWHERE, str(tmp_path.resolve())],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "10.0 True\n", done


# ------------------------------------------------------------------------------ other entry points


def test_nbgraders_own_command_reads_nothing_of_a_submission(
    tmp_path: Path, gradebook_course: Path
) -> None:
    place = Place(tmp_path, gradebook_course, trapped=True)
    words = [str(BIN / "nbgrader"), "autograde", UNIT]
    status, *said = place.run(words, place.course, PATH=f":{place.environment['PATH']}")
    assert (status, place.sprung()) == (0, set()), said
    assert len(list((place.course / "autograded").rglob(f"{UNIT}.ipynb"))) == 2


@pytest.fixture
def cluster(tmp_path: Path, gradebook_course: Path) -> Iterator[tuple[Place, str]]:
    """A scheduler and a worker as docs/cluster.md starts them, in a folder full of traps.

    Dask itself calls `uname` from its PATH before it has heard of us.
    """
    place = Place(tmp_path, gradebook_course, trapped=True)
    address = f"tcp://127.0.0.1:{free_port()}"
    own = {
        "DASK_DISTRIBUTED__WORKER__DAEMON": "False",
        "PYTHONSAFEPATH": "1",
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "DASK_TEMPORARY_DIRECTORY": str(tmp_path / "dask"),
    }
    words = {
        "scheduler": ["--host", address],
        "worker": [address, "--nworkers", "1", "--nthreads", "1", "--memory-limit", "0"],
    }
    with ExitStack() as stack:
        for what, options in words.items():
            log = stack.enter_context((tmp_path / f"{what}.log").open("wb"))
            process = subprocess.Popen(
                [str(BIN / "dask"), what, *options, "--no-dashboard"],
                cwd=place.folder,
                env={**place.environment, **own},
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield place, address


def test_a_worker_of_a_cluster_springs_none(cluster: tuple[Place, str]) -> None:
    place, address = cluster
    words = [*BY_SCRIPT, *CASES["grade"].split(), "--engine", address]
    for _ in range(3):  # until there is a scheduler
        status, *said = place.run(words)
        if status == 0:
            break
        time.sleep(1)
    log = (place.base / "worker.log").read_text()
    assert (status, place.sprung()) == (0, set()), (said, log)
    points = {
        path.stem: json.loads(path.read_text())["points"]
        for path in (place.folder / "grades" / UNIT).glob("*.json")
    }
    assert points["ada"] > points["bo"]
