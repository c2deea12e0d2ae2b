"""Assignments that are no units of the course: their own test cells, run in the sandbox.

For courses that keep older assignments of nbgrader beside units.  Such tests run beside the
student's code, which can see and deceive them; what the sandbox adds is that nothing else is within
reach, and that what is on stderr costs nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nbformat.v4 import new_output
from nbgrader.utils import is_grade, is_solution

from autograder.errors import UserError
from autograder.grading.messages import cell_failure
from autograder.plugins.nbgrader import outputs
from autograder.results.result import CellRun
from autograder.sandbox.limits import Budget, Limits
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.wire.evidence import Evidence
from autograder.wire.program import Program

# nbgrader promises this to the cells that it runs; as cell 0 it leaves no name behind.
_SETUP = '__import__("os").environ["NBGRADER_EXECUTION"] = "autograde"'


class OtherLanguageError(UserError):
    """A notebook that the sandbox can't run; says what to do."""


def limits(timeout: float | None) -> Limits:
    """The sandbox's limits where nbgrader's `Execute.timeout` is `timeout`, without one if None.

    A cell gets as many seconds, less those that it waited for a core.
    """
    own = Limits()
    cell = float(timeout) if timeout and timeout > 0 else own.submission_seconds
    together = max(own.submission_seconds, 10 * cell)
    return replace(
        own,
        cell_seconds=cell,
        cells_seconds=together,
        submission_seconds=together,
        wall_factor=1.0,
        wall_extra=1.0,  # for what is not the cell's own
        total_cpu_seconds=max(own.total_cpu_seconds, int(together)),
    )


def run(notebook: Any, pool: Pool) -> None:
    """Runs all code cells; a test cell that ends without an error gives all of its points.

    Raises:
        OtherLanguageError: the notebook's language is not Python.
        FaultError: the sandbox failed.
    """
    _require_python(notebook["metadata"])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    cells = [(number, cell["source"]) for number, cell in enumerate(code, 1)]
    program = Program(((0, _SETUP), *cells))
    with Observer(pool, program, budget=Budget(pool.limits)) as observer:
        observer.start()
        ran = observer.cells
    for number, cell in enumerate(code, 1):
        evidence = ran.get(number, Evidence("skipped"))
        cell["execution_count"] = number
        cell["outputs"] = list(outputs.captured(_cell_run(number, evidence)))
        if is_grade(cell) and not is_solution(cell) and evidence.status == "ok":
            points = {"text/plain": repr(float(cell["metadata"]["nbgrader"]["points"]))}
            cell["outputs"].append(
                new_output("execute_result", data=points, execution_count=number)
            )


def _require_python(metadata: Any) -> None:
    kernel, info = (
        value if isinstance(value := metadata.get(name), dict) else {}
        for name in ("kernelspec", "language_info")
    )
    language = kernel.get("language") or info.get("name")
    if language and str(language).lower() not in ("python", "ipython"):
        raise OtherLanguageError(
            f"The notebook's kernel is `{kernel.get('name', '')}`, its language `{language}`; the "
            "sandbox runs Python alone. Grade it by hand, or by nbgrader's own `Execute`, in a "
            "course whose nbgrader_config.py does not hand grading to autograder."
        )


def _cell_run(number: int, evidence: Evidence) -> CellRun:
    error = cell_failure(number, evidence)
    return CellRun(number, evidence.status, evidence.output, error)  # type: ignore[arg-type]
