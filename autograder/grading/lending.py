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
from collections.abc import Mapping, Sequence
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
        self._recorders: dict[tuple[str, str, tuple[str, ...]], Observer] = {}

    def to(self, exercise: Exercise, names: Sequence[str]) -> Observer:
        """Return an observer of the program with functions of the reference, each lent anew."""
        oracle = self._oracle
        reference = self._observers.enter_context(oracle.observer(oracle.loaded.reference))
        terms = partial(self.loan, exercise)
        return self._observers.enter_context(self._observer.replaced(names, reference, terms))

    def identity(self, exercise: Exercise) -> str:
        """Return the identity of all that decides what is answered to an exercise's code."""
        programs = [self._oracle.identity(program) for program in self._programs(exercise)]
        return key_of(programs, list(exercise.uses), list(exercise.checked_with), TIMES, FEW)

    def loan(self, exercise: Exercise, observation: Observation) -> Loan:
        """Return what is lent for one observation of an exercise."""
        known = _known(exercise, observation)
        return Loan(exercise, known, self.recorded(exercise, observation))

    def recorded(
        self, exercise: Exercise, observation: Observation
    ) -> list[Mapping[str, Mapping[str, Any]]]:
        """Return the calls of each right program in an observation, by function."""
        programs = self._programs(exercise)
        if observation.trains:  # others take as long
            programs = programs[:1]
        return [self._calls(exercise, program, observation) for program in programs]

    def _programs(self, exercise: Exercise) -> list[Program]:
        others = [self._oracle.program(exercise, other) for other in exercise.equivalents]
        return [self._oracle.loaded.reference, *others]

    def _calls(
        self, exercise: Exercise, program: Program, observation: Observation
    ) -> Mapping[str, Mapping[str, Any]]:
        lent, whole = list(exercise.borrows), list(_known(exercise, observation))

        def compute() -> list[Evidence]:
            recorder = self._recorder(exercise, program, whole)
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
        key = key_of("calls", identity, exercise.name, lent, whole, digest)
        found: Mapping[str, Mapping[str, Any]] = self._oracle.cache.get(key, compute)[0].value
        return found

    def _recorder(self, exercise: Exercise, program: Program, whole: Sequence[str]) -> Observer:
        key = (exercise.name, program.digest, tuple(whole))
        if key not in self._recorders:
            observer = self._observers.enter_context(self._oracle.observer(program))
            recorder = observer.recording(exercise.name, exercise.borrows, whole)
            self._recorders[key] = self._observers.enter_context(recorder)
        return self._recorders[key]


class Loan:
    """What is lent for one observation; it counts what was asked for."""

    def __init__(
        self,
        exercise: Exercise,
        known: Sequence[str],
        recorded: Sequence[Mapping[str, Mapping[str, Any]]],
    ) -> None:
        """Take what was recorded.

        Args:
            exercise: Whose observation it is.
            known: Functions that answer recorded calls alone; others answer so many calls.
            recorded: The calls of each right program, as `Recording.found` gives them.
        """
        self._exercise = exercise
        self._known = {name: Known([calls[name] for calls in recorded]) for name in known}
        most = {name: max(calls[name]["calls"] for calls in recorded) for name in exercise.borrows}
        self._limits = {name: TIMES * count + FEW for name, count in most.items()}
        self._asked: Counter[str] = Counter()

    def answer(self, name: str, call: dict[str, Any]) -> dict[str, Any] | None:
        """Return a recorded answer or a refusal, None if the lender is to compute it."""
        if name in self._known:
            found = None if call["cotangents"] is not None else self._known[name].answer(call)
            return found or _refused(
                f"`{name}` is not right yet, so a right one answers the calls of this check. Your "
                f"`{self._exercise.name}` called it with other values, for which it is not lent."
            )
        self._asked[name] += 1
        limit = self._limits[name]
        if self._asked[name] <= limit:
            return None
        return _refused(
            f"`{name}` is not right yet, so a right one was lent to your `{self._exercise.name}`, "
            f"for {limit} calls in this case. That is {TIMES} times what it takes, and your code "
            "made more."
        )


def _known(exercise: Exercise, observation: Observation) -> tuple[str, ...]:
    """Return the functions that answer recorded calls alone.

    While something trains, what the check itself calls them with depends on the answer.  Such a
    check never counts alone.
    """
    return () if observation.trains else exercise.checked_with


def _refused(why: str) -> dict[str, Any]:
    return {"error": why, "kind": NOT_LENT}
