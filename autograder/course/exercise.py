"""What authors write: units, exercises, checks, cases, variants, equivalents, symptoms.

    exercise = Exercise("sigmoid", points=2)

    @exercise.check(points=2, cases=matrices, judge=close(float64))
    def values(program, Z):
        \"\"\"`sigmoid` returns `1 / (1 + exp(-Z))` for every entry\"\"\"
        return program.sigmoid(Z)

    @exercise.variant("SG1")
    def sign_lost(Z):
        \"\"\"Your exponent has the wrong sign: it is `-Z`.\"\"\"
        return 1 / (1 + np.exp(Z))

    exercise.variant("SG2", "You forgot to add one.", {"1 + np.exp": "np.exp"})

    unit = Unit("01_two_layer_network", exercises=[exercise])

The body of a check runs beside the student's code and sees only what it is passed, `np`, `keras`,
`ops` and `probes`; the decorator's arguments stay with the grader.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from autograder.backends import KERAS, Backend
from autograder.course.check import Alternative, Case, Cases, Check, Edit, Measure, Symptom
from autograder.course.observation_source import (
    ExerciseError,
    measure_source,
    source_with,
)
from autograder.judging.judge import Judge
from autograder.judging.registry import to_data

__all__ = ["Alternative", "Case", "Check", "Exercise", "ExerciseError", "Symptom", "Unit"]

_Code = TypeVar("_Code", bound=Callable[..., Any])


@dataclass
class Exercise:
    """One stub of a unit.

    `uses` names earlier exercises whose functions this one calls, `checked_with` those that only
    its checks call: where a check fails and one of those is wrong, it is observed again with the
    reference's, so that one slip costs once.  What the exercise differentiates or inverts belongs
    to the latter, which answers nothing but the checks' own calls.
    `forbids` names functions, classes, modules and operations (`keras.layers.GRU`, `scipy.signal`,
    `op:*conv2d*`) that would answer the exercise by themselves, such as those of `ready_made`: a
    check that sees one used has the verdict `forbidden`.
    """

    name: str
    points: float
    uses: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    checked_with: tuple[str, ...] = ()
    checks: list[Check] = field(default_factory=list)
    variants: list[Alternative] = field(default_factory=list)
    equivalents: list[Alternative] = field(default_factory=list)
    shortcuts: list[Alternative] = field(default_factory=list)
    symptoms: list[Symptom] = field(default_factory=list)

    @property
    def borrows(self) -> tuple[str, ...]:
        """The names of earlier exercises whose functions it can be lent."""
        return (*self.uses, *self.checked_with)

    def check(
        self,
        *,
        points: float,
        cases: Cases,
        judge: Judge,
        tries: int = 1,
        seconds: float = 5.0,
        public: bool = True,
        counts_alone: bool | None = None,
        measure: Measure | None = None,
        guessed_by: Mapping[str, str] | None = None,
        helpers: Sequence[Callable[..., Any]] = (),
    ) -> Callable[[_Code], _Code]:
        """Declare the decorated function as an observation; its docstring is the claim.

        Args:
            points: what a pass is worth.
            cases: gives the cases for a random generator.
            judge: compares what the function returns.
            tries: independent draws of the cases, of which one must pass.
            seconds: CPU time for all cases of a draw.
            public: whether the check is in the released notebook too.
            counts_alone: whether a pass shows by itself that the exercise was answered; flags and
                statistics can, only where `measure` computes them.
            measure: called by the grader with what the function returns and the case's inputs;
                what it returns is judged.  It sees `np` and nothing else.
            guessed_by: ways to guess hidden labels that may pass, each with the reason; see
                `autograder.authoring.label_guesses`.
            helpers: functions that the observation calls; they see no more than it does.
        """

        def declare(observation: _Code) -> _Code:
            claim = _docstring_line(observation)
            self._declare_check(
                name=observation.__name__,
                claim=claim,
                points=points,
                cases=cases,
                judge=judge,
                source=source_with(observation, helpers),
                tries=tries,
                seconds=seconds,
                public=public,
                alone=counts_alone,
                measure=measure,
                guessed_by=guessed_by or {},
            )
            return observation

        return declare

    def observe(
        self,
        *,
        parts: Mapping[str, tuple[float, str]],
        cases: Cases,
        judge: Judge,
        tries: int = 1,
        seconds: float = 5.0,
        public: bool = True,
        counts_alone: bool | None = None,
        measure: Measure | None = None,
        helpers: Sequence[Callable[..., Any]] = (),
    ) -> Callable[[_Code], _Code]:
        """Declare the decorated function as one observation of several checks.

        It returns a dictionary.  Each key of `parts` is a check of its own, called
        `<function>_<key>`, which judges the value under that key:

            @exercise.observe(cases=networks, judge=close(float64), parts={
                "dW2": (0.75, "`dW2` is the gradient of the cost by `W2`"),
                "db2": (0.75, "`db2` is the gradient of the cost by `b2`"),
            })
            def gradient(program, X, Y, params):
                return program.backward(X, Y, params)

        Args:
            parts: points and claim of each check, by key.

        The other arguments are those of `check`.
        """

        def declare(observation: _Code) -> _Code:
            if not parts:
                raise ExerciseError(f"`{observation.__name__}` of `{self.name}` has no parts.")
            source = source_with(observation, helpers)
            for part, (points, claim) in parts.items():
                self._declare_check(
                    name=f"{observation.__name__}_{part}",
                    claim=claim,
                    points=points,
                    cases=cases,
                    judge=judge,
                    source=source,
                    tries=tries,
                    seconds=seconds,
                    public=public,
                    alone=counts_alone,
                    observation=observation.__name__,
                    part=part,
                    measure=measure,
                )
            return observation

        return declare

    @overload
    def variant(
        self, name: str, explanation: str, edit: Edit, same_as: tuple[str, ...] = ()
    ) -> None: ...
    @overload
    def variant(self, name: str, *, same_as: tuple[str, ...] = ()) -> Callable[[_Code], _Code]: ...
    def variant(
        self,
        name: str,
        explanation: str = "",
        edit: Edit | None = None,
        same_as: tuple[str, ...] = (),
    ) -> Callable[[_Code], _Code] | None:
        """Declare a known mistake: the reference with an edit, and what its author should read.

        With `edit`, texts that occur exactly once in the reference's cell and their replacements,
        or a function (or class) that stands in for the exercise's whole one.  As a decorator, of
        such a function or class; its docstring is the explanation.

        Args:
            name: unique in the exercise.
            explanation: for the student whose code does the same.
            edit: what is different.
            same_as: variants that no case can tell from this one, on purpose.
        """
        if edit is not None:
            self._declare(self.variants, Alternative(name, explanation, edit, same_as))
            return None

        def declare(code: _Code) -> _Code:
            if explanation:
                raise ExerciseError(
                    f"Variant `{name}` of `{self.name}` is a decorator: its explanation is the "
                    "docstring."
                )
            text = _docstring_line(code)
            self._declare(self.variants, Alternative(name, text, code, same_as))
            return code

        return declare

    @overload
    def equivalent(self, name: str, edit: Edit) -> None: ...
    @overload
    def equivalent(self, name: str) -> Callable[[_Code], _Code]: ...
    @overload
    def equivalent(self, name: _Code) -> _Code: ...
    def equivalent(self, name: Any, edit: Edit | None = None) -> Any:
        """Declare another right implementation, which must pass.

        As a decorator with or without a name, of the function or class that is right; without
        one, its own name is taken.
        """
        if edit is not None:
            self._declare(self.equivalents, Alternative(name, "", edit))
            return None

        def declare(code: _Code) -> _Code:
            known_as = name if isinstance(name, str) else code.__name__.replace("_", " ")
            self._declare(self.equivalents, Alternative(known_as, "", code))
            return code

        return declare if isinstance(name, str) else declare(name)

    def shortcut(self, code: _Code) -> _Code:
        """Declare the decorated function as an answer that computes nothing of what is asked.

        It does with earlier functions what they are not for (differences in place of a gradient),
        and must get no point where those are lent.
        """
        name = code.__name__.replace("_", " ")
        self._declare(self.shortcuts, Alternative(name, "", code))
        return code

    def symptom(
        self, name: str, explanation: str
    ) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
        """Declare the decorated predicate over a check's evidence value as a symptom."""

        def declare(shows: Callable[[Any], bool]) -> Callable[[Any], bool]:
            self.symptoms.append(Symptom(name, explanation, shows))
            return shows

        return declare

    def _declare_check(self, *, name: str, claim: str, **more: Any) -> None:
        if not claim:
            raise ExerciseError(f"Check `{name}` of `{self.name}` needs a docstring: the claim.")
        if any(check.name == name for check in self.checks):
            raise ExerciseError(f"`{self.name}` has two checks called `{name}`.")
        self.checks.append(Check(name=name, claim=claim, **more))

    def _declare(self, where: list[Alternative], alternative: Alternative) -> None:
        declared = self.variants + self.equivalents + self.shortcuts
        if any(other.name == alternative.name for other in declared):
            raise ExerciseError(f"`{self.name}` declares `{alternative.name}` twice.")
        where.append(alternative)

    def validate(self, earlier: Iterable[str]) -> None:
        """Raise ExerciseError where the declarations don't fit together."""
        total = sum(check.points for check in self.checks)
        if not self.checks or not abs(total - self.points) <= 1e-9:
            raise ExerciseError(
                f"The checks of `{self.name}` add up to {total:g} points; it declares "
                f"{self.points:g}."
            )
        unknown = set(self.borrows) - set(earlier)
        if unknown:
            raise ExerciseError(f"`{self.name}` uses {sorted(unknown)}: not earlier exercises.")
        twice = sorted(set(self.uses) & set(self.checked_with))
        if twice:
            raise ExerciseError(f"`{self.name}` both uses {twice} and is only checked with them.")
        for name in self.forbids:
            if name.startswith("op:") and name != "op:":
                continue
            if not all(part.isidentifier() for part in name.split(".")) or "." not in name:
                raise ExerciseError(
                    f"`{self.name}` forbids {name!r}, which is no dotted name like "
                    "`keras.layers.GRU`."
                )
        for check in self.checks:
            self._validate_check(check)
        self._validate_variants()
        for symptom in self.symptoms:
            measure_source(symptom.shows)

    def _validate_check(self, check: Check) -> None:
        to_data(check.judge, measure_source)
        if check.measure is not None:
            measure_source(check.measure)
        elif check.alone and not check.judge.counts_alone:
            raise ExerciseError(
                f"Check `{check.name}` of `{self.name}` can't count alone: who sends it need not "
                "have computed anything. Return raw values, and let `measure` compute from them."
            )
        if not (0 < check.points < 1e6 and check.tries >= 1 and check.seconds > 0):
            raise ExerciseError(
                f"Check `{check.name}` of `{self.name}`: points, tries and seconds must be "
                "positive numbers."
            )
        if check.judge.trains and check.counts_alone and self.checked_with:
            raise ExerciseError(
                f"Check `{check.name}` of `{self.name}` trains: while it does, all that is lent is "
                "lent for any values. Declare `counts_alone=False`."
            )

    def _validate_variants(self) -> None:
        names = {variant.name for variant in self.variants}
        for variant in self.variants:
            if not variant.explanation.strip():
                raise ExerciseError(f"Variant `{variant.name}` of `{self.name}` explains nothing.")
            if not set(variant.same_as) <= names:
                raise ExerciseError(f"`{variant.name}` is same_as a variant that does not exist.")


@dataclass
class Unit:
    """One notebook.  `framework` is "numpy" or "keras": what its template process imports.

    `backends` are those of Keras that it runs on, the one for want of another first.
    """

    name: str
    framework: str = "numpy"
    backends: tuple[Backend, ...] = KERAS
    exercises: list[Exercise] = field(default_factory=list)

    def exercise(
        self,
        name: str,
        points: float,
        uses: tuple[str, ...] = (),
        forbids: tuple[str, ...] = (),
        checked_with: tuple[str, ...] = (),
    ) -> Exercise:
        """Declare the stub `name` (a function or class) and its points."""
        if any(exercise.name == name for exercise in self.exercises):
            raise ExerciseError(f"{self.name} declares the exercise `{name}` twice.")
        exercise = Exercise(name, points, uses, forbids, checked_with)
        self.exercises.append(exercise)
        return exercise

    def backend(self, wanted: Backend) -> Backend:
        """Return `wanted` if this unit supports it, else its default backend."""
        return wanted if wanted in self.backends else self.backends[0]

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    def validate(self) -> None:
        """Raise ExerciseError where the declarations don't fit together."""
        if self.framework not in ("numpy", "keras"):
            raise ExerciseError(
                f"{self.name}: framework is {self.framework!r}, not numpy or keras."
            )
        if not self.backends or not set(self.backends) <= set(KERAS):
            raise ExerciseError(
                f"{self.name}: backends is {self.backends!r}, not some of {', '.join(KERAS)}."
            )
        if not self.exercises:
            raise ExerciseError(f"{self.name} declares no exercise.")
        for index, exercise in enumerate(self.exercises):
            if exercise.name in [other.name for other in self.exercises[:index]]:
                raise ExerciseError(f"{self.name} declares the exercise `{exercise.name}` twice.")
            exercise.validate(other.name for other in self.exercises[:index])


def _docstring_line(code: Callable[..., Any]) -> str:
    """Return the docstring of a function or class on one line."""
    return " ".join((inspect.getdoc(code) or "").split())
