"""What a kernel has run: the text of each cell, and how it failed.

IPython reports each cell from the moment a notebook imports `check`.  Of earlier cells it keeps the
text, and how the last one failed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from autograder.student.saved import notebook_path, saved_state
from autograder.wire.evidence import Failure


@dataclass(frozen=True)
class Run:
    """One execution of a cell.

    `number` is what a front end shows beside the cell; `cell_id` is empty where the front end does
    not name it.  `saved` is the state of the notebook's file when the cell began, 0 if unknown.
    `failure` of None means that the cell ended well if `is_known`, and nothing otherwise.
    """

    number: int
    source: str
    cell_id: str = ""
    saved: int = 0
    failure: Failure | None = None
    is_known: bool = True


@dataclass
class History:
    """The runs of one IPython shell, in order; see `watch`."""

    shell: Any
    ended: list[Run] = field(default_factory=list)
    now: Run | None = None

    def runs(self) -> list[Run]:
        """Return all runs; that of the cell which is running now is the last."""
        return [*self.ended, self.now or Run(self.shell.execution_count, "", is_known=False)]

    def number_of(self, file_name: str) -> int:
        """Return the number of the cell that was compiled as this file, 0 for other code."""
        number: int = getattr(self.shell.compile, "_filename_map", {}).get(file_name, 0)
        return number

    def begin(self, info: Any) -> None:
        """Note that a cell begins (IPython's `pre_run_cell`)."""
        cell_id = str(getattr(info, "cell_id", None) or "")
        number, saved = self.shell.execution_count, saved_state(notebook_path(self.shell.user_ns))
        self.now = Run(number, str(info.raw_cell), cell_id, saved, is_known=False)

    def end(self, result: Any) -> None:
        """Note how a cell has ended (IPython's `post_run_cell`)."""
        now, self.now = self.now, None
        if not result.execution_count or result.info is None:
            return  # a front end's own code, which leaves no number
        error = result.error_before_exec or result.error_in_exec
        failure = None if error is None else _failure(error, self.number_of)
        run = now or Run(result.execution_count, str(result.info.raw_cell))  # `watch` was called
        self.ended.append(
            replace(run, number=result.execution_count, failure=failure, is_known=True)
        )


_histories: WeakKeyDictionary[Any, History] = WeakKeyDictionary()


def watch(shell: Any) -> History:
    """Return the history of a shell, which from the first call on says how its cells end."""
    if shell not in _histories:
        history = _histories[shell] = History(shell)
        earlier = list(enumerate(_inputs(shell)))[1 : shell.execution_count]
        history.ended += [Run(number, text, is_known=False) for number, text in earlier]
        _note_last_error(history)
        shell.events.register("pre_run_cell", history.begin)
        shell.events.register("post_run_cell", history.end)
    return _histories[shell]


def _inputs(shell: Any) -> list[str]:
    """Return the cells' texts by number; the first is of no cell."""
    return list(map(str, getattr(shell.history_manager, "input_hist_raw", ())))


def _note_last_error(history: History) -> None:
    """Add what Python remembers: how the last cell that failed did."""
    error = getattr(sys, "last_value", None)
    if not isinstance(error, BaseException):
        return
    failure = _failure(error, history.number_of)
    history.ended = [
        Run(run.number, run.source, failure=failure) if run.number == failure.cell else run
        for run in history.ended
    ]


def _failure(error: BaseException, number_of: Callable[[str], int]) -> Failure:
    """Return an error as data, located at the last line of a cell that it went through."""
    from autograder.guest.failures import failure_of

    failure = failure_of(error, number_of)
    if isinstance(error, SyntaxError) and not failure.line:  # IPython's own, of no file
        text = str(error.text or "").strip()[:200]
        return replace(failure, message=str(error.msg), line=error.lineno or 0, code=text)
    return failure
