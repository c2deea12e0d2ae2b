"""Trials: one check with its drawn cases, ready to be put to any program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from autograder.course.exercise import Case, Check, Exercise
from autograder.grading.fingerprint import key_of
from autograder.wire.evidence import Evidence
from autograder.wire.observation import Observation

# The process is gone after these: what a check had still to observe is skipped.
ENDED = frozenset({"timeout", "memory", "died"})


class Observes(Protocol):
    """Observes one program: a sandboxed process, or a notebook's own kernel."""

    @property
    def cells(self) -> Mapping[int, Evidence]:
        """How each cell ended, by its number, as far as the cells were run."""
        ...

    @property
    def patience(self) -> float:
        """How many times the CPU seconds that a check allows."""
        ...

    def observe(self, observation: Observation, cpu_seconds: float) -> Evidence:
        """Return what came of one case; its process is stopped after `cpu_seconds`."""
        ...


@dataclass(frozen=True)
class Trial:
    """One check for one draw of its cases: what is observed, and what it was drawn as."""

    exercise: Exercise
    check: Check
    attempt: int
    cases: tuple[Case, ...]
    seeds: tuple[int, ...]

    @cached_property
    def key(self) -> str:
        """A hash of the observation and its inputs, not of judge, points or explanations."""
        inputs = [dict(case.inputs) for case in self.cases]
        bans = [list(self.exercise.forbids)] if self.exercise.forbids else []
        float64 = self.check.judge.compares_float64
        return key_of(self.check.source, inputs, list(self.seeds), float64, *bans)

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        return tuple(
            Observation(
                self.check.source,
                case.inputs,
                seed,
                self.exercise.forbids,
                self.check.judge.trains,
                self.check.judge.compares_float64,
            )
            for case, seed in zip(self.cases, self.seeds, strict=True)
        )

    def only(self, index: int) -> Trial:
        """Return the trial with one of its cases."""
        return replace(self, cases=(self.cases[index],), seeds=(self.seeds[index],))

    def judged(self, evidences: Sequence[Evidence]) -> list[Evidence]:
        """Return what the check judges of its observation's evidence.

        Several checks may share an observation (`Exercise.observe`), whose evidence is kept whole.
        """
        return [
            self.judged_case(item, index)
            for index, item in zip(range(len(self.cases)), evidences, strict=True)
        ]

    def judged_case(self, evidence: Evidence, index: int) -> Evidence:
        """Return the same of the evidence for one of the cases."""
        plain = not self.check.part and self.check.measure is None
        if plain or evidence.status != "ok":
            return evidence
        inputs = self.cases[index].inputs
        return replace(evidence, value=self.check.judged(evidence.value, inputs))


def observe_all(observer: Observes, trial: Trial) -> list[Evidence]:
    """Return evidence for every case of a trial; after a stop the rest is `skipped`."""
    left = trial.check.seconds * observer.patience
    found: list[Evidence] = []
    for observation in trial.observations:
        if found and found[-1].status in ENDED:
            found.append(Evidence("skipped"))
            continue
        found.append(observer.observe(observation, max(left, 0.1)))
        left -= found[-1].seconds
    return found
