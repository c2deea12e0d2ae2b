"""What a unit's own programs give: the reference's evidence and that of each known mistake."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder.backends import Backend
from autograder.course.course import LoadedUnit, case_seed, draw
from autograder.course.exercise import Alternative, Case, Check, Exercise
from autograder.grading.cache import EvidenceCache
from autograder.grading.fingerprint import key_of
from autograder.grading.trial import Trial, observe_all
from autograder.judging.comparison import Wanted
from autograder.sandbox.bubblewrap import SandboxError
from autograder.sandbox.gpu import Share
from autograder.sandbox.limits import Budget
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.wire.evidence import Evidence
from autograder.wire.program import Program, runs_on

PERTURBATIONS = 6
_EPS = {"float64": 2.0**-52, "float32": 2.0**-23}


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
    ) -> None:
        """`on_gpu`: whether submissions train on GPUs; by default, whether the pool has some."""
        self.loaded = loaded
        self.seed = seed
        self.pool = pool
        self.cache = cache
        self.backend = loaded.unit.backend(pool.backend)
        self._on_gpu = pool.gpus is not None if on_gpu is None else on_gpu
        self._trials: dict[tuple[str, str, int], Trial] = {}
        self._wanted: dict[tuple[str, str, int], list[Wanted]] = {}
        self._programs: dict[tuple[str, str], Program] = {}
        self._guard = threading.Lock()
        self._references: list[Observer] = []  # that are idle

    def runs_on(self, program: Program) -> Backend:
        """What a program of the unit runs on, whoever wrote it."""
        return runs_on(program, self.loaded.unit.framework, self.backend)

    def identity(self, program: Program) -> str:
        """Of what runs, and on what: evidence is kept by it."""
        return f"{program.digest} {self.runs_on(program)}"

    def wants_gpu(self, program: Program) -> bool:
        """Whether a GPU was asked for, and a program of the unit has something to train on it."""
        checks = (check for exercise in self.loaded.unit.exercises for check in exercise.checks)
        return (
            self._on_gpu
            and self.runs_on(program) != "numpy"
            and any(check.judge.trains for check in checks)
        )

    def observer(
        self, program: Program, budget: Budget | None = None, share: Share | None = None
    ) -> Observer:
        """What observes a program of the unit; to be closed."""
        return Observer(self.pool, program, self.runs_on(program), budget, share)

    def trial(self, exercise: Exercise, check: Check, attempt: int = 0) -> Trial:
        """The cases of a check for the oracle's seed."""
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
        """What the reference gives; its sensitivity is found out where a judge asks for it.

        Raises:
            SandboxError: the reference fails, which is the course's fault or the sandbox's.
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
            return self._sensitivities(trial, values, _EPS[judge.dtype])

        return [
            Wanted(value, lambda index=index: moved()[index], truth)
            for index, (value, truth) in enumerate(zip(values, truths, strict=True))
        ]

    def reference(self, trial: Trial) -> list[Evidence]:
        """The reference's evidence; a process answers as many trials as come one by one."""

        def compute() -> list[Evidence]:
            with self._guard:
                idle = self._references.pop() if self._references else None
            observer = idle or self.observer(self.loaded.reference)
            try:
                return observe_all(observer, trial)
            finally:
                with self._guard:
                    self._references.append(observer)

        key = key_of(self.identity(self.loaded.reference), trial.key)
        return trial.judged(self.cache.get(key, compute))

    def ahead(self, stopped: Callable[[], bool]) -> None:
        """Observes the reference for what will be asked last, and so on, until all is known.

        For an idle slot: where nothing is kept, the reference takes as long as the submission.
        """
        for exercise in reversed(self.loaded.unit.exercises):
            for check in reversed(exercise.checks):
                if stopped():
                    return
                self.wanted(self.trial(exercise, check))

    def variant(self, exercise: Exercise, variant: Alternative, trial: Trial) -> list[Evidence]:
        """The evidence of the reference with one mistake put in."""
        return self.of(self.program(exercise, variant), trial)

    def close(self) -> None:
        """Ends the reference's processes."""
        for observer in self._references:
            observer.close()

    def program(self, exercise: Exercise, alternative: Alternative) -> Program:
        """The program of a variant or equivalent."""
        key = (exercise.name, alternative.name)
        if key not in self._programs:
            self._programs[key] = self.loaded.alternative(exercise, alternative)
        return self._programs[key]

    def of(self, program: Program, trial: Trial) -> list[Evidence]:
        """The evidence of one of the unit's own programs, as the trial's check judges it."""
        return trial.judged(self.whole(program, trial))

    def whole(self, program: Program, trial: Trial) -> list[Evidence]:
        """The same with all parts of the observation.

        One process answers every check of the exercise, since the next trial will be about
        another of them.
        """

        identity = self.identity(program)

        def compute() -> list[Evidence]:
            others = {
                other.key: other
                for check in trial.exercise.checks
                if check.judge.recognises_variants
                for other in [self.trial(trial.exercise, check)]
                if other.key != trial.key
            }
            with self.observer(program) as observer:
                for key, other in others.items():
                    self.cache.put(key_of(identity, key), observe_all(observer, other))
                return observe_all(observer, trial)

        return self.cache.get(key_of(identity, trial.key), compute)

    def _value(self, trial: Trial, found: Evidence) -> Any:
        if found.status != "ok":
            failure = (
                f": {found.failure.type_name}: {found.failure.message}" if found.failure else ""
            )
            raise SandboxError(
                f"The reference's own `{trial.exercise.name}` gives `{found.status}` in the "
                f"check `{trial.check.name}`{failure}."
            )
        return found.value

    def _sensitivities(self, trial: Trial, values: list[Any], eps: float) -> list[Any]:
        """How far each output moves, in eps, when inputs move by one eps (docs/tolerances.md)."""
        runs = [self.reference(self._perturbed(trial, eps, run)) for run in range(PERTURBATIONS)]
        return [
            _largest([_moved(value, run[index], eps) for run in runs if run[index].status == "ok"])
            for index, value in enumerate(values)
        ]

    def _perturbed(self, trial: Trial, eps: float, run: int) -> Trial:
        names = (self.loaded.name, trial.exercise.name, trial.check.drawn_as)
        rng = np.random.default_rng(case_seed("perturb", *names, run))
        cases = tuple(Case(_perturb(dict(case.inputs), eps, rng)) for case in trial.cases)
        return Trial(trial.exercise, trial.check, trial.attempt, cases, trial.seeds)


def _perturb(value: Any, eps: float, rng: np.random.Generator) -> Any:
    """Every measured number moved by one eps; labels, masks, sizes and settings stay."""
    if isinstance(value, Mapping):
        return {key: _perturb(item, eps, rng) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_perturb(item, eps, rng) for item in value]
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.any(value % 1):
        signs = rng.choice([-1.0, 1.0], size=value.shape)
        return (value * (1 + eps * signs)).astype(value.dtype)
    return value


def _moved(value: Any, other: Evidence, eps: float) -> Any:
    return _map(lambda a, b: _gap(a, b) / eps, value, other.value)


def _gap(a: Any, b: Any) -> float:
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.kind not in "fc" or a.shape != b.shape or not a.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        gap = np.abs(a - b)
    return float(np.max(gap[np.isfinite(gap)], initial=0.0))


def _map(function: Any, a: Any, b: Any) -> Any:
    if isinstance(a, dict) and isinstance(b, dict):
        return {key: _map(function, item, b.get(key)) for key, item in a.items()}
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [_map(function, x, y) for x, y in zip(a, b, strict=True)]
    return function(a, b)


def _largest(trees: list[Any]) -> Any:
    result = trees[0] if trees else None
    for tree in trees[1:]:
        result = _map(lambda a, b: max(a or 0.0, b or 0.0), result, tree)
    return result
