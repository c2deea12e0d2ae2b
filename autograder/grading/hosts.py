"""Processes in which a unit's own programs run, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from autograder.grading.trial import ENDED, Trial, observe_all
from autograder.sandbox.observer import Observer
from autograder.wire.evidence import Evidence
from autograder.wire.program import Program


class Hosts:
    """Observers of a unit's own programs.

    What the reference gives decides about points, so it is observed only where nothing but the
    reference has run.  The others share processes: all but one of their cells are the reference's,
    and running those again costs more than observing a case.
    """

    def __init__(self, observe: Callable[[Program], Observer], reference: Program) -> None:
        """Start nothing yet.

        Args:
            observe: returns a new observer of a program.
            reference: the unit's.
        """
        self._observe = observe
        self._reference = reference
        self._clean: list[Observer] = []  # idle ones that have run the reference alone
        self._shared: list[Observer] = []  # idle ones that have run others
        self._guard = threading.Lock()

    @contextmanager
    def reference(self) -> Iterator[Observer]:
        """Yield an observer of the reference that has run nothing else."""
        with self._guard:
            observer = self._clean.pop() if self._clean else None
        observer = observer or self._observe(self._reference)
        try:
            yield observer
        finally:
            with self._guard:
                self._clean.append(observer)

    def of(self, program: Program, trial: Trial) -> list[Evidence]:
        """Return a program's evidence for the cases of a trial.

        Where a process ended, what ran in it before may have been the cause; then a fresh one is
        asked.
        """
        with self._guard:
            idle = self._shared or self._clean
            observer = idle.pop() if idle else None
        if observer is not None:
            found = self._asked(observer, program, trial)
            if not any(item.status in ENDED for item in found):
                return found
        return self._asked(self._observe(program), program, trial)

    def _asked(self, observer: Observer, program: Program, trial: Trial) -> list[Evidence]:
        try:
            observer.exchange(program)
            found = observe_all(observer, trial)
        except BaseException:
            observer.close()
            raise
        if any(item.status in ENDED for item in found):
            observer.close()
            return found
        with self._guard:
            self._shared.append(observer)
        return found

    def rest(self) -> None:
        """End the processes that have run other programs than the reference."""
        with self._guard:
            shared, self._shared = self._shared, []
        for observer in shared:
            observer.close()

    def close(self) -> None:
        """End all processes."""
        self.rest()
        with self._guard:
            clean, self._clean = self._clean, []
        for observer in clean:
            observer.close()
