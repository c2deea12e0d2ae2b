"""A tiny course and programs for it; nothing here is a mock."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from support.command import Write
from support.once import once
from support.places import ROOT, TINY

from autograder.course.course import Course
from autograder.course.notebook import author_notebook, release_notebook
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.fingerprint import versions
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.limits import Limits
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep modules whose fixtures are dear on one worker, whatever else `--dist load` does."""
    if config.getvalue("dist") != "load":
        return None
    from support.together import Together

    return Together(config, log)


@pytest.fixture(autouse=True)
def same_draws(request: pytest.FixtureRequest) -> None:
    """Give a test the same draws of its module's `rng`, whichever tests ran before it."""
    if (rng := getattr(request.module, "rng", None)) is not None:
        own = np.random.default_rng(zlib.crc32(request.node.nodeid.encode()))
        rng.bit_generator.state = own.bit_generator.state


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all workers of a parallel run, for what is dear and the same for each."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base


@pytest.fixture(scope="session")
def shared_cache(shared: Path) -> Path:
    """`XDG_CACHE_HOME` of those that may share what a unit's own programs give for a seed."""
    folder = shared / "cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path | None:
    """Where a test's pictures go, if somebody wants to look at them."""
    folder = os.environ.get("AUTOGRADER_PICTURES")
    if not folder:
        return None
    path = Path(folder, request.node.name)
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course of one's own: `01_lines` in NumPy, `02_swish` in Keras."""
    return Path(shutil.copytree(TINY, tmp_path / "course"))


@pytest.fixture
def lines_course(course: Path) -> Path:
    """The same without the unit that needs TensorFlow."""
    shutil.rmtree(course / "solutions" / "02_swish")
    return course


@pytest.fixture
def order(lines_course: Path) -> dict[str, Any]:
    """What a worker of a cluster is sent for a submission without cells."""
    loaded = Course(lines_course).load("01_lines")
    return {
        "course": str(lines_course),
        "unit": loaded.name,
        "unit_hash": loaded.digest,
        "seed": "s",
        "isolation": "namespaces",
        "backend": "tensorflow",
        "on_gpu": False,
        "keep_evidence": False,
        "versions": versions("numpy", "tensorflow"),
        "submission": asdict(Submission("ada", loaded.name, "ada.ipynb", (), (), "hash")),
    }


@pytest.fixture(scope="module")
def loaded(request: pytest.FixtureRequest) -> LoadedUnit:
    """The unit that a test module is about: its `UNIT`."""
    return Course.find(ROOT).load(request.module.UNIT)


@pytest.fixture(scope="module")
def reference(loaded: LoadedUnit) -> SimpleNamespace:
    """The names that the reference's cells leave behind, experiments aside."""
    names: dict[str, Any] = {}
    for _, source in loaded.reference.cells:
        exec(source, names)
    return SimpleNamespace(**names)


@pytest.fixture(scope="session")
def lines() -> LoadedUnit:
    """The unit `01_lines`."""
    return Course(TINY).load("01_lines")


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """Warm processes whose limits don't matter to the test."""
    with Pool(limits=Limits(memory_mib=1024, cell_seconds=5)) as pool:
        yield pool


@pytest.fixture(scope="session")
def oracle(lines: LoadedUnit, pool: Pool) -> Iterator[ReferenceOracle]:
    """What is known of `01_lines` for a secret seed."""
    oracle = ReferenceOracle(lines, "secret", pool, EvidenceCache(None))
    yield oracle
    oracle.close()


@pytest.fixture(scope="module")
def nbgrader_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For nbgrader: nothing of the person who runs the tests."""
    from support import nbgrader_class as own

    with own.own_environment(tmp_path_factory.mktemp("home")):
        yield


@pytest.fixture(scope="session")
def gradebook_course(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of `01_lines` that is in nbgrader's gradebook; make copies of it."""
    from support import nbgrader_class as own

    def make(course: Path) -> None:
        with own.own_environment(tmp_path_factory.mktemp("home")):
            own.new_course(course)
            status, log = own.nbgrader(course, "generate_assignment", own.UNIT)
            assert status == 0, log

    return once(shared, "gradebook_course", make)[0]


@pytest.fixture(scope="session")
def write_notebook() -> Write:
    """Writes the notebook of a student: `write_notebook(path, center="def center(X): ...")`.

    What is not answered is the reference's; with `stubs=True` it is the released stub.
    """

    def write(path: Path, unit: str = "01_lines", stubs: bool = False, **answers: str) -> Path:
        loaded = Course(TINY).load(unit)
        make = release_notebook if stubs else author_notebook
        notebook: Any = make(loaded.cells, loaded.unit.exercises, unit)
        for cell in notebook["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            cell["source"] = answers.get(name, cell["source"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path

    return write
