"""Grading on several machines, which dask.distributed connects (the extra `cluster`).

Dask schedules: it sends a submission to a worker that is free, and to another one if that machine
dies.  Everything else is as on one machine: the worker grades in its own sandbox, under its own
limits, and the process that was called writes the results.  Only text crosses, no pickles of what
a student wrote.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from dataclasses import asdict
from functools import partial
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from autograder.batch.cluster_worker import GPU, graded
from autograder.batch.run import Attempt
from autograder.course.course import Course
from autograder.errors import FaultError, UserError, pip_install
from autograder.grading.fingerprint import versions
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results import record
from autograder.results.result import Result
from autograder.sandbox.gpu import Device
from autograder.submissions.submission import Submission

LOG = logging.getLogger(__name__)
HERE = ("127.0.0.1", "localhost", "::1")
ANSWER_SECONDS = 20.0  # in which a scheduler answers a first call, and a first worker comes
AWAY_SECONDS = 300.0  # that a scheduler may be away while a class is graded
CALLS = 5  # of a scheduler for one submission, before that is the grader's fault
LEAST_IN_FLIGHT = 32  # so that workers that come later find something to do


class ClusterError(UserError):
    """The cluster can't be used: no such library, address or answer."""


class Cluster:
    """The workers behind a scheduler's address: an engine of `Grader`."""

    def __init__(self, address: str, device: Device = "cpu") -> None:
        """Call the scheduler.

        Args:
            address: `tls://host:port`, or `tcp://` on this machine alone.
            device: where networks are trained; "auto" is on GPUs if a worker has one now.

        Raises:
            ClusterError: it does not answer, anybody could use it to run code, or a GPU is asked
                for and no worker has one.
        """
        self._address = _safe(address)
        self._guard = threading.Lock()
        self._gone: ClusterError | None = None
        self._client = _client(self._address, ANSWER_SECONDS)
        try:
            self.on_gpu = device != "cpu" and _have_gpus(self._client, device)
        except BaseException:
            _close(self._client, 5)
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _close(self._client, 5)

    @property
    def in_flight(self) -> int:
        """How many submissions are handed over before the first result is there."""
        threads: dict[str, int] = self._client.nthreads()
        return max(LEAST_IN_FLIGHT, 2 * sum(threads.values()))

    def grading(self, course: Course, keep_evidence: bool) -> Attempt:
        """Return what grades a submission as `grading.grade` does, on whichever worker.

        Many threads may call it at once.  It raises FaultError where the worker failed, or several
        died of it, and ClusterError where the scheduler is gone and does not come back.

        Args:
            course: must lie at the same path on every worker.
            keep_evidence: whether workers keep evidence between runs.
        """
        return partial(self._grade, str(course.root.resolve()), keep_evidence)

    def _grade(
        self, course: str, keep_evidence: bool, submission: Submission, oracle: ReferenceOracle
    ) -> Result:
        on_gpu = oracle.wants_gpu(submission.program)
        order = json.dumps(
            {
                "course": course,
                "unit": oracle.loaded.name,
                "unit_hash": oracle.loaded.digest,
                "seed": oracle.seed,
                "isolation": oracle.pool.isolation,
                "backend": oracle.pool.backend,
                "on_gpu": on_gpu,
                "keep_evidence": keep_evidence,
                "versions": versions("numpy", oracle.backend),
                "submission": asdict(submission),
            }
        )
        return record.loads(self._sent(order.encode("ascii"), {GPU: 1} if on_gpu else None))

    def _sent(self, order: bytes, resources: dict[str, float] | None) -> str:
        """A worker's answer, also when the scheduler was started anew meanwhile."""
        from distributed import KilledWorker

        for _ in range(CALLS):
            client = self._client
            try:
                future = client.submit(graded, order, pure=False, resources=resources)
                answer: bytes = future.result()
                return answer.decode("utf-8", "surrogatepass")
            except KilledWorker:
                raise FaultError("it ended every worker that it was sent to") from None
            except FaultError:
                raise
            except Exception:  # of Dask: lost, cancelled, closed by another thread
                self._call_again(client)
        raise FaultError(f"the scheduler was lost {CALLS} times")

    def _call_again(self, lost: Any) -> None:
        """Puts a new client in the place of one whose scheduler is gone; one thread does it."""
        with self._guard:
            if self._gone is not None:
                raise self._gone
            if self._client is not lost:
                return
            LOG.warning("The scheduler at %s is away; waiting for it.", self._address)
            _close(lost, 0)
            until = time.monotonic() + AWAY_SECONDS
            while True:
                try:
                    self._client = _client(self._address, ANSWER_SECONDS)
                    return
                except ClusterError as error:
                    if time.monotonic() > until:
                        self._gone = error
                        raise
                    time.sleep(1)


def _close(client: Any, seconds: float) -> None:
    """Lets go of a client, also of one whose scheduler does not answer any more."""
    with contextlib.suppress(OSError):  # TimeoutError among them
        client.close(timeout=seconds)


def _safe(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or not _port(parts):
        raise ClusterError(f"`{address}` is no scheduler's address: `tls://host:8786`.")
    if parts.scheme == "tcp" and parts.hostname not in HERE:
        raise ClusterError(
            f"Whoever reaches `{address}` can run code on every worker. Start scheduler and "
            "workers with certificates (docs/cluster.md) and use `tls://`."
        )
    return address


def _port(parts: Any) -> int | None:
    try:
        port: int | None = parts.port
    except ValueError:
        return None
    return port


def _client(address: str, seconds: float) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            f"Several machines need dask.distributed: `{pip_install('cluster')}`."
        ) from None
    # Its threads would log pages of tracebacks.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        # Certificates are where Dask's own configuration says.
        return Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError, TypeError, ValueError) as error:
        said = str(error).split("\n")[0] or type(error).__name__
        raise ClusterError(f"The scheduler at `{address}` can't be reached: {said}.") from None


def _have_gpus(client: Any, device: Device) -> bool:
    """Whether workers have GPUs, as soon as one is there or, if GPUs are asked for, one with them.

    Raises:
        ClusterError: GPUs are asked for, and of all that came no worker has one.
    """
    until = time.monotonic() + ANSWER_SECONDS
    while True:
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        if any(worker["resources"].get(GPU) for worker in workers):
            return True
        if time.monotonic() > until or (workers and device == "auto"):
            break
        time.sleep(0.2)
    if device == "gpu" and workers:
        raise ClusterError(
            "`--device gpu`, and no worker has a GPU: start those on machines with GPUs with "
            "`--resources GPU=1` (docs/cluster.md), or train on the CPU: `--device cpu`."
        )
    return device == "gpu"  # without any worker, those that come later are waited for
