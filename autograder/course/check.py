"""What an exercise is made of: cases, checks, alternatives of its reference, symptoms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from autograder.course.observation_source import ExerciseError, name_of
from autograder.judging.judge import Judge

# How many numbers something is measured on; a check should ask for far fewer.
MOST_NUMBERS: Final = 2_000_000

Measure = Callable[[Any, Mapping[str, Any]], Any]
Cases = Callable[[np.random.Generator], Iterable[Any]]
Edit = Mapping[str, str] | Callable[..., Any] | type


@dataclass(frozen=True)
class Case:
    """One set of inputs.

    `inputs` become the observation's keyword arguments.  `label` says in a few words what is
    special about the case; the student reads it.  `truth` (labels, say) never leaves the grader.
    """

    inputs: Mapping[str, Any]
    label: str = ""
    truth: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One claim about an exercise.

    `source` is the observation's text without its decorator, `seconds` the CPU time that all its
    cases may take, `tries` the number of independent draws of which one must pass (training).

    Several checks can share one observation, which runs once for all of them.  Then `observation`
    is its name, from which the cases are drawn, and `part` the key of the value that this check
    judges.

    What an observation returns may be raw values of which the grader computes what is judged:
    `measure(value, inputs)`, called outside the student's process on whatever was sent.

    `guessed_by` names ways to guess that pass, with the reason why they may: `check-course` tries
    all that `autograder.authoring.label_guesses` knows on checks that are judged by hidden labels.

    What a check passes on can be sent by code that has computed nothing: flags, or a quotient that
    is -1 for every seed.  Such a check does not count alone: its points are given once a check of
    the exercise passes whose answers are others for other cases.
    """

    name: str
    claim: str
    points: float
    cases: Cases
    judge: Judge
    source: str
    tries: int = 1
    seconds: float = 5.0
    public: bool = True
    alone: bool | None = None  # None: what is usual for the judge
    guessed_by: Mapping[str, str] = field(default_factory=dict)
    observation: str = ""
    part: str = ""
    measure: Measure | None = None

    @property
    def drawn_as(self) -> str:
        """The name that the cases are drawn by, which checks of one observation share."""
        return self.observation or self.name

    def judged(self, value: Any, inputs: Mapping[str, Any]) -> Any:
        """Return what this check judges of an observation's value, for a case with `inputs`."""
        return self.measured(self._own(value), inputs)

    def measured(self, value: Any, inputs: Mapping[str, Any]) -> Any:
        """Return what is measured on a value, or the value if nothing is.

        Where nothing can be measured, it has nothing of what the judge looks for.
        """
        if self.measure is None:
            return value
        if numbers_in(value) > MOST_NUMBERS:
            return {}
        try:
            with np.errstate(all="ignore"):
                return self.measure(value, inputs)
        except Exception:  # an author's function meets whatever was sent
            return {}

    def _own(self, value: Any) -> Any:
        """Return the part of an observation's value that is this check's.

        That is a dictionary with its part, or the part if this is a dictionary with names of its
        own.  A part that is missing is for the judge to find; so is a value that has no parts.
        """
        if not self.part or not isinstance(value, Mapping):
            return value
        if self.part not in value:
            return {}
        part = value[self.part]
        return part if isinstance(part, Mapping) else {self.part: part}

    @property
    def counts_alone(self) -> bool:
        """Whether a pass shows by itself that the exercise was answered."""
        return self.judge.counts_alone if self.alone is None else self.alone

    def draw(self, rng: np.random.Generator) -> tuple[Case, ...]:
        """Return the cases for one seed."""
        drawn = tuple(item if isinstance(item, Case) else Case(item) for item in self.cases(rng))
        if not drawn:
            raise ExerciseError(
                f"Check `{self.name}` has no case: `{name_of(self.cases)}` is empty."
            )
        return drawn


def numbers_in(value: Any) -> int:
    """Return how many numbers and texts evidence holds."""
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return sum(map(numbers_in, items))
    return value.size if isinstance(value, np.ndarray) else 1


@dataclass(frozen=True)
class Alternative:
    """The reference with one edit: a variant (wrong, explained) or an equivalent (right).

    `same_as` names variants of the exercise that no case can tell from this one, on purpose.
    """

    name: str
    explanation: str
    edit: Edit
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class Symptom:
    """A predicate over a check's evidence value that explains a mistake where values are noisy."""

    name: str
    explanation: str
    shows: Callable[[Any], bool]
