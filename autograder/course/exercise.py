"""What authors write: units, exercises, checks, cases, variants, equivalents, symptoms.

    unit = Unit("01_two_layer_network")
    backward = unit.exercise("backward", points=3, uses=("forward",))

    @backward.check(points=3, cases=nets, judge=close(float64))
    def gradients(program, X, Y, params):
        \"\"\"`backward` returns the gradient of the mean cross-entropy\"\"\"
        return program.backward(X, Y, params, program.forward(X, params, "tanh")[1])

    backward.variant("FB1", "Your bias gradients are m times too large: average over the m "
                     "examples, as for dW.", {"dZ1.mean(axis=1,": "dZ1.sum(axis=1,"})

The decorated body runs beside the student's code and sees only what it is passed, `np`, `keras`,
`ops` and `probes`; the decorator's arguments stay with the grader.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from autograder.backends import KERAS, Backend
from autograder.errors import UserError
from autograder.judging.judges import Judge, to_data

Cases = Callable[[np.random.Generator], Iterable[Any]]
Edit = Mapping[str, str] | Callable[..., Any] | type

# Names that an observation finds in its world besides its arguments and the builtins.
WORLD: Final = ("np", "keras", "ops", "probes")


class ExerciseError(UserError):
    """A mistake in a course's `exercises.py` or `notebook.py`, found when it is loaded."""


@dataclass(frozen=True)
class Case:
    """One set of inputs.

    `inputs` become the observation's keyword arguments.  `label` says in a few words what is
    special about the case; the student reads it.  `truth` (labels, say) never leaves the grader.
    """

    inputs: Mapping[str, Any]
    label: str = ""
    truth: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One claim about an exercise.

    `source` is the observation's text without its decorator, `seconds` the CPU time that all its
    cases may take, `tries` the number of independent draws of which one must pass (training).

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

    @property
    def counts_alone(self) -> bool:
        """Whether a pass shows by itself that the exercise was answered."""
        return self.judge.counts_alone if self.alone is None else self.alone

    def draw(self, rng: np.random.Generator) -> tuple[Case, ...]:
        """The cases for one seed."""
        drawn = tuple(item if isinstance(item, Case) else Case(item) for item in self.cases(rng))
        if not drawn:
            raise ExerciseError(f"Check `{self.name}` has no case: `{_name(self.cases)}` is empty.")
        return drawn


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


@dataclass
class Exercise:
    """One stub of a unit.

    `uses` names earlier exercises whose functions this one calls: where a check fails and one of
    those is wrong, it is observed again with the reference's, so that one slip costs once.
    `forbids` names functions and classes (`keras.layers.GRU`) that would answer the exercise by
    themselves: a check that sees one used has the verdict `forbidden`.
    """

    name: str
    points: float
    uses: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    checks: list[Check] = field(default_factory=list)
    variants: list[Alternative] = field(default_factory=list)
    equivalents: list[Alternative] = field(default_factory=list)
    symptoms: list[Symptom] = field(default_factory=list)

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
        helpers: Sequence[Callable[..., Any]] = (),
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares the decorated function as an observation; its docstring is the claim.

        `helpers` are functions that it calls; they travel with it and see no more than it does.
        """

        def declare(observation: Callable[..., Any]) -> Callable[..., Any]:
            claim = " ".join((inspect.getdoc(observation) or "").split())
            name = observation.__name__
            if not claim:
                raise ExerciseError(
                    f"Check `{name}` of `{self.name}` needs a docstring: the claim."
                )
            if any(check.name == name for check in self.checks):
                raise ExerciseError(f"`{self.name}` has two checks called `{name}`.")
            source = source_with(observation, helpers)
            self.checks.append(
                Check(
                    name, claim, points, cases, judge, source, tries, seconds, public, counts_alone
                )
            )
            return observation

        return declare

    def variant(
        self, name: str, explanation: str, edit: Edit, same_as: tuple[str, ...] = ()
    ) -> None:
        """Declares a known mistake: the reference with `edit`, and what its maker should read.

        `edit` maps texts that occur exactly once in the reference's cell to their replacements, or
        is a function (or class) that stands in for the exercise's whole one.
        """
        self._declare(self.variants, Alternative(name, explanation, edit, same_as))

    def equivalent(self, name: str, edit: Edit) -> None:
        """Declares another right implementation, which must pass."""
        self._declare(self.equivalents, Alternative(name, "", edit))

    def symptom(
        self, name: str, explanation: str
    ) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
        """Declares the decorated predicate over a check's evidence value as a symptom."""

        def declare(shows: Callable[[Any], bool]) -> Callable[[Any], bool]:
            self.symptoms.append(Symptom(name, explanation, shows))
            return shows

        return declare

    def _declare(self, where: list[Alternative], alternative: Alternative) -> None:
        if any(other.name == alternative.name for other in self.variants + self.equivalents):
            raise ExerciseError(f"`{self.name}` declares `{alternative.name}` twice.")
        where.append(alternative)

    def validate(self, earlier: Iterable[str]) -> None:
        """Raises ExerciseError where the declarations don't fit together."""
        total = sum(check.points for check in self.checks)
        if not self.checks or not abs(total - self.points) <= 1e-9:
            raise ExerciseError(
                f"The checks of `{self.name}` add up to {total:g} points; it declares "
                f"{self.points:g}."
            )
        unknown = set(self.uses) - set(earlier)
        if unknown:
            raise ExerciseError(f"`{self.name}` uses {sorted(unknown)}: not earlier exercises.")
        for name in self.forbids:
            if not all(part.isidentifier() for part in name.split(".")) or "." not in name:
                raise ExerciseError(
                    f"`{self.name}` forbids {name!r}, which is no dotted name like "
                    "`keras.layers.GRU`."
                )
        for check in self.checks:
            to_data(check.judge, measure_source)
            if not (0 < check.points < 1e6 and check.tries >= 1 and check.seconds > 0):
                raise ExerciseError(
                    f"Check `{check.name}` of `{self.name}`: points, tries and seconds must be "
                    "positive numbers."
                )
        for variant in self.variants:
            if not variant.explanation.strip():
                raise ExerciseError(f"Variant `{variant.name}` of `{self.name}` explains nothing.")
        for symptom in self.symptoms:
            measure_source(symptom.shows)
        names = {variant.name for variant in self.variants}
        for variant in self.variants:
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
    ) -> Exercise:
        """Declares the stub `name` (a function or class) and its points."""
        if any(exercise.name == name for exercise in self.exercises):
            raise ExerciseError(f"{self.name} declares the exercise `{name}` twice.")
        exercise = Exercise(name, points, uses, forbids)
        self.exercises.append(exercise)
        return exercise

    def backend(self, wanted: Backend) -> Backend:
        """The backend that it is graded on where `wanted` was asked for."""
        return wanted if wanted in self.backends else self.backends[0]

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    def validate(self) -> None:
        """Raises ExerciseError where the declarations don't fit together."""
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
            exercise.validate(other.name for other in self.exercises[:index])


def measure_source(function: Callable[..., Any]) -> str:
    """The text of a judge's or symptom's function, which runs beside the judge: `np` is there."""
    return observation_source(function, ("np",))


def source_with(observation: Callable[..., Any], helpers: Sequence[Callable[..., Any]]) -> str:
    """The text of an observation and, after it, of the functions that it calls."""
    world = (*WORLD, *map(_name, helpers))
    return "\n\n".join(observation_source(part, world) for part in (observation, *helpers))


def observation_source(observation: Callable[..., Any], world: tuple[str, ...] = WORLD) -> str:
    """The text of a function without decorators, annotations and docstring.

    Raises:
        ExerciseError: it uses names that do not exist beside student code.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(observation)))
        function = tree.body[0]
    except (OSError, SyntaxError, TypeError):
        function = None
    if not isinstance(function, ast.FunctionDef):
        raise ExerciseError(f"`{_name(observation)}` must be a plain `def`, not a lambda.")
    function.decorator_list = []
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:] or [ast.Pass()]
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            raise ExerciseError(f"`{function.name}` imports something: pass it in the case.")
    ast.fix_missing_locations(tree)
    foreign = _globals_of([compile(tree, "<observation>", "exec")], set())
    foreign -= {*world, *dir(builtins)}
    if foreign:
        raise ExerciseError(
            f"`{function.name}` uses {', '.join(sorted(foreign))}. It runs beside student code "
            f"and sees only its arguments, builtins and {', '.join(world)}: pass what it needs "
            "in the case, or judge it in the grader."
        )
    return ast.unparse(tree)


def _globals_of(constants: Iterable[Any], found: set[str]) -> set[str]:
    """Names of global variables that code objects load."""
    import dis

    for constant in constants:
        if inspect.iscode(constant):
            steps = list(dis.get_instructions(constant))
            own = {step.argval for step in steps if step.opname == "STORE_NAME"}
            loads = ("LOAD_GLOBAL", "LOAD_NAME")
            found |= {step.argval for step in steps if step.opname in loads} - own
            _globals_of(constant.co_consts, found)
    return found


def _name(function: Any) -> str:
    return getattr(function, "__name__", repr(function))
