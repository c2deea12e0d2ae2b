"""What a unit's own programs give: the reference's evidence and that of each known mistake."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

from autograder.backends import Backend
from autograder.course.cases import case_seed, draw
from autograder.course.exercise import Alternative, Check, Exercise
from autograder.course.observation_source import measure_source
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.fingerprint import key_of
from autograder.grading.hosts import Hosts
from autograder.grading.number_types import unusable
from autograder.grading.prepared import Binding, Prepared, binding
from autograder.grading.sensitivity import perturbed, sensitivities
from autograder.grading.trial import Trial, observe_all
from autograder.judging.comparison import Wanted
from autograder.sandbox.bubblewrap import SandboxError
from autograder.sandbox.gpu import Share
from autograder.sandbox.limits import Budget
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.wire.evidence import Evidence
from autograder.wire.program import Program, runs_on


class ReferenceOracle:
    """Evidence of a unit's reference, variants and equivalents for one seed, kept by content.

    `backend` is the one of Keras that programs of the unit run on, if they need it.
    """

    def __init__(
        self,
        loaded: LoadedUnit,
        seed: str,
        pool: Pool,
        cache: EvidenceCache,
        on_gpu: bool | None = None,
        prepared: Prepared | None = None,
    ) -> None:
        """Begin without any evidence but the cache's.

        Args:
            loaded: the unit.
            seed: what the cases are drawn from.
            pool: where programs run.
            cache: where evidence is kept.
            on_gpu: whether submissions train on GPUs; if None, whether the pool has some.
            prepared: evidence that was made beforehand.
        """
        self.loaded = loaded
        self.seed = seed
        self.pool = pool
        self.cache = cache
        self.backend = loaded.unit.backend(pool.backend)
        self._prepared = prepared or Prepared({})
        self._on_gpu = pool.gpus is not None if on_gpu is None else on_gpu
        self._trials: dict[tuple[str, str, int], Trial] = {}
        self._wanted: dict[tuple[str, str, int], list[Wanted]] = {}
        self._programs: dict[tuple[str, str], Program] = {}
        self._guard = threading.Lock()
        self._hosts = Hosts(self.observer, loaded.reference)

    def runs_on(self, program: Program) -> Backend:
        """Return what a program of the unit runs on, its own or a student's."""
        return runs_on(program, self.loaded.unit.framework, self.backend)

    @property
    def binding(self) -> Binding:
        """What evidence of the unit's own programs depends on."""
        return binding(self.loaded.digest, self.seed, self.backend)

    def identity(self, program: Program) -> str:
        """Return the identity of what runs, and on what: evidence is kept by it."""
        return f"{program.digest} {self.runs_on(program)}"

    def wants_gpu(self, program: Program) -> bool:
        """Return whether a GPU was asked for and the program has something to train on it."""
        checks = (check for exercise in self.loaded.unit.exercises for check in exercise.checks)
        return (
            self._on_gpu
            and self.runs_on(program) != "numpy"
            and any(check.judge.trains for check in checks)
        )

    def observer(
        self, program: Program, budget: Budget | None = None, share: Share | None = None
    ) -> Observer:
        """Return what observes a program of the unit.  Close it after use."""
        return Observer(self.pool, program, self.runs_on(program), budget, share)

    def trial(self, exercise: Exercise, check: Check, attempt: int = 0) -> Trial:
        """Return a check with its cases for the oracle's seed."""
        key = (exercise.name, check.name, attempt)
        with self._guard:
            if key not in self._trials:
                names = (self.loaded.name, exercise.name)
                cases = draw(check, self.seed, *names, attempt)
                seeds = tuple(
                    case_seed(*names, check.drawn_as, attempt, index) % 2**32
                    for index in range(len(cases))
                )
                self._trials[key] = Trial(exercise, check, attempt, cases, seeds)
            return self._trials[key]

    def wanted(self, trial: Trial) -> list[Wanted]:
        """Return what the reference gives; its sensitivity is measured when a judge needs it.

        Raises:
            SandboxError: the reference fails, by a mistake of the course or of the sandbox.
        """
        key = (trial.exercise.name, trial.check.name, trial.attempt)
        if key not in self._wanted:
            self._wanted[key] = self._want(trial)
        return self._wanted[key]

    def _want(self, trial: Trial) -> list[Wanted]:
        truths = [dict(case.truth) for case in trial.cases]
        judge = trial.check.judge
        if not judge.needs_reference:
            return [Wanted(truth=truth) for truth in truths]
        values = [self._value(trial, item) for item in self.reference(trial)]
        if not judge.dtype:
            return [Wanted(value, None, truth) for value, truth in zip(values, truths, strict=True)]

        @functools.cache
        def moved() -> list[Any]:
            return self._sensitivities(trial, values)

        return [
            Wanted(value, lambda index=index: moved()[index], truth)
            for index, (value, truth) in enumerate(zip(values, truths, strict=True))
        ]

    def _sensitivities(self, trial: Trial, values: Sequence[Any]) -> list[Any]:
        """Return how far the reference's values of a trial move, case by case."""
        unit, check = self.loaded, trial.check
        measure = measure_source(check.measure) if check.measure else ""
        named = (unit.name, trial.exercise.name, check.drawn_as, check.part, check.judge.dtype)

        def compute() -> list[Evidence]:
            runs = [
                other.judged(self._ask_reference(other)) for other in perturbed(trial, unit.name)
            ]
            return [Evidence("ok", each) for each in sensitivities(values, runs, check.judge.dtype)]

        key = key_of("sensitivity", self.identity(unit.reference), trial.key, *named, measure)
        return [item.value for item in self.known(key, compute)]

    def reference(self, trial: Trial) -> list[Evidence]:
        """Return the reference's evidence; a process serves many trials, one after the other."""
        key = key_of(self.identity(self.loaded.reference), trial.key)
        return trial.judged(self.known(key, lambda: self._ask_reference(trial)))

    def _ask_reference(self, trial: Trial) -> list[Evidence]:
        with self._hosts.reference() as observer:
            return observe_all(observer, trial)

    def ahead(self, stopped: Callable[[], bool]) -> None:
        """Observe the reference, beginning with what will be asked last, until all is known.

        For an idle slot: where nothing is kept, the reference takes as long as the submission.

        Args:
            stopped: returns whether to stop; asked before each check.
        """
        for exercise in reversed(self.loaded.unit.exercises):
            for check in reversed(exercise.checks):
                if stopped():
                    return
                self.wanted(self.trial(exercise, check))

    def variant(self, exercise: Exercise, variant: Alternative, trial: Trial) -> list[Evidence]:
        """Return the evidence of the reference with one mistake put in."""
        return self.of(self.program(exercise, variant), trial)

    def variants(self, exercise: Exercise, trial: Trial, index: int) -> list[Evidence]:
        """Return the evidence of the reference with each mistake put in, for one case."""
        programs = [self.program(exercise, variant) for variant in exercise.variants]
        identities = [self.identity(program) for program in programs]
        keys = [key_of(identity, trial.key) for identity in identities]
        whole = [self._prepared.get(key) or self.cache.peek(key) for key in keys]
        if all(whole):
            return [trial.judged_case(items[index], index) for items in whole if items]
        one = trial.only(index)

        def compute() -> list[Evidence]:
            return [item for program in programs for item in self._hosts.of(program, one)]

        found = self.cache.get(key_of("variants", identities, one.key), compute)
        # Where a program has answered all cases, that is what it is recognised by.
        found = [items[index] if items else item for items, item in zip(whole, found, strict=True)]
        return [trial.judged_case(item, index) for item in found]

    def rest(self) -> None:
        """End the processes that are of no use before the next submission."""
        self._hosts.rest()

    def close(self) -> None:
        """End the processes of the unit's own programs."""
        self._hosts.close()

    def program(self, exercise: Exercise, alternative: Alternative) -> Program:
        """Return the program of a variant or equivalent."""
        key = (exercise.name, alternative.name)
        if key not in self._programs:
            self._programs[key] = self.loaded.alternative(exercise, alternative)
        return self._programs[key]

    def of(self, program: Program, trial: Trial) -> list[Evidence]:
        """Return the evidence of one of the unit's own programs, as the check judges it."""
        return trial.judged(self.whole(program, trial))

    def whole(self, program: Program, trial: Trial) -> list[Evidence]:
        """Return the same with all parts of the observation."""
        key = key_of(self.identity(program), trial.key)
        return self.known(key, lambda: self._hosts.of(program, trial))

    def known(self, key: str, compute: Callable[[], list[Evidence]]) -> list[Evidence]:
        """Return evidence that was prepared or kept; else compute and keep it."""
        return self._prepared.get(key) or self.cache.get(key, compute)

    def _value(self, trial: Trial, found: Evidence) -> Any:
        """Return the value in the reference's evidence.

        Raises:
            SandboxError: there is none.
        """
        if (words := unusable(found.failure)) is not None:
            raise SandboxError(
                f"The check `{trial.check.name}` can't use what the reference returns: {words[0]} "
                "If the exercise is about that type, call `probes.as_returned(program.f)` in the "
                "check (docs/authors.md)."
            )
        if found.status != "ok":
            failure = (
                f": {found.failure.type_name}: {found.failure.message}" if found.failure else ""
            )
            raise SandboxError(
                f"The reference's own `{trial.exercise.name}` gives `{found.status}` in the "
                f"check `{trial.check.name}`{failure}."
            )
        return found.value
