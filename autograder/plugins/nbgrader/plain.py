"""Assignments that are no units of the course: their own test cells, run in the sandbox.

For courses that keep older assignments of nbgrader beside units.  Such tests run beside the
student's code, which can see and deceive them; what the sandbox adds is that nothing else is within
reach, and that what is on stderr costs nothing.
"""

from __future__ import annotations

from typing import Any

from nbformat.v4 import new_output
from nbgrader.utils import is_grade, is_solution

from autograder.evidence import Evidence
from autograder.findings import CellRun
from autograder.plugins.nbgrader import outputs
from autograder.program import Program
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.wording import cell_failure


def run(notebook: Any, pool: Pool) -> None:
    """Runs all code cells; a test cell that ends without an error gives all of its points.

    Raises:
        FaultError: the sandbox failed.
    """
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    program = Program(tuple((number, cell["source"]) for number, cell in enumerate(code, 1)))
    with Observer(pool, program) as observer:
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


def _cell_run(number: int, evidence: Evidence) -> CellRun:
    error = cell_failure(number, evidence)
    return CellRun(number, evidence.status, evidence.output, error)  # type: ignore[arg-type]
