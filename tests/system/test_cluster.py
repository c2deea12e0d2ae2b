"""Grading on a cluster of processes: the results of one machine, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.browser import free_port
from support.cluster import Cluster, certificates
from support.command import CENTER_MEAN, CENTER_SUM, Write, files_of, grade_command, write_class
from support.places import ROOT, SAMPLES

from autograder.batch.cluster import ClusterError, _safe
from autograder.batch.cluster_worker import graded
from autograder.cli.main import ALL_GRADED, USAGE
from autograder.errors import FaultError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ANSWERS = [
    CENTER_MEAN,
    CENTER_SUM,
    "def center(X):\n    raise ValueError('no')",
    "def center(X):\n    import os\n    os._exit(3)",
]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    with ExitStack() as stack:
        yield lambda **security: Cluster(stack, tmp_path, security)


@pytest.fixture
def handed_in(tmp_path: Path, write_notebook: Write) -> Path:
    return write_class(write_notebook, tmp_path / "in", ANSWERS, 10)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def begun(words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def tables_and_pages(out: Path) -> dict[str, bytes]:
    """Records, tables and pages; the class page alone tells times."""
    return {name: content for name, content in files_of(out).items() if name != "index.html"}


def await_results(out: Path, count: int) -> None:
    deadline = time.monotonic() + 200
    while len(list(out.rglob("student*.json"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_class_that_loses_a_worker_and_the_scheduler_is_as_on_one_machine(
    lines_course: Path, handed_in: Path, tmp_path: Path, started: Callable[..., Cluster]
) -> None:
    out, alone = tmp_path / "out", tmp_path / "alone"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache alone")}
    status, output = ended(begun(grade_command(lines_course, handed_in, alone), environment))
    assert status == ALL_GRADED, output

    cluster = started(**certificates(tmp_path))
    first = cluster.start_worker()
    words = grade_command(lines_course, handed_in, out, "--engine", cluster.address)
    grading = begun(words, cluster.environment)
    await_results(out, 2)
    second = cluster.start_worker()
    first.kill()
    await_results(out, 4)
    cluster.scheduler.kill()
    cluster.scheduler.wait()
    second.kill()
    cluster.start_scheduler()
    cluster.start_worker()
    status, output = ended(grading)
    assert status == ALL_GRADED, output
    assert tables_and_pages(out) == tables_and_pages(alone)


def test_a_unit_that_was_changed_is_loaded_anew(
    lines_course: Path, handed_in: Path, tmp_path: Path, started: Callable[..., Cluster]
) -> None:
    cluster = started()
    cluster.start_worker()
    out, one = tmp_path / "out", handed_in / "student00.ipynb"
    words = grade_command(lines_course, one, out, "--engine", cluster.address)
    hashes = []
    sources = lines_course / "solutions" / "01_lines" / "exercises.py"
    for _ in range(2):
        status, output = ended(begun(words, cluster.environment))
        assert status == ALL_GRADED, output
        (path,) = out.rglob("student00.json")
        hashes.append(json.loads(path.read_text())["unit_hash"])
        sources.write_text(sources.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    assert len(set(hashes)) == 2


def test_only_what_trains_in_a_framework_goes_to_the_workers_with_gpus(
    lines_course: Path, handed_in: Path, tmp_path: Path, started: Callable[..., Cluster]
) -> None:
    cluster = started()
    cluster.start_worker()
    on_gpus = ("--engine", cluster.address, "--device", "gpu")
    words = grade_command(lines_course, handed_in, tmp_path / "none", *on_gpus)
    status, output = ended(begun(words, cluster.environment))
    assert status == USAGE
    assert "no worker has a GPU: start those" in output

    cluster.start_worker("--resources", "GPU=1")
    out = tmp_path / "out"
    words = grade_command(lines_course, handed_in / "student00.ipynb", out, *on_gpus)
    status, output = ended(begun(words, cluster.environment))
    assert status == ALL_GRADED, output
    (path,) = out.rglob("student00.json")
    assert json.loads(path.read_text())["device"] == "cpu"

    words = grade_command(
        ROOT, SAMPLES / "06_convolution_lenet_alexnet" / "ada.ipynb", out, *on_gpus
    )
    status, output = ended(begun(words, cluster.environment))
    (path,) = out.rglob("ada.json")
    # It went to that worker, which only says that it has a GPU.
    assert "`--resources GPU=1` sees none" in json.loads(path.read_text())["problem"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unit_hash": "other"}, "another version of the course"),
        ({"versions": [["numpy", "1.0"]]}, "another version of the libraries"),
        ({"unit": "09_none"}, "There is no unit `09_none`"),
    ],
)
def test_a_worker_with_something_else_is_the_graders_fault(
    order: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(FaultError, match=said):
        graded(json.dumps(order | changed).encode())


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://10.0.0.1:8786", "Whoever reaches"),
        ("http://127.0.0.1:8786", "is no scheduler's address"),
        ("tls://host", "is no scheduler's address"),
        ("tls://host:port", "is no scheduler's address"),
    ],
)
def test_an_address_that_is_none_or_is_not_safe_is_told(address: str, said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        _safe(address)


def test_a_scheduler_that_does_not_answer_is_told(
    lines_course: Path, handed_in: Path, tmp_path: Path
) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    words = grade_command(lines_course, handed_in, tmp_path / "out", "--engine", address)
    status, output = ended(begun(words, dict(os.environ)))
    assert status == USAGE
    assert f"The scheduler at `{address}` can't be reached" in output
