"""Showing that a check is at work, where it takes longer than a moment."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from autograder.report import output

FIRST = 1.0  # seconds until it is said
_EVERY = 1.0


class AtWork:
    """Says every second what is being done, from a thread; ended by `stop`.

    Args:
        exercise: the exercise's name.
        checks: how many checks it has.
        say: shows a line in place of the one before.
    """

    def __init__(self, exercise: str, checks: int, say: Callable[[str], None]) -> None:
        self.check = 1
        self._exercise = exercise
        self._checks = checks
        self._say = say
        self._began = time.monotonic()
        self._stopped = threading.Event()
        self._has_said = False
        # What is shown belongs to the cell that asked, which a kernel knows by context.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)
        self._thread.start()

    def stop(self, how: str) -> None:
        """End the thread; where something was said, say how it ended."""
        self._stopped.set()
        self._thread.join()
        if self._has_said:
            self._say(f"`{self._exercise}` {how} {time.monotonic() - self._began:.0f} s.")

    def _run(self) -> None:
        wait = FIRST
        while not self._stopped.wait(wait):
            wait = _EVERY
            self._has_said = True
            passed = time.monotonic() - self._began
            self._say(
                f"Checking `{self._exercise}`: check {self.check} of {self._checks}, "
                f"{passed:.0f} s so far. The stop button, or Ctrl+C, ends it."
            )


@contextmanager
def at_work(exercise: str, checks: int, shell: Any) -> Iterator[AtWork]:
    """Show that a check is at work, from its first second on until it ends.

    Args:
        exercise: the exercise's name.
        checks: how many checks it has.
        shell: the IPython shell, or None.
    """
    shown = AtWork(exercise, checks, _speaker(shell))
    how = "was stopped after"
    try:
        yield shown
        how = "was checked in"
    finally:
        shown.stop(how)


def _speaker(shell: Any) -> Callable[[str], None]:
    """Return what shows a line: an output of the cell, or stderr."""
    if getattr(shell, "kernel", None) is not None:
        return _output(shell.display_pub)
    return _line(output.guard(sys.stderr))


def _output(publisher: Any) -> Callable[[str], None]:
    """Show lines in one output of a notebook's cell."""
    transient = {"display_id": f"autograder-{time.monotonic_ns()}"}
    is_there = False

    def say(text: str) -> None:
        nonlocal is_there
        data = {"text/plain": text}
        publisher.publish(data=data, metadata={}, transient=transient, update=is_there)
        is_there = True

    return say


def _line(stream: TextIO | None) -> Callable[[str], None]:
    """Show lines on a terminal in place; in a file the first and the last."""
    is_terminal = stream is not None and stream.isatty()
    is_there = False

    def say(text: str) -> None:
        nonlocal is_there
        if stream is None:
            return
        if is_terminal:
            stream.write(f"\r{text:<100}" + ("" if text.startswith("Checking") else "\n"))
        elif not is_there or not text.startswith("Checking"):
            stream.write(f"{text}\n")
        is_there = True
        stream.flush()

    return say
