"""The simulation of many machines, where its answer is known beforehand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import simulate

from autograder.course.course import Course

EVEN = simulate.Setting(
    submissions=300, nodes=1, slots=1, spread=0.0, stragglers=0.0, between_failures=1e12
)
COSTS = simulate.Costs({"unit": [2.0]}, {"unit": 0.25}, {"unit": 0.75}, dispatch=0.125)


def test_alone_a_submission_takes_the_sum_of_its_parts() -> None:
    rare = replace(EVEN, submissions=5, before_deadline=40 * simulate.HOUR)
    found = simulate.Grading(rare, COSTS).run()
    assert found.median == pytest.approx(0.25 + 0.125 + 2.0 + 0.75)
    assert found.core_seconds == pytest.approx(2.0)


def test_a_full_slot_lets_the_others_wait() -> None:
    at_once = replace(EVEN, before_deadline=1.0)
    found = simulate.Grading(at_once, COSTS).run()
    assert found.after_deadline == pytest.approx(300 * 2.0, rel=0.02)
    assert found.worst == pytest.approx(300 * 2.0, rel=0.02)


def test_many_machines_wait_for_one_command_until_there_are_more() -> None:
    many = replace(EVEN, nodes=20, slots=50, before_deadline=1.0)
    one = simulate.Grading(many, COSTS).run()
    assert one.after_deadline == pytest.approx(300 * 1.0, rel=0.05)
    four = simulate.Grading(replace(many, commands=4), COSTS).run()
    assert four.after_deadline == pytest.approx(75 * 1.0, rel=0.1)


def test_what_a_dead_machine_had_is_graded_elsewhere() -> None:
    mortal = replace(
        EVEN, nodes=4, slots=2, before_deadline=600.0, between_failures=60.0, repair=20.0
    )
    found = simulate.Grading(mortal, COSTS).run()
    assert found.repeated > 3
    assert found.core_seconds == pytest.approx(2.0)  # each was graded to its end once
    assert found.worst < 600


def test_slow_machines_and_stragglers_cost_time() -> None:
    odd = replace(EVEN, nodes=8, slots=4, spread=0.3, stragglers=0.2, slowdown=5.0)
    found = simulate.Grading(odd, COSTS).run()
    assert found.core_seconds == pytest.approx(2.0 * (0.8 + 0.2 * 5.0), rel=0.3)
    assert found.worst > 2.0 * 5.0


def test_costs_are_those_of_a_sample_of_the_class(
    lines_course: Path, tmp_path: Path, write_notebook: Any
) -> None:
    for student in ("ada", "ben", "cy"):
        # About 0.3 s, many ticks of the clock that counts them.
        busy = f"# by {student}\nsum(range(15_000_000))"
        write_notebook(tmp_path / "in" / "01_lines" / f"{student}.ipynb", learn=busy)
    loaded = Course(lines_course).load("01_lines")
    submissions = simulate.sample(loaded, tmp_path / "in" / loaded.name, 2)
    assert [each.student for each in submissions] == ["ada", "ben"]
    costs = simulate.measure(loaded, submissions, tmp_path / "scratch")
    seconds = costs.grading[loaded.name]
    assert len(seconds) == 2
    assert all(0.05 < each < 60 for each in seconds), seconds
    assert costs.of_a_student == pytest.approx(sum(seconds) / 2)
    assert 0.0 <= costs.once[loaded.name] < 60
    assert 0.0 < costs.before[loaded.name] < 1.0
    assert 0.0 < costs.after[loaded.name] < 1.0
    both = COSTS.with_unit(costs)
    assert list(both.grading) == [loaded.name, "unit"]
    simulate.show(both, [])
