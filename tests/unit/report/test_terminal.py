"""What a terminal shows: of a submission, and of a class."""

from __future__ import annotations

import io
import re
from dataclasses import replace

from rich.console import Console
from support.results import (
    M_TIMES,
    backward,
    exercise,
    faulty,
    hostile,
    mixed,
    perfect,
    ungradable,
)

from autograder.report.class_table import class_table
from autograder.report.terminal import render
from autograder.results.result import Result


def printed(results: list[Result], width: int = 160) -> str:
    shown = io.StringIO()
    Console(file=shown, width=width, color_system=None).print(class_table(results, width=width))
    return shown.getvalue()


def test_table_shows_marks_and_what_to_fix() -> None:
    lines = printed([mixed(), perfect(), ungradable(), faulty()]).splitlines()
    line = {name: next(text for text in lines if f" {name} " in text) for name in
            ("ada", "grace", "kurt", "alan")}  # fmt: skip
    assert line["ada"].split()[1:9] == ["11/22", "✓", "✓", "✓", "2", "0", "·", "0"]
    assert "backward: Your bias gradients" in line["ada"]
    assert line["grace"].count("✓") == 7
    assert "cut off" in line["kurt"]
    assert "run it again" in line["alan"]
    assert "/22" not in line["alan"]


def test_table_has_a_part_for_each_unit_and_fits() -> None:
    results = [mixed("x" * 300), replace(mixed(), unit="02_other")]
    for width in (80, 100, 160):
        text = printed(results, width)
        assert max(map(len, text.splitlines())) <= width
        assert text.count("student") == 2


def test_terminal_text_is_harmless() -> None:
    for text in [printed([hostile()], 400), render(hostile())]:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
        assert "[bold]b[/bold]" in text


def test_text_has_the_explanation_before_the_facts() -> None:
    lines = render(backward()).splitlines()
    assert lines[0] == "backward   2/5"
    assert lines[1] == "  ok     2/2   `backward` returns a gradient for each parameter"
    assert lines[2].startswith("  wrong  0/3   `backward` returns the gradient")
    assert lines[3] == " " * 15 + M_TIMES
    assert lines[4].startswith(" " * 15 + "Seen: `db1` is 5 times")
    assert lines[-1] == " " * 15 + "In cell 7, line 12: `db1 = dZ1.sum(axis=1, keepdims=True)`"


def test_text_says_how_a_submission_stands() -> None:
    assert "Start with backward: Your bias" in render(mixed())
    assert "could not be graded" in render(ungradable())
    assert "The grader failed here, not you." in " ".join(render(faulty()).split())
    assert "Graded without isolation" in render(replace(perfect(), isolation="none"))


def test_what_two_findings_share_is_told_once() -> None:
    first = backward().findings[1]
    again = exercise("backward", first, replace(first, check="again", case="another"))
    assert render(again).count(M_TIMES) == 1
    assert render(again).count("Seen:") == 2
