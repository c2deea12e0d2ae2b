"""What is shown while a class is graded: a bar on a terminal, a line a submission elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from autograder.report import phrases
from autograder.report.sanitize import one_line
from autograder.results.result import Result

_MOST_NAMED = 8  # of those that are being graded
_BESIDE_BAR = 50  # columns that the words and numbers beside a bar take


class Named(Protocol):
    """A hand-in or a submission."""

    @property
    def student(self) -> str: ...

    @property
    def unit(self) -> str: ...


class _Left(ProgressColumn):
    """How long the rest takes, where a task says so."""

    def render(self, task: Task) -> Text:
        return Text(task.fields.get("left", ""))


class Bar(Progress):
    """A bar on a terminal, nothing elsewhere; below it a line that says what is in work."""

    now = ""

    def __init__(self, console: Console) -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(max(8, min(40, console.width - _BESIDE_BAR))),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            _Left(),
            console=console,
            transient=True,
            disable=not is_terminal(console),
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        if self.now:
            yield Text(self.now, style="dim", no_wrap=True, overflow="ellipsis")


class Watch:
    """Follows the grading of a class; `working` is what the grading calls."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._kept = 0
        self._began = time.monotonic()
        self._bar = Bar(console)
        self._task = self._bar.add_task("Grading", total=total)

    def working(self, done: int, running: Sequence[Named]) -> None:
        """Note how many hand-ins are done, and which ones are being graded now."""
        self._done = done
        names = [f"{one_line(one.student, 30)} {one_line(one.unit, 40)}".strip() for one in running]
        more = f", and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        self._bar.now = f"Now: {', '.join(names[:_MOST_NAMED])}{more}" if names else ""
        self._bar.update(self._task, completed=done, left=self._left())

    def shown(self, graded: Iterator[tuple[Result, bool]]) -> list[Result]:
        """Return the results; show meanwhile how far the grading is."""
        results: list[Result] = []
        with self._bar:  # which has a thread
            for result, kept in graded:
                results.append(result)
                self._kept += kept
                if self._bar.disable and not kept:
                    self._say(result)
        return results

    @property
    def kept(self) -> int:
        """How many results were there before."""
        return self._kept

    def _say(self, result: Result) -> None:
        count = f"{self._done:{len(str(self._total))}} of {self._total}"
        line = (
            f"{count}  {phrases.seconds(result.seconds):>7}  {_outcome(result):>12}  "
            f"{phrases.unit_name(result.unit)}  {phrases.student_name(result)}"
        )
        with contextlib.suppress(BrokenPipeError):  # nobody reads any more: the class goes on
            self._console.out(line, highlight=False)

    def _left(self) -> str:
        """Say how long the rest takes, if it takes as long as what was graded so far."""
        new = self._done - self._kept
        if new < 1 or self._done >= self._total:
            return ""
        seconds = (time.monotonic() - self._began) / new * (self._total - self._done)
        # To ten seconds: it is no more than a guess.
        return f"about {phrases.seconds(max(10, round(seconds, -1)))} left"


def is_terminal(console: Console) -> bool:
    """Return whether a person looks on, whatever the environment wants of colours."""
    return console.file.isatty() and not console.is_dumb_terminal


def _outcome(result: Result) -> str:
    if result.status == "graded":
        return phrases.share(result)
    return "failed" if result.status == "fault" else "not gradable"
