"""Making public cases: what a release carries so that students can check themselves, offline.

The reference and the known mistakes run in the sandbox; `autograder.student.public_cases` has the
format and reads it.
"""

from __future__ import annotations

from typing import Any

from autograder import __version__
from autograder.course.cases import PUBLIC_SEED
from autograder.course.exercise import Check, Exercise
from autograder.course.observation_source import measure_source
from autograder.grading.cache import EvidenceCache
from autograder.judging.registry import to_data
from autograder.sandbox.linux import need_linux
from autograder.student.public_cases import FORMAT
from autograder.wire import codec
from autograder.wire.evidence import Evidence, Failure, data_of


def make(loaded: Any) -> bytes:
    """Return the content of the `.cases` file of a unit (a `LoadedUnit`) by running its programs.

    Raises:
        LinuxError: They can't run on this system.
    """
    need_linux("release", "works only where the public cases need not be made anew")
    # They need what Linux alone has.
    from autograder.grading.reference_oracle import ReferenceOracle
    from autograder.sandbox.pool import Pool

    with Pool() as pool:
        oracle = ReferenceOracle(loaded, PUBLIC_SEED, pool, EvidenceCache(None))
        exercises = [_exercise_data(oracle, exercise) for exercise in loaded.unit.exercises]
        oracle.close()
    return codec.pack(
        {
            "format": FORMAT,
            "version": __version__,
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
                "source": measure_source(symptom.shows),
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
        "judge": to_data(check.judge, measure_source),
        "seconds": check.seconds,
        "attempts": attempts,
        **({} if check.alone is None else {"alone": check.alone}),
        **({} if check.measure is None else {"measure": measure_source(check.measure)}),
        **({"observation": check.observation, "part": check.part} if check.part else {}),
    }


def _quiet(item: Evidence) -> Evidence:
    """Return evidence less what differs from run to run, and less the variant's own lines."""
    failure = item.failure
    told = failure and Failure(failure.type_name, failure.message)
    return Evidence(item.status, item.value, told)
