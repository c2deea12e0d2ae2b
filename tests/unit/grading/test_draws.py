"""Repeated draws of a check that trains: chance must not fail what is right, nor cost minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from autograder.course.exercise import Alternative, Case, Check, Exercise
from autograder.grading.assessment import Assessment
from autograder.grading.trial import Trial
from autograder.judging.comparison import Wanted
from autograder.judging.judges import close
from autograder.judging.statistical import accuracy
from autograder.wire.evidence import Evidence
from autograder.wire.observation import Observation

LABELS = list(range(10)) * 10


def right(share: float) -> Evidence:
    """Predictions of which that share is right."""
    wrong = round(len(LABELS) * (1 - share))
    return Evidence("ok", {"predictions": [-1] * wrong + LABELS[wrong:]})


class Oracle:
    def trial(self, exercise: Exercise, check: Check, attempt: int = 0) -> Trial:
        case = Case({"attempt": attempt}, truth={"labels": LABELS})
        return Trial(exercise, check, attempt, (case,), (attempt,))

    def wanted(self, trial: Trial) -> list[Wanted]:
        return [Wanted(1.0, None, dict(trial.cases[0].truth))]

    def variant(self, exercise: Exercise, variant: Alternative, trial: Trial) -> list[Evidence]:
        raise NotImplementedError

    def variants(self, exercise: Exercise, trial: Trial, index: int) -> list[Evidence]:
        return []


class Program:
    """Gives a value to the check of a form, and draw by draw what it trained."""

    cells: Mapping[int, Evidence] = {}
    patience = 1.0

    def __init__(self, form: float, *trained: float) -> None:
        self._form = form
        self._trained = trained
        self.trainings = 0

    def observe(self, observation: Observation, cpu_seconds: float) -> Evidence:
        if not observation.trains:
            return Evidence("ok", self._form)
        self.trainings += 1
        return right(self._trained[dict(observation.inputs)["attempt"]])


def points(program: Program) -> float:
    def check(name: str, judge: Any, tries: int = 1) -> Check:
        return Check(
            name=name,
            claim="",
            points=1,
            cases=lambda rng: [{}],
            judge=judge,
            source="",
            tries=tries,
        )

    checks = [check("form", close()), check("learns", accuracy(0.9, 0.95), tries=3)]
    exercise = Exercise("model", 2, checks=checks)
    (result,) = Assessment([], "", Oracle(), program).exercises([exercise])
    return result.points


@pytest.mark.parametrize(
    ("form", "trained", "trainings", "earned"),
    [
        pytest.param(1.0, (0.95, 0.95, 0.95), 1, 2, id="passes"),
        pytest.param(1.0, (0.85, 0.89, 0.95), 3, 2, id="chance"),
        pytest.param(1.0, (0.10, 0.95, 0.95), 2, 2, id="one collapse of a right form"),
        pytest.param(1.0, (0.10, 0.20, 0.95), 2, 1, id="far twice"),
        pytest.param(1.0, (0.85, 0.10, 0.91), 3, 2, id="near, far, near"),
        pytest.param(2.0, (0.85, 0.89, 0.95), 3, 1, id="wrong form that is near"),
        pytest.param(2.0, (0.10, 0.95, 0.95), 1, 0, id="wrong form that is far"),
    ],
)
def test_draws_end_where_they_can_change_nothing(
    form: float, trained: tuple[float, ...], trainings: int, earned: float
) -> None:
    program = Program(form, *trained)
    assert points(program) == earned
    assert program.trainings == trainings
