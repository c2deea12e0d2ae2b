"""Public cases: what a release carries so that students can check themselves, offline.

Inputs, the reference's evidence and that of the known mistakes for the public seed, in evidence's
own codec; no solution text.  Read in the student's kernel, where everything is the student's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder import __version__
from autograder.course.exercise import Alternative, Case, Check, Exercise, Symptom, Unit
from autograder.errors import DISTRIBUTION, UserError
from autograder.grading.trial import Trial
from autograder.judging.comparison import Wanted
from autograder.judging.registry import from_data
from autograder.wire import codec
from autograder.wire.codec import CodecError
from autograder.wire.evidence import Evidence, evidence_of

suffix = ".cases"
FORMAT = 2
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!-]{0,40}")  # as it may stand in a command


# How reading content that nobody wrote this way may end.
_DAMAGED = (
    *(CodecError, UserError, AttributeError, LookupError, OverflowError),
    *(StopIteration, SyntaxError, TypeError, ValueError),
)


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
        """Return the cases in a file's content, None if it is of another format or damaged."""
        try:
            data = codec.unpack(content)
            return _read(data) if data["format"] == FORMAT else None
        except _DAMAGED:
            return None


def why_unreadable(content: bytes) -> str:
    """Return what is wrong with content that `PublicCases.read` doesn't take, and what to do.

    It goes on after the file's name: "is cut off or damaged …".
    """
    again = "Download the files of this unit again from your course."
    if not content:
        return f"is empty. {again}"
    if content.lstrip()[:1] == b"<":
        return f"is a web page: the download was answered by one, not by the file. {again}"
    try:
        data = codec.unpack(content)
        form, made = int(data["format"]), str(data.get("version", ""))
    except _DAMAGED:
        return f"is cut off or damaged ({len(content):,} bytes can't be read). {again}"
    known = _VERSION.fullmatch(made) is not None
    here = f"{DISTRIBUTION} {__version__}"
    if known and made != __version__:
        return (
            f"was made by {DISTRIBUTION} {made}, and this is {here}, which can't read it. "
            f"Install the same version, `%pip install '{DISTRIBUTION}=={made}'`, and restart "
            f"the kernel. Or, if your course has newer files: {again}"
        )
    if form > FORMAT:
        return (
            f"is of format {form}, and this is {here}, which reads format {FORMAT}. Type `%pip "
            f"install --upgrade {DISTRIBUTION}` and restart the kernel."
        )
    if form < FORMAT:
        return f"is of the old format {form}, and {here} reads format {FORMAT}. {again}"
    return f"is damaged. {again}"


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
            measure=_function(data["measure"]) if "measure" in data else None,
        )
    )


def _function(source: str) -> Any:
    world: dict[str, Any] = {"np": np}
    before = {*world, "__builtins__"}
    exec(compile(source, "<public case>", "exec"), world)
    return next(value for name, value in world.items() if name not in before)


class PublicOracle:
    """Answers as `autograder.grading.reference_oracle.ReferenceOracle` does, from a file."""

    def __init__(self, public: PublicCases) -> None:
        self.public = public

    def trial(self, exercise: Exercise, check: Check, attempt: int = 0) -> Trial:
        key = (exercise.name, check.name, attempt)
        return Trial(exercise, check, attempt, self.public.cases[key], self.public.seeds[key])

    def wanted(self, trial: Trial) -> list[Wanted]:
        return self.public.wanted[trial.exercise.name, trial.check.name, trial.attempt]

    def variant(self, exercise: Exercise, variant: Alternative, trial: Trial) -> list[Evidence]:
        return self.public.variants.get((exercise.name, variant.name, trial.check.name), [])

    def variants(self, exercise: Exercise, trial: Trial, index: int) -> list[Evidence]:
        known = [self.variant(exercise, variant, trial) for variant in exercise.variants]
        return [items[index] if items else Evidence("skipped") for items in known]
