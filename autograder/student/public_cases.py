"""Public cases: what a release carries so that students can check themselves, offline.

Inputs, the reference's evidence and that of the known mistakes for the public seed, in evidence's
own codec; no solution text.  Read in the student's kernel, where everything is the student's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.course.exercise import Alternative, Case, Check, Exercise, Symptom, Unit
from autograder.grading.cache import EvidenceCache
from autograder.grading.trial import Trial
from autograder.judging.comparison import Wanted
from autograder.judging.registry import from_data, to_data
from autograder.wire import codec
from autograder.wire.codec import CodecError
from autograder.wire.evidence import Evidence, Failure, data_of, evidence_of

suffix = ".cases"
FORMAT = 2


@dataclass(frozen=True)
class PublicCases:
    """The content of a `.cases` file.

    `wanted` and `variants` hold evidence by (exercise, check, attempt) and by (exercise, variant,
    check).
    """

    unit: Unit
    sources: str
    cases: dict[tuple[str, str, int], tuple[Case, ...]]
    seeds: dict[tuple[str, str, int], tuple[int, ...]]
    wanted: dict[tuple[str, str, int], list[Wanted]]
    variants: dict[tuple[str, str, str], list[Evidence]]

    @classmethod
    def read(cls, content: bytes) -> PublicCases | None:
        """The cases in a file's content, None where it is of another format or damaged."""
        try:
            data = codec.unpack(content)
            return _read(data) if data["format"] == FORMAT else None
        except (CodecError, KeyError, TypeError, ValueError):
            return None


def make(loaded: Any) -> bytes:
    """The content of the `.cases` file of a unit (a `LoadedUnit`), by running its programs."""
    from autograder.course.cases import PUBLIC_SEED
    from autograder.grading.reference_oracle import ReferenceOracle
    from autograder.sandbox.pool import Pool

    with Pool() as pool:
        oracle = ReferenceOracle(loaded, PUBLIC_SEED, pool, EvidenceCache(None))
        exercises = [_exercise_data(oracle, exercise) for exercise in loaded.unit.exercises]
        oracle.close()
    return codec.pack(
        {
            "format": FORMAT,
            "unit": loaded.name,
            "framework": loaded.unit.framework,
            "sources": loaded.digest,
            "exercises": exercises,
        }
    )


def _exercise_data(oracle: Any, exercise: Exercise) -> dict[str, Any]:
    public = [check for check in exercise.checks if check.public]
    asked = [check for check in public if check.judge.recognises_variants]
    return {
        "name": exercise.name,
        "points": sum(check.points for check in public),
        **({"forbids": list(exercise.forbids)} if exercise.forbids else {}),
        "checks": [_check_data(oracle, exercise, check) for check in public],
        "variants": [
            {
                "name": variant.name,
                "explanation": variant.explanation,
                "evidence": {
                    check.name: [
                        data_of(_quiet(item))
                        for item in oracle.variant(exercise, variant, oracle.trial(exercise, check))
                    ]
                    for check in asked
                },
            }
            for variant in exercise.variants
        ],
        "symptoms": [
            {
                "name": symptom.name,
                "explanation": symptom.explanation,
                "source": _source(symptom.shows),
            }
            for symptom in exercise.symptoms
        ],
    }


def _check_data(oracle: Any, exercise: Exercise, check: Check) -> dict[str, Any]:
    attempts = []
    for attempt in range(check.tries):
        trial = oracle.trial(exercise, check, attempt)
        attempts.append(
            [
                {
                    "inputs": dict(case.inputs),
                    "label": case.label,
                    "truth": dict(case.truth),
                    "seed": seed,
                    "value": want.value,
                    "sensitivity": want.measured.sensitivity,
                }
                for case, seed, want in zip(
                    trial.cases, trial.seeds, oracle.wanted(trial), strict=True
                )
            ]
        )
    return {
        "name": check.name,
        "claim": check.claim,
        "points": check.points,
        "source": check.source,
        "judge": to_data(check.judge, _source),
        "seconds": check.seconds,
        "attempts": attempts,
        **({} if check.alone is None else {"alone": check.alone}),
        **({"observation": check.observation, "part": check.part} if check.part else {}),
    }


def _quiet(item: Evidence) -> Evidence:
    """Evidence less what differs from run to run, and less the variant's own lines."""
    failure = item.failure
    told = failure and Failure(failure.type_name, failure.message)
    return Evidence(item.status, item.value, told)


def _read(data: Any) -> PublicCases:
    found = PublicCases(Unit(data["unit"], data["framework"]), data["sources"], {}, {}, {}, {})
    for exercise_data in data["exercises"]:
        exercise = found.unit.exercise(
            exercise_data["name"],
            exercise_data["points"],
            forbids=tuple(exercise_data.get("forbids", ())),
        )
        for check_data in exercise_data["checks"]:
            _read_check(found, exercise, check_data)
        for variant in exercise_data["variants"]:
            exercise.variants.append(Alternative(variant["name"], variant["explanation"], {}))
            for check, items in variant["evidence"].items():
                key = (exercise.name, variant["name"], check)
                found.variants[key] = [evidence_of(item) for item in items]
        for symptom in exercise_data["symptoms"]:
            shows = _function(symptom["source"])
            exercise.symptoms.append(Symptom(symptom["name"], symptom["explanation"], shows))
    return found


def _read_check(found: PublicCases, exercise: Exercise, data: Any) -> None:
    for attempt, items in enumerate(data["attempts"]):
        key = (exercise.name, data["name"], attempt)
        found.cases[key] = tuple(Case(i["inputs"], i["label"], i["truth"]) for i in items)
        found.seeds[key] = tuple(i["seed"] for i in items)
        found.wanted[key] = [Wanted(i["value"], i["sensitivity"], i["truth"]) for i in items]
    exercise.checks.append(
        Check(
            name=data["name"],
            claim=data["claim"],
            points=data["points"],
            cases=lambda rng: (),
            judge=from_data(data["judge"], _function),
            source=data["source"],
            tries=len(data["attempts"]),
            seconds=data["seconds"],
            alone=data.get("alone"),
            observation=data.get("observation", ""),
            part=data.get("part", ""),
        )
    )


def _source(function: Callable[..., Any]) -> str:
    from autograder.course.observation_source import measure_source

    return measure_source(function)


def _function(source: str) -> Any:
    world: dict[str, Any] = {"np": np}
    before = {*world, "__builtins__"}
    exec(compile(source, "<public case>", "exec"), world)
    return next(value for name, value in world.items() if name not in before)


class PublicOracle:
    """Answers as `autograder.grading.reference_oracle.ReferenceOracle` does, from a file."""

    def __init__(self, public: PublicCases) -> None:
        from autograder.course.cases import PUBLIC_SEED

        self.public = public
        self.seed = PUBLIC_SEED

    def trial(self, exercise: Exercise, check: Check, attempt: int = 0) -> Trial:
        key = (exercise.name, check.name, attempt)
        return Trial(exercise, check, attempt, self.public.cases[key], self.public.seeds[key])

    def wanted(self, trial: Trial) -> list[Wanted]:
        return self.public.wanted[trial.exercise.name, trial.check.name, trial.attempt]

    def variant(self, exercise: Exercise, variant: Alternative, trial: Trial) -> list[Evidence]:
        return self.public.variants.get((exercise.name, variant.name, trial.check.name), [])
