"""What a worker of a cluster does: it grades one submission, which `cluster` sent it as text."""

from __future__ import annotations

import atexit
import json
import math
import os
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from autograder.backends import Backend
from autograder.batch.grader import Grader
from autograder.errors import FaultError
from autograder.grading.fingerprint import versions
from autograder.report import plain_matplotlib
from autograder.report.output import without_commands
from autograder.report.sanitize import one_line
from autograder.results import record
from autograder.sandbox import gpu
from autograder.sandbox.bubblewrap import Isolation
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission
from autograder.wire.program import Background, ProgramCell

_MAX_ERROR = 2_000  # characters
GPU = "GPU"  # what workers call a share of theirs: `dask worker --resources GPU=2` has two


def graded(order: bytes) -> bytes:
    """Grade what an order of `cluster` holds; return the record.

    Raises:
        FaultError: the worker has another course or other libraries, or failed.
    """
    plain_matplotlib.install()
    task = json.loads(order)
    try:
        what = (task["course"], task["unit_hash"], task["seed"])
        shares = _shares() if task["on_gpu"] else 0
        grader = _grader(*what, task["isolation"], task["backend"], shares, task["keep_evidence"])
        if (unit := task["unit"]) not in grader.units:
            raise FaultError(f"There is no unit `{unit}` in a worker's course: bring it up to date")
        oracle = grader.oracle(unit)
        _agree("course", oracle.loaded.digest, task["unit_hash"])
        here = versions("numpy", oracle.backend)
        _agree("libraries", [list(item) for item in here], task["versions"])
        result = grader.grade_one(_submission(task["submission"]))
        return record.dumps(result).encode("utf-8", "surrogatepass")
    except Exception as error:  # its class may be one that only this machine knows
        kind = "" if isinstance(error, FaultError) else f"{type(error).__name__}: "
        # Dask logs it on the worker.
        raise FaultError(without_commands(one_line(f"{kind}{error}", _MAX_ERROR))) from None


def _shares() -> int:
    """How many submissions may use this worker's GPUs at once: what it was started with."""
    from distributed import get_worker

    return int(get_worker().state.total_resources[GPU])


def _gpus(shares: int) -> gpu.Gpus | None:
    """This worker's GPUs, which together serve that many submissions at once.

    Raises:
        FaultError: it has none after all.
    """
    if not shares:
        return None
    found, problem = gpu.seen(os.environ, gpu.FILES)
    if not found:
        raise FaultError(
            f"a worker that was started with `--resources {GPU}={shares}` sees none: {problem}"
        )
    return gpu.Gpus(found, math.ceil(shares / len(found)), gpu.FILES)


def _agree(what: str, here: Any, there: Any) -> None:
    if here != there:
        raise FaultError(f"a worker has another version of the {what}: bring it up to date")


def _submission(data: dict[str, Any]) -> Submission:
    known = data["background"]
    return Submission(
        **data
        | {
            "cells": tuple(ProgramCell(**cell) for cell in data["cells"]),
            "notes": tuple(data["notes"]),
            "until": tuple((name, number) for name, number in data["until"]),
            "background": Background(
                known["python"],
                tuple(known["beside"]),
                tuple((name, where) for name, where in known["elsewhere"]),
            ),
        }
    )


def _once(make: Callable[..., Any]) -> Callable[..., Any]:
    """`cache` for functions that threads of a worker call at once."""
    kept, guard = cache(make), threading.Lock()

    def made(*arguments: Any) -> Any:
        with guard:
            return kept(*arguments)

    return made


@_once
def _pool(isolation: Any, backend: Any, shares: int) -> Pool:
    pool = Pool(isolation, backend=backend, gpus=_gpus(shares))
    atexit.register(pool.__exit__, None, None, None)
    return pool


@_once
def _grader(
    course: str,
    _unit_hash: str,
    seed: str,
    isolation: Isolation,
    backend: Backend,
    shares: int,
    keep_evidence: bool,
) -> Grader:
    """Return what was made for one submission also for the next, until the unit changes."""
    pool = _pool(isolation, backend, shares)
    return Grader(course, seed=seed, keep_evidence=keep_evidence, pool=pool)
