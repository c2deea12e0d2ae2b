"""What authors write: their mistakes are found on load and quoted."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, no_type_check

import numpy as np
import pytest

from autograder.course.exercise import Alternative, Case, Exercise, ExerciseError, Unit
from autograder.course.notebook import Cell
from autograder.course.observation_source import observation_source
from autograder.course.unit import LoadedUnit
from autograder.judging.judges import close
from autograder.judging.statistical import accuracy, at_most

GLOBAL = 3.0


def one(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """One case."""
    yield {"x": rng.normal(size=3)}


def unit_of(name: str = "01_unit") -> Unit:
    """A unit with one exercise and one right check."""
    unit = Unit(name)
    add_check(unit.exercise("double", points=2))
    return unit


def add_check(
    exercise: Exercise,
    name: str = "values",
    points: float = 2,
    cases: Any = one,
    judge: Any = None,
    claim: str = "It doubles",
    **more: Any,
) -> None:
    def observation(program, x):
        return program.double(x)

    observation.__name__, observation.__doc__ = name, claim
    exercise.check(points=points, cases=cases, judge=judge or close(), **more)(observation)


def refused(unit: Unit) -> str:
    """What an author reads on load."""
    with pytest.raises(ExerciseError) as error:
        unit.validate()
    return str(error.value)


def test_a_right_unit_is_accepted():
    unit = unit_of()
    unit.validate()
    assert unit.points == 2
    assert [check.name for check in unit.exercises[0].checks] == ["values"]


def test_a_check_keeps_its_claim_on_one_line():
    unit = unit_of()
    add_check(unit.exercises[0], "other", claim="`double` returns\n\n        twice   its argument")
    assert unit.exercises[0].checks[1].claim == "`double` returns twice its argument"


def test_the_decorator_gives_the_observation_back():
    def observation(program):
        """Claim"""
        return program.double(1)

    exercise = Unit("u").exercise("double", 1)
    assert exercise.check(points=1, cases=one, judge=close())(observation) is observation


@pytest.mark.parametrize("claim", [None, "", "  \n "])
def test_a_check_needs_a_docstring(claim):
    with pytest.raises(ExerciseError, match="`values` of `double` needs a docstring"):
        add_check(Unit("u").exercise("double", 1), claim=claim)


def test_points_of_checks_add_up_to_those_of_the_exercise():
    unit = unit_of()
    add_check(unit.exercises[0], "more", points=0.5)
    assert "`double` add up to 2.5 points; it declares 2" in refused(unit)


def test_points_may_be_fractions():
    unit = Unit("u")
    exercise = unit.exercise("double", points=1)
    for index in range(10):
        add_check(exercise, f"check{index}", points=0.1)
    unit.validate()


def test_an_exercise_needs_a_check():
    unit = Unit("u")
    unit.exercise("double", points=0)
    assert "`double`" in refused(unit)


def test_a_unit_needs_an_exercise():
    assert "01_empty declares no exercise" in refused(Unit("01_empty"))


@pytest.mark.parametrize("points", [-1, 0, float("nan"), float("inf")])
def test_points_are_positive_numbers(points):
    unit = unit_of()
    exercise = unit.exercise("half", points=points)
    add_check(exercise, points=points)
    assert "`half`" in refused(unit)


def test_the_points_of_an_exercise_are_a_number():
    unit = Unit("u")
    add_check(unit.exercise("half", points=float("nan")))
    assert "`half`" in refused(unit)


@pytest.mark.parametrize("more", [{"tries": 0}, {"seconds": 0}, {"seconds": -1.0}, {"tries": -2}])
def test_tries_and_seconds_are_positive(more):
    unit = Unit("u")
    add_check(unit.exercise("double", points=2), **more)
    assert "`values` of `double`" in refused(unit)


def test_two_exercises_have_two_names():
    with pytest.raises(ExerciseError, match="01_unit declares the exercise `double` twice"):
        unit_of().exercise("double", points=1)


def test_two_checks_of_an_exercise_have_two_names():
    with pytest.raises(ExerciseError, match="`double` has two checks called `values`"):
        add_check(unit_of().exercises[0])


def test_checks_of_two_exercises_may_share_a_name():
    unit = unit_of()
    add_check(unit.exercise("half", points=2))
    unit.validate()


@pytest.mark.parametrize("first", ["variant", "equivalent"])
@pytest.mark.parametrize("second", ["variant", "equivalent"])
def test_variants_and_equivalents_have_names_of_their_own(first, second):
    exercise = unit_of().exercises[0]
    declare = {
        "variant": lambda: exercise.variant("sum", "You sum.", {"a": "b"}),
        "equivalent": lambda: exercise.equivalent("sum", {"a": "b"}),
    }
    declare[first]()
    with pytest.raises(ExerciseError, match="`double` declares `sum` twice"):
        declare[second]()


@pytest.mark.parametrize("explanation", ["", "  \n"])
def test_a_variant_needs_an_explanation(explanation):
    unit = unit_of()
    unit.exercises[0].variant("sum", explanation, {"a": "b"})
    assert "`sum` of `double`" in refused(unit)


class Other:
    """A class of the author's, where the framework of the reference isn't imported."""

    def call(self, x):
        return x + x


@pytest.mark.parametrize("bases", ["", "(keras.layers.Layer)", "(first.Base, Second)"])
def test_a_class_without_bases_takes_those_of_the_reference(bases):
    reference = (
        f"import keras\n\nclass Double{bases}:\n    def call(self, x):\n        return 2 * x\n"
    )
    unit = Unit("u", framework="keras")
    loaded = LoadedUnit(unit, (Cell("code", reference),), Path())
    program = loaded.alternative(unit.exercise("Double", 1), Alternative("other", "", Other))
    source = program.cells[0][1]
    assert f"class Double{bases}:" in source
    assert "return x + x" in source
    assert "2 * x" not in source


def test_an_equivalent_needs_no_explanation():
    unit = unit_of()
    unit.exercises[0].equivalent("twice", {"2 * x": "x + x"})
    unit.validate()


def test_a_variant_is_the_same_as_one_that_exists():
    unit = unit_of()
    unit.exercises[0].variant("sum", "You sum.", {"a": "b"}, same_as=("mean",))
    assert "`sum` is same_as a variant that does not exist" in refused(unit)
    unit.exercises[0].variant("mean", "You average.", {"a": "c"})
    unit.validate()


@pytest.mark.parametrize("name", ["forwards", "double", "later"])
def test_an_exercise_uses_earlier_ones_only(name):
    unit = Unit("u")
    add_check(unit.exercise("double", points=2, uses=(name,)))
    add_check(unit.exercise("later", points=2, uses=("double",)))
    assert f"`double` uses ['{name}']: not earlier exercises" in refused(unit)


def test_an_exercise_is_checked_with_earlier_ones_only() -> None:
    unit = unit_of()
    add_check(unit.exercise("triple", points=2, checked_with=("quadruple",)))
    assert "quadruple" in refused(unit)
    unit = unit_of()
    add_check(unit.exercise("triple", points=2, uses=("double",), checked_with=("double",)))
    assert "both uses ['double']" in refused(unit)


def test_what_trains_does_not_count_alone_where_all_is_lent() -> None:
    for alone in (None, False):
        unit = unit_of()
        triple = unit.exercise("triple", points=2, checked_with=("double",))
        add_check(triple, judge=accuracy(0.9, 0.95), counts_alone=alone)
        if alone is None:
            assert "Declare `counts_alone=False`" in refused(unit)
        else:
            unit.validate()


@pytest.mark.parametrize("framework", ["tensorflow", "torch", "", "NumPy"])
def test_a_unit_has_a_known_framework(framework):
    unit = unit_of()
    unit.framework = framework
    assert f"framework is {framework!r}, not numpy or keras" in refused(unit)


def drawn(cases: Any) -> tuple[Case, ...]:
    unit = Unit("u")
    add_check(unit.exercise("double", points=2), cases=cases)
    return unit.exercises[0].checks[0].draw(np.random.default_rng(1))


def test_a_check_without_a_case_is_refused():
    def none_at_all(rng):
        return []

    with pytest.raises(ExerciseError, match="`values` has no case: `none_at_all` is empty"):
        drawn(none_at_all)


def test_cases_are_inputs_with_or_without_a_label():
    plain, labelled = drawn(lambda rng: [{"x": 1}, Case({"x": 2}, "all zero", {"y": 3})])
    assert plain == Case({"x": 1}) and plain.label == "" and plain.truth == {}
    assert labelled.label == "all zero" and labelled.truth == {"y": 3}


def test_one_seed_draws_the_same_cases_again():
    first, second = drawn(one), drawn(one)
    assert np.array_equal(first[0].inputs["x"], second[0].inputs["x"])


def decorated(function: Any) -> Any:
    return function


@no_type_check
@decorated
def annotated(
    program: GLOBAL, x: np.ndarray = 2.0, *rest: GLOBAL, k: GLOBAL = 1, **o: int
) -> GLOBAL:
    """The claim, which is the student's to read."""

    def inner(q: GLOBAL) -> GLOBAL:  # type: ignore[valid-type]
        """Stays."""
        return q

    return inner(program.double(x)), rest, k, o  # a comment


def test_only_the_code_of_an_observation_goes_out():
    source = observation_source(annotated)
    assert source.startswith("def annotated(program, x=2.0, *rest, k=1, **o):\n")
    for absent in ("decorated", "GLOBAL", "claim", "->", "comment", "ndarray"):
        assert absent not in source


def test_the_text_of_an_observation_does_what_the_function_did():
    world: dict[str, Any] = {}
    exec(observation_source(annotated), world)

    class Program:
        double = staticmethod(lambda x: 2 * x)

    assert world["annotated"](Program, 4, 5, z=6) == annotated(Program, 4, 5, z=6)


def test_an_observation_that_is_indented_is_read():
    def observation(program, x):
        """Claim"""
        if x:
            return program.double(x)
        return "a\n    text"

    (read,) = ast.parse(observation_source(observation)).body
    assert isinstance(read, ast.FunctionDef) and read.name == "observation"


def test_an_observation_of_a_docstring_alone_does_nothing():
    def observation(program):
        """Claim"""

    assert observation_source(observation) == "def observation(program):\n    pass"


def uses_all_of_its_world(program, x, y=2):
    total = np.sum([len(str(item)) for item in x if item is not None])

    class Spy:
        calls = 0
        seen = calls

    def again(n):
        return again(n - 1) if n else (lambda q: q + y)(total)

    world = keras, ops.exp(x), probes.seed  # type: ignore[name-defined]  # noqa: F821
    return again(2), world, Spy, program, print


def test_arguments_and_the_world_of_a_check_may_be_used():
    assert "keras" in observation_source(uses_all_of_its_world)


def uses_a_global(program):
    return program.double(GLOBAL)


def uses_it_in_a_lambda(program):
    return [(lambda: GLOBAL)() for _ in range(2)]


def uses_it_in_a_comprehension(program):
    return [[i * GLOBAL for i in range(j)] for j in range(3)]


def uses_it_as_a_default(program, x=GLOBAL):
    return x


def uses_it_as_a_keyword_default(program, *, x=GLOBAL):
    return x


def uses_it_in_a_class(program):
    class Inner:
        value = GLOBAL

    return Inner


def uses_it_in_a_default_inside(program):
    def inner(x=GLOBAL):
        return x

    return inner()


FOREIGN = [
    uses_a_global,
    uses_it_in_a_lambda,
    uses_it_in_a_comprehension,
    uses_it_as_a_default,
    uses_it_as_a_keyword_default,
    uses_it_in_a_class,
    uses_it_in_a_default_inside,
]


@pytest.mark.parametrize("observation", FOREIGN, ids=lambda observation: observation.__name__)
def test_a_foreign_name_is_refused_and_quoted(observation):
    with pytest.raises(ExerciseError, match=f"`{observation.__name__}` uses GLOBAL"):
        observation_source(observation)


def test_a_variable_of_an_enclosing_function_is_foreign():
    scale = 2

    def observation(program):
        return scale

    with pytest.raises(ExerciseError, match="uses scale"):
        observation_source(observation)


def imports_a_module(program):
    import math

    return math.pi


def imports_a_name(program):
    def inner():
        from math import pi

        return pi

    return inner()


@pytest.mark.parametrize("observation", [imports_a_module, imports_a_name])
def test_an_observation_imports_nothing(observation):
    with pytest.raises(ExerciseError, match=observation.__name__):
        observation_source(observation)


async def asynchronous(program):
    """Claim"""


class Callable:
    def __call__(self, program):
        """Claim"""


NOT_PLAIN = [asynchronous, Callable, Callable(), lambda program: program, float, len, np.sum]


@pytest.mark.parametrize("observation", NOT_PLAIN, ids=range(len(NOT_PLAIN)))
def test_an_observation_is_a_plain_function(observation):
    with pytest.raises(ExerciseError):
        observation_source(observation)


def test_a_check_with_a_foreign_name_is_refused_when_it_is_declared():
    def observation(program):
        """Claim"""
        return GLOBAL

    exercise = Unit("u").exercise("double", points=1)
    with pytest.raises(ExerciseError, match="`observation` uses GLOBAL"):
        exercise.check(points=1, cases=one, judge=close())(observation)


LAMBDA = at_most(
    1.0, lambda got: got["loss"], "The loss"
)  # fmt: skip


@pytest.mark.parametrize("of", [float, LAMBDA.of, uses_a_global, uses_all_of_its_world])
def test_what_a_judge_measures_is_a_plain_function_of_numpy(of):
    unit = Unit("u")
    add_check(unit.exercise("double", points=2), judge=at_most(1.0, of, "The loss"))
    assert refused(unit)


@pytest.mark.parametrize("shows", [float, LAMBDA.of, uses_a_global, uses_all_of_its_world])
def test_a_symptom_is_a_plain_function_of_numpy(shows):
    unit = unit_of()
    unit.exercises[0].symptom("flat", "It is flat.")(shows)
    assert refused(unit)


def test_symptoms_and_measures_may_use_numpy():
    def flat(value):
        return np.ptp(value) == 0

    unit = Unit("u")
    add_check(unit.exercise("double", points=2), judge=at_most(1.0, flat, "The range"))
    assert unit.exercises[0].symptom("flat", "It is flat.")(flat) is flat
    unit.validate()


def test_helpers_travel_with_an_observation():
    def twice(x):
        return 2 * shifted(x)

    def shifted(x):
        return np.asarray(x) + 1

    def observation(program, x):
        """Claim"""
        return twice(program.double(x))

    exercise = Unit("u").exercise("double", 1)
    exercise.check(points=1, cases=one, judge=close(), helpers=(twice, shifted))(observation)
    world: dict[str, Any] = {"np": np}
    exec(exercise.checks[0].source, world)
    assert next(name for name in world if name not in ("np", "__builtins__")) == "observation"
    assert world["observation"](SimpleNamespace(double=lambda x: 2 * x), 3) == 14
    with pytest.raises(ExerciseError, match="`observation` uses twice"):
        Unit("u").exercise("double", 1).check(points=1, cases=one, judge=close())(observation)


def test_helpers_see_no_more_than_an_observation_does():
    def helper(x):
        return x * GLOBAL

    def observation(program, x):
        """Claim"""
        return helper(x)

    exercise = Unit("u").exercise("double", 1)
    with pytest.raises(ExerciseError, match="`helper` uses GLOBAL"):
        exercise.check(points=1, cases=one, judge=close(), helpers=(helper,))(observation)
