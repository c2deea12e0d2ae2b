"""Bad courses whose answers can be guessed without learning: `check-course` must catch each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from support.places import TINY

from autograder import Case, accuracy, digit_pictures, exact
from autograder.authoring import label_guesses
from autograder.authoring.guessed import guessed
from autograder.authoring.matrix import Row
from autograder.course.cases import PUBLIC_SEED
from autograder.course.course import Course
from autograder.course.exercise import Alternative
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.pool import Pool

FLOOR = 0.9
Task = Callable[[np.random.Generator], Iterator[Case]]


def task(X: Any, labels: Any, **more: Any) -> Case:
    return Case({"X": X, **more}, "a task", {"labels": labels})


def noise(rng: np.random.Generator, count: int = 200) -> Any:
    return rng.normal(size=(count, 3))


def one_for_nearly_all(rng: np.random.Generator) -> Iterator[Case]:
    yield task(noise(rng), (rng.random(200) < 0.03).astype(int))


def every_other(rng: np.random.Generator) -> Iterator[Case]:
    yield task(noise(rng), np.arange(200) % 2)


def every_third(rng: np.random.Generator) -> Iterator[Case]:
    yield task(noise(rng), np.arange(200) % 3)


def sorted_by_class(rng: np.random.Generator) -> Iterator[Case]:
    yield task(noise(rng), np.arange(200) // 100)


def sorted_grids(rng: np.random.Generator) -> Iterator[Case]:
    yield task(rng.normal(size=(20, 4, 4)), np.repeat(np.arange(20) // 10, 16).reshape(20, 4, 4))


def the_same_each_time(rng: np.random.Generator) -> Iterator[Case]:
    yield task(noise(rng), np.random.default_rng(0).integers(0, 5, 200))


def one_number_tells(rng: np.random.Generator) -> Iterator[Case]:
    X = noise(rng)
    yield task(X.T, (X[:, 1] > 0.3).astype(int))  # an example a column


def few_to_draw_from(rng: np.random.Generator) -> Iterator[Case]:
    """A data set: the public examples are the hidden ones."""
    fixed = np.random.default_rng(0)
    X, labels = fixed.normal(size=(220, 3)), fixed.integers(0, 5, 220)
    chosen = rng.permutation(220)[:200]
    yield task(X[chosen], labels[chosen])


def far_apart(rng: np.random.Generator) -> Iterator[Case]:
    """Clusters, with labels that are others each time: only what is given to learn from tells."""
    labels, names = rng.integers(0, 5, 500), rng.permutation(5)
    angles = 2 * np.pi * labels / 5
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.1 * rng.normal(size=(500, 2))
    told = {"seen": X[:300], "seen_labels": names[labels[:300]]}
    yield task(X[300:], names[labels[300:]], **told)


def learnable(rng: np.random.Generator) -> Iterator[Case]:
    """As a task should be: digits at places of their own."""
    pictures, labels = digit_pictures(rng, 1000, (16, 16), (8, 10))
    told = {"seen": pictures[:700], "seen_labels": labels[:700]}
    yield task(pictures[700:], labels[700:], **told)


BAD: dict[Task, str] = {
    one_for_nearly_all: "constant",
    every_other: "order",
    every_third: "order",
    sorted_by_class: "order",
    sorted_grids: "order",
    the_same_each_time: "public",
    one_number_tells: "feature",
    few_to_draw_from: "neighbour",
    far_apart: "neighbour",
}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


def found(pool: Pool, cases: Task, judge: Any, source: Any, **settings: Any) -> Row:
    """The row of a check that is added to the tiny course's first exercise."""
    loaded = Course(TINY).load("01_lines")
    exercise = loaded.unit.exercises[0]
    exercise.checks.clear()
    exercise.check(points=1, cases=cases, judge=judge, **settings)(source)
    cache = EvidenceCache(None)
    with (
        closing(ReferenceOracle(loaded, "hidden", pool, cache)) as oracle,
        closing(ReferenceOracle(loaded, PUBLIC_SEED, pool, cache)) as public,
    ):
        return guessed(public, oracle, exercise, Alternative("", "", {}))


def learns(program, X, seen, seen_labels):
    """It learns"""
    return {"predictions": np.zeros(len(X), int)}


@pytest.mark.parametrize(
    ("cases", "way"), BAD.items(), ids=lambda item: getattr(item, "__name__", "")
)
def test_labels_that_can_be_guessed_are_found(pool: Pool, cases: Task, way: str) -> None:
    row = found(pool, cases, accuracy(FLOOR, 1.0), learns)
    assert row.points == 1
    assert way in row.problem and "`learns`" in row.problem


def test_a_guess_that_may_pass_is_declared_with_a_reason(pool: Pool) -> None:
    said = {"neighbour": "the topic is another"}
    assert found(pool, far_apart, accuracy(FLOOR, 1.0), learns, guessed_by=said).problem == ""
    assert found(pool, every_other, accuracy(FLOOR, 1.0), learns, guessed_by=said).problem


def test_what_counts_beside_another_check_only_may_be_guessed(pool: Pool) -> None:
    row = found(pool, every_other, accuracy(FLOOR, 1.0), learns, counts_alone=False)
    assert row.problem == "" and row.points == 0


def test_a_task_that_must_be_learned_passes_none(pool: Pool) -> None:
    assert found(pool, learnable, accuracy(FLOOR, 1.0), learns, tries=3).problem == ""


def sizes(rng: np.random.Generator) -> Iterator[Case]:
    for count in (4, 9):
        yield Case({"count": count, "X": rng.normal(size=count)})


def nothing(program, count, X):
    """All zeros"""
    return {"kept": np.zeros(count, int), "shape": str(count)}


def places(program, count, X):
    """Everything stays where it was"""
    return np.arange(count)


def turns(program, count, X):
    """Every other one"""
    return {"chosen": np.arange(count) % 2 == 1}


def ranks(program, count, X):
    """The order of the numbers"""
    return {"order": np.argsort(X)}


@pytest.mark.parametrize(
    ("source", "way"), [(nothing, "zeros"), (places, "places"), (turns, "parities"), (ranks, "")]
)
def test_whole_numbers_that_can_be_made_up_are_found(pool: Pool, source: Any, way: str) -> None:
    row = found(pool, sizes, exact(), source)
    assert way in row.problem and bool(row.problem) == bool(way)


def test_numbers_that_are_computed_are_no_guess() -> None:
    assert label_guesses.filled({"a": np.ones(3), "b": "text"}, label_guesses.FILLS["ones"]) is None
