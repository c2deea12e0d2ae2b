"""What a terminal shows: of a submission, and of a class."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
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

LONG = "Maximiliane Alexandra von Hohenlohe-Schillingsfürst zu Waldenburg"
WIDE = "アレクサンドラ・ウィルソン＝山田花子"  # noqa: RUF001


def printed(results: list[Result], width: int | None = 160) -> str:
    """Return what a terminal shows; None: what a pipe gets."""
    shown = io.StringIO()
    console = Console(file=shown, width=width or 10_000, color_system=None)
    console.print(class_table(results, width=width))
    return shown.getvalue()


def class_of_40() -> list[Result]:
    names = [LONG, WIDE, "王小明", *(f"student{number}" for number in range(36))]
    kinds = (mixed, perfect)
    return [kinds[n % 2](name) for n, name in enumerate(names)] + [ungradable()]


def test_table_shows_marks_and_what_to_fix() -> None:
    lines = printed([mixed(), perfect(), ungradable(), faulty()]).splitlines()
    line = {name: next(text for text in lines if text.startswith(f"{name} ")) for name in
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


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_a_class_fits_the_width_that_there_is(width: int) -> None:
    text = printed(class_of_40(), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    for name in ("王小明", "student35", "kurt", LONG[:10], WIDE[:4]):
        assert name in text
    assert text.count("11/22") == 20
    # Each exercise has a column, whatever is left of its name.
    (row,) = (line for line in text.splitlines() if line.startswith("student0 "))
    assert row.split()[1:9] == ["22/22", *"✓✓✓✓✓✓✓"]


def test_names_are_cut_before_marks_and_only_where_there_is_too_little_room() -> None:
    assert LONG in printed(class_of_40(), 200) and WIDE in printed(class_of_40(), 200)
    assert "numerical" in printed(class_of_40(), 160)
    assert LONG not in printed(class_of_40(), 80) and "…" in printed(class_of_40(), 80)


def test_a_table_without_room_for_reasons_says_who_was_not_graded() -> None:
    narrow, wide = printed(class_of_40(), 60), printed(class_of_40(), 160)
    assert "first to fix" not in narrow and "Not graded, their pages say why: kurt." in narrow
    assert "first to fix" in wide and "Not graded" not in wide and "`kurt.ipynb` ends" in wide


def test_without_a_width_nothing_is_cut() -> None:
    text = printed(class_of_40(), None)
    assert LONG in text and WIDE in text and M_TIMES.replace("`", "") in text.replace("`", "")
    assert "numerical" in text and "…" not in text


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


@pytest.mark.parametrize("width", [50, 80, 100])
def test_text_fits_a_narrow_terminal_and_has_no_colours(width: int) -> None:
    lines = render(mixed(), width=width).splitlines()
    code = [line for line in lines if line.lstrip().startswith("In cell")]  # stays as it is
    assert max(len(line) for line in lines if line not in code) <= width
    assert "\x1b" not in "".join(lines)


def test_what_two_findings_share_is_told_once() -> None:
    first = backward().findings[1]
    again = exercise("backward", first, replace(first, check="again", case="another"))
    assert render(again).count(M_TIMES) == 1
    assert render(again).count("Seen:") == 2
