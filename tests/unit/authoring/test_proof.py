"""`check-course` on units that do not hold; what holds is in test_promises.py."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.progress import Progress
from support.places import TINY

from autograder.authoring.hollow import HOLLOW, hollow_answer
from autograder.authoring.proof import prove
from autograder.authoring.rows import SLOW_SECONDS
from autograder.course.course import Course
from autograder.grading.cache import EvidenceCache
from autograder.sandbox.pool import Pool

STUB = '''
class Counter:
    """Counts."""

    start = 3

    def __init__(self, step):
        # YOUR CODE HERE
        raise NotImplementedError()

    def add(self, x):
        """Adds."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def total(self):
        return self.start
'''


def made(source: str, name: str) -> Any:
    names: dict[str, Any] = {}
    exec(source, names)
    return names[name]


@pytest.mark.parametrize(
    ("kind", "wanted"), [("none", None), ("zero", 0.0), ("echo", 7), ("echo_all", (7,))]
)
def test_a_hollow_class_keeps_what_is_given(kind, wanted):
    counter = made(hollow_answer(STUB, "Counter", HOLLOW[kind]), "Counter")(2)
    assert counter.add(7) == wanted
    assert counter.total() == 3


def test_a_hollow_class_starts_as_its_base_does():
    class Base:
        def __init__(self):
            self.ready = True

    names: dict[str, Any] = {"lib": SimpleNamespace(Base=Base)}
    stub = STUB.replace("Counter:", "Counter(lib.Base):")
    exec(hollow_answer(stub, "Counter", "return None"), names)
    assert names["Counter"](2).ready


def test_a_hollow_function_takes_anything():
    stub = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n"
    double = made(hollow_answer(stub, "double", HOLLOW["echo"]), "double")
    assert double(3, other=4) == 3


def center_by_chance(X):
    import os

    return np.frombuffer(os.urandom(X.size), np.uint8).reshape(X.shape) * 1.0


def center_by_chance_slowly(X):
    import os
    import time

    end = time.process_time() + 0.25  # at each of three cases
    while time.process_time() < end:
        pass
    return np.frombuffer(os.urandom(X.size), np.uint8).reshape(X.shape) * 1.0


def test_a_variant_is_asked_twice_where_that_is_cheap():
    course = Course(TINY)
    loaded = course.load("01_lines")
    center = loaded.unit.exercises[0]
    center.variant("chance", "It is something else each time.", center_by_chance)
    center.variant("slow", "It is something else each time.", center_by_chance_slowly)
    with Pool() as pool, Progress(disable=True) as progress:
        matrix = prove(course, loaded, pool, EvidenceCache(None), 1, 1, progress)
    rows = {row.name: row for row in matrix.rows if row.kind == "variant"}
    assert rows["axis"].problem == ""
    assert rows["chance"].problem == "is not recognised."
    assert 3 * 0.25 > SLOW_SECONDS and rows["slow"].problem == ""


def center_by_sign(X):
    mean = X.mean(axis=1, keepdims=True)
    return X - (2 * mean if X.shape[1] == 7 and mean[0] < 0 else mean)


def test_a_variant_must_lose_points_in_every_draw_that_is_asked_for():
    course = Course(TINY)
    loaded = course.load("01_lines")
    center, learn = loaded.unit.exercises
    learn.variants.clear()
    center.variant("by_sign", "You subtract a negative mean twice.", center_by_sign)
    problems = {}
    with Pool() as pool, Progress(disable=True) as progress:
        for draws in (1, 6):
            cache = EvidenceCache(None)
            matrix = prove(course, loaded, pool, cache, 1, 1, progress, draws)
            variants = [row for row in matrix.rows if row.kind == "variant"]
            problems[draws] = {row.name: row.problem for row in variants if row.problem}
            assert len(variants) == 4
    # A mistake that every other draw can't tell.
    assert problems[1] == {}
    assert list(problems[6]) == ["by_sign"]
    assert problems[6]["by_sign"].startswith("must lose points (seed check-course-")
