"""Grading on a cluster of processes: the results of one machine, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.browser import free_port
from support.places import ROOT, SAMPLES

from autograder.batch.cluster import ClusterError, _safe
from autograder.batch.cluster_worker import graded
from autograder.cli.main import ALL_GRADED, USAGE
from autograder.errors import FaultError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

STUDENTS = 10
ANSWERS = [
    "def center(X):\n    return X - X.mean(axis=1, keepdims=True)",
    "def center(X):\n    return X - X.sum(axis=1, keepdims=True)",
    "def center(X):\n    raise ValueError('no')",
    "def center(X):\n    import os\n    os._exit(3)",
]
SECONDS = re.compile(rb'"seconds": [0-9.e-]+')


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, stack: ExitStack, home: Path, security: dict[str, str]) -> None:
        self.port = free_port()
        self.scheme = "tls" if security else "tcp"
        self.address = f"{self.scheme}://127.0.0.1:{self.port}"
        self.home = home
        self.environment = {**os.environ, **security, "XDG_CACHE_HOME": str(home / "cache")}
        self.environment["DASK_DISTRIBUTED__WORKER__DAEMON"] = "False"
        self._stack = stack
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        options = ["--host", f"{self.scheme}://127.0.0.1:{self.port}", "--no-dashboard"]
        return self._started("scheduler", options)

    def start_worker(self, *more: str) -> subprocess.Popen[bytes]:
        options = [self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny", *more]
        options += ["--local-directory", str(self.home / "workers"), "--death-timeout", "60"]
        return self._started("worker", options)

    def _started(self, what: str, options: list[str]) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self.home / f"{what}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + what, *options],
            env=self.environment,
            stdout=log,
            stderr=log,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    with ExitStack() as stack:
        yield lambda **security: Cluster(stack, tmp_path, security)


@pytest.fixture
def handed_in(lines_course: Path, tmp_path: Path, write_notebook: Any) -> Path:
    for number in range(STUDENTS):
        answer = f"{ANSWERS[number % len(ANSWERS)]}\n# {number}"
        write_notebook(tmp_path / "in" / f"student{number:02}.ipynb", center=answer)
    return tmp_path / "in"


def command(course: Path, handed_in: Path, out: Path, *options: str) -> list[str]:
    words = ["grade", handed_in, "--out", out, "--course", course, "--seed", "s", *options]
    return [sys.executable, "-m", "autograder", *map(str, words)]


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def begun(words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def files(out: Path) -> dict[str, bytes]:
    """Results, tables and pages; the class page alone tells times."""
    return {
        str(path.relative_to(out)): SECONDS.sub(b'"seconds": 0', path.read_bytes())
        for path in out.rglob("*")
        if path.is_file() and path.name != "index.html"
    }


def await_results(out: Path, count: int) -> None:
    deadline = time.monotonic() + 200
    while len(list(out.rglob("student*.json"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def certificates(folder: Path) -> dict[str, str]:
    """What Dask's configuration says of certificates that a course's own authority gave."""
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    own.private_key_and_cert_chain_pem.write_to_path(folder / "own.pem")
    settings = {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}
    settings["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] = str(folder / "ca.pem")
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        for what in ("CERT", "KEY"):
            settings[f"DASK_DISTRIBUTED__COMM__TLS__{role}__{what}"] = str(folder / "own.pem")
    return settings


def test_a_class_that_loses_a_worker_and_the_scheduler_is_as_on_one_machine(
    lines_course: Path, handed_in: Path, tmp_path: Path, started: Callable[..., Cluster]
) -> None:
    out, alone = tmp_path / "out", tmp_path / "alone"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache alone")}
    status, output = finished(begun(command(lines_course, handed_in, alone), environment))
    assert status == ALL_GRADED, output

    cluster = started(**certificates(tmp_path))
    first = cluster.start_worker()
    words = command(lines_course, handed_in, out, "--engine", cluster.address)
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
    status, output = finished(grading)
    assert status == ALL_GRADED, output
    assert files(out) == files(alone)


def test_a_unit_that_was_changed_is_loaded_anew(
    lines_course: Path, handed_in: Path, tmp_path: Path, started: Callable[..., Cluster]
) -> None:
    cluster = started()
    cluster.start_worker()
    out, one = tmp_path / "out", handed_in / "student00.ipynb"
    words = command(lines_course, one, out, "--engine", cluster.address)
    hashes = []
    sources = lines_course / "solutions" / "01_lines" / "exercises.py"
    for _ in range(2):
        status, output = finished(begun(words, cluster.environment))
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
    words = command(lines_course, handed_in, tmp_path / "none", *on_gpus)
    status, output = finished(begun(words, cluster.environment))
    assert status == USAGE
    assert "no worker has a GPU: start those" in output

    cluster.start_worker("--resources", "GPU=1")
    out = tmp_path / "out"
    words = command(lines_course, handed_in / "student00.ipynb", out, *on_gpus)
    status, output = finished(begun(words, cluster.environment))
    assert status == ALL_GRADED, output
    (path,) = out.rglob("student00.json")
    assert json.loads(path.read_text())["device"] == "cpu"

    words = command(ROOT, SAMPLES / "06_convolution_lenet_alexnet" / "ada.ipynb", out, *on_gpus)
    status, output = finished(begun(words, cluster.environment))
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
    words = command(lines_course, handed_in, tmp_path / "out", "--engine", address)
    status, output = finished(begun(words, dict(os.environ)))
    assert status == USAGE
    assert f"The scheduler at `{address}` can't be reached" in output
