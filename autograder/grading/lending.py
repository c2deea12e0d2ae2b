"""What the reference's functions are lent for, where a student's own are wrong.

A right answer to an exercise calls earlier functions so and so often; the checks of some exercises
call functions whose derivative or inverse the exercise asks for.  Lent without bounds, such a
function answers the exercise by differences.  So the reference and the other right solutions are
watched in the same observation.  Functions that answers call (`Exercise.uses`) are lent for as many
calls, several times over.  Those that only checks call (`Exercise.checked_with`) answer the calls
that were watched, and nothing else.  All of this stays on the grader's side of the wall.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from autograder.course.exercise import Exercise
from autograder.grading.fingerprint import key_of
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.grading.same_call import Known
from autograder.sandbox.bubblewrap import SandboxError
from autograder.sandbox.observer import Observer
from autograder.wire.evidence import NOT_LENT, Evidence
from autograder.wire.observation import Observation
from autograder.wire.program import Program

# Ways to write a right answer differ in how often they call: of what is watched, so many times as
# much, and so many calls more.
TIMES, FEW = 4, 32
SECONDS = 120.0  # CPU time of one recorded observation; it takes what the check allows, at most


Calls = Mapping[str, Mapping[str, Any]]  # those of each lent function, as `guest.recording` says


class Recorder:
    """Watches which functions right answers call, and with what."""

    def __init__(self, oracle: ReferenceOracle, observers: ExitStack) -> None:
        """Start nothing yet.

        Args:
            oracle: Of the unit.
            observers: Closes what is opened here.
        """
        self._oracle = oracle
        self._observers = observers
        self._recorders: dict[tuple[str, tuple[str, ...]], Observer] = {}

    def programs(self, exercise: Exercise) -> list[Program]:
        """Return the reference and the other right programs of an exercise."""
        others = [self._oracle.program(exercise, other) for other in exercise.equivalents]
        return [self._oracle.loaded.reference, *others]

    def reference(self, exercise: Exercise, observation: Observation) -> Calls:
        """Return the reference's calls in an observation, by function."""
        return self._calls(exercise, self._oracle.loaded.reference, observation)

    def others(self, exercise: Exercise, observation: Observation) -> list[Calls]:
        """Return the calls of the other right programs; none where something is trained."""
        if observation.trains:  # they take as long as the reference
            return []
        programs = self.programs(exercise)[1:]
        return [self._calls(exercise, program, observation) for program in programs]

    def _calls(self, exercise: Exercise, program: Program, observation: Observation) -> Calls:
        lent, whole = exercise.borrows, _known(exercise, observation)

        def compute() -> list[Evidence]:
            recorder = self._recorder(exercise, whole)
            recorder.exchange(program)
            recorder.observe(observation, SECONDS)
            calls = recorder.recorded()
            if not isinstance(calls, dict):
                raise SandboxError(
                    f"The checks of `{exercise.name}` call {', '.join(whole)} too often for "
                    "`checked_with`: measure smaller cases."
                )
            return [Evidence("ok", calls)]

        digest = hashlib.sha256(observation.packed).hexdigest()
        identity = self._oracle.identity(program)
        key = key_of("calls", identity, exercise.name, list(lent), list(whole), digest)
        found: Calls = self._oracle.known(key, compute)[0].value
        return found

    def _recorder(self, exercise: Exercise, whole: tuple[str, ...]) -> Observer:
        key = (exercise.name, whole)
        if key not in self._recorders:
            reference = self._oracle.observer(self._oracle.loaded.reference)
            observer = self._observers.enter_context(reference)
            recorder = observer.recording(exercise.name, exercise.borrows, whole)
            self._recorders[key] = self._observers.enter_context(recorder)
        return self._recorders[key]


class Lender:
    """Lends the reference's functions to one program.

    Args:
        oracle: Of the unit's reference.
        observer: Of the program; it is not changed.
        observers: Closes what is opened here.
    """

    def __init__(self, oracle: ReferenceOracle, observer: Observer, observers: ExitStack) -> None:
        self._oracle = oracle
        self._observer = observer
        self._observers = observers
        self._recorder = Recorder(oracle, observers)

    def to(self, exercise: Exercise, names: Sequence[str]) -> Observer:
        """Return an observer of the program with functions of the reference, each lent anew."""
        oracle = self._oracle
        reference = self._observers.enter_context(oracle.observer(oracle.loaded.reference))
        terms = partial(self._loan, exercise)
        return self._observers.enter_context(self._observer.replaced(names, reference, terms))

    def identity(self, exercise: Exercise) -> str:
        """Return the identity of all that decides what is answered to an exercise's code."""
        programs = [self._oracle.identity(one) for one in self._recorder.programs(exercise)]
        return key_of(programs, list(exercise.uses), list(exercise.checked_with), TIMES, FEW)

    def _loan(self, exercise: Exercise, observation: Observation) -> Loan:
        return Loan(
            exercise,
            _known(exercise, observation),
            self._recorder.reference(exercise, observation),
            partial(self._recorder.others, exercise, observation),
        )


class Loan:
    """What is lent for one observation; it counts what was asked for."""

    def __init__(
        self,
        exercise: Exercise,
        known: Sequence[str],
        reference: Calls,
        others: Callable[[], Sequence[Calls]],
    ) -> None:
        """Take what was recorded.

        Args:
            exercise: Whose observation it is.
            known: Functions that answer recorded calls alone; others answer so many calls.
            reference: The reference's calls.
            others: Returns those of the other right programs.  Watching them takes a while, so it
                is called where the reference's do not suffice, once.
        """
        self._exercise = exercise
        self._names = known
        self._recorded = [reference]
        self._others: Callable[[], Sequence[Calls]] | None = others
        self._asked: Counter[str] = Counter()
        self._take()

    def answer(self, name: str, call: dict[str, Any]) -> dict[str, Any] | None:
        """Return a recorded answer or a refusal, None if the lender is to compute it."""
        if name in self._known:
            return self._recorded_answer(name, call)
        self._asked[name] += 1
        if self._asked[name] > self._limits[name]:
            self._take_others()
        limit = self._limits[name]
        if self._asked[name] <= limit:
            return None
        return _refused(
            f"`{name}` is not right yet, so a right one was lent to your `{self._exercise.name}`, "
            f"for {limit} calls in this case. That is {TIMES} times what it takes, and your code "
            "made more."
        )

    def _recorded_answer(self, name: str, call: dict[str, Any]) -> dict[str, Any]:
        if call["cotangents"] is None:
            found = self._known[name].answer(call)
            if found is None and self._take_others():
                found = self._known[name].answer(call)
            if found is not None:
                return found
        return _refused(
            f"`{name}` is not right yet, so a right one answers the calls of this check. Your "
            f"`{self._exercise.name}` called it with other values, for which it is not lent."
        )

    def _take_others(self) -> bool:
        """Take what the other right programs call, too; return False if that was done before."""
        if self._others is None:
            return False
        self._recorded += self._others()
        self._others = None
        self._take()
        return True

    def _take(self) -> None:
        recorded = self._recorded
        self._known = {name: Known([calls[name] for calls in recorded]) for name in self._names}
        borrows = self._exercise.borrows
        most = {name: max(calls[name]["calls"] for calls in recorded) for name in borrows}
        self._limits = {name: TIMES * count + FEW for name, count in most.items()}


def _known(exercise: Exercise, observation: Observation) -> tuple[str, ...]:
    """Return the functions that answer recorded calls alone.

    While something trains, what the check itself calls them with depends on the answer.  Such a
    check never counts alone.
    """
    return () if observation.trains else exercise.checked_with


def _refused(why: str) -> dict[str, Any]:
    return {"error": why, "kind": NOT_LENT}
