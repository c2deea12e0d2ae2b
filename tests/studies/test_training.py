"""The study of thresholds of training: its probabilities, its file, and that it measures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import calibrate
import pytest
import training
from scipy import stats

from autograder.grading.outcome import FAR

BENCHMARKS = Path(calibrate.__file__).parent


def test_the_probability_of_one_more_pass_is_student_s() -> None:
    form = training.Form("reference", [0.9, 0.94, 0.92], 3, 0.9, less_is_better=False)
    assert form.single == pytest.approx(stats.t.cdf(0.02 / (0.02 * (4 / 3) ** 0.5), 2))
    cost = training.Form("reference", [0.1, 0.14, 0.12], 3, 0.14, less_is_better=True)
    assert cost.single == pytest.approx(form.single)


@pytest.mark.parametrize("reached", [[float("inf")] * 3, [0.5] * 3])
def test_what_always_fails_passes_never(reached: list[float]) -> None:
    less = reached[0] > 1
    assert training.Form("wrong", reached, 0, 0.2 if less else 0.9, less).single == 0.0


def test_three_draws() -> None:
    assert training.wrongly_failed(0.1) == pytest.approx(1e-3)
    assert training.wrongly_passed(0.1) == pytest.approx(0.271)
    form = training.Form("reference", [0.9] * 20, 20, 0.8, less_is_better=False)
    assert form.upper(0) == pytest.approx(1 - 0.025 ** (1 / 20))


def test_trainings_are_kept_and_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    one = calibrate.Training("unit", "exercise", "check", "rows, then columns", 3, 0.75, False)
    calibrate.Kept(path).add(one)
    assert calibrate.trainings(path) == [one]
    trial = ("unit", "exercise", "check", "rows, then columns")
    assert calibrate.Kept(path).seeds(trial) == {3}
    assert calibrate.Kept(path).reached(trial, range(3, 5)) == [0.75]


def test_a_check_is_calibrated_by_its_own_code(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    trial = ["--exercise", "roi_max_pool", "--form", "reference"]
    options = [*trial, "--seeds", "2", "--csv", str(path)]
    command = [sys.executable, str(BENCHMARKS / "calibrate.py"), "10_rcnn_family", *options]
    told = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    assert told[0].count("    reference: ") == 2 and "    reference: " not in told[1]
    assert told[0].splitlines()[-1] == told[1].splitlines()[-1]
    assert all(row.passed and row.reached > 0.9 for row in calibrate.trainings(path))


def test_every_script_finds_what_it_imports() -> None:
    names = ", ".join(path.stem for path in sorted(BENCHMARKS.glob("*.py")))
    command = [sys.executable, "-c", f"import {names}"]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_training_of_a_right_form_comes_near_what_ends_the_draws() -> None:
    share, count = training.farthest(training.studies(calibrate.trainings(training.TABLE)))
    assert count >= 300
    assert 2 * share < FAR
