"""Runs notebooks in IPython, as a student does, and says what `check` answers.

    python notebook_kernel.py FOLDER

Prints, as JSON, for each notebook of FOLDER by the file's stem: whether its first code cell ended
well, and for each exercise that it checks the result and what `nbgrader validate` shows of it.  A
notebook that Jupyter can't open is not in it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.student.kernel import Checked
from autograder.student.validate import validate


def main(folder: Path) -> dict[str, Any]:
    """Return what each notebook of a folder says."""
    warnings.simplefilter("ignore")
    shell = new_shell()
    said = {}
    for path in sorted(folder.glob("*.ipynb")):
        with contextlib.suppress(Exception):  # what Jupyter can't open either
            notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
            said[path.stem] = answers_of(shell, notebook)
    return said


def new_shell() -> Any:
    """Return a shell that keeps no history and starts no programs, installs nothing."""
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    shell: Any = InteractiveShell.instance(config=config)
    shell.system = shell.system_raw = shell.getoutput = lambda *_, **__: []
    for name in ("pip", "cd"):
        shell.register_magic_function(lambda line: None, "line", name)
    shell.register_magic_function(lambda line, cell: None, "cell", "bash")
    matplotlib.use("Agg")
    return shell


def answers_of(shell: Any, notebook: Any) -> dict[str, Any]:
    """Return what one notebook says, run cell by cell by somebody who goes on after errors."""
    shell.reset(new_session=True)
    checks = {}
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    ended_well = [True]
    for source in code:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            ran = shell.run_cell(source, store_history=True)
        ended_well.append(ran.success)
        if isinstance(ran.result, Checked):
            result = ran.result.result
            checks[result.exercise] = {"result": asdict(result), "validate": validated(ran.result)}
    return {"starts": ended_well[1:2] == [True], "checks": checks}


def validated(checked: Checked) -> str:
    """Return what a check cell shows under `nbgrader validate`; "" where it is content."""
    try:
        validate(lambda: checked)
    except Exception as error:
        return str(error)
    return ""


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1])), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # threads that a notebook started don't hold it up
