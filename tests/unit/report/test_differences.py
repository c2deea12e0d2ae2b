"""What grading again changed, told before anything is overwritten."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from rich.console import Console
from support.results import backward, exercise, faulty, hostile, mixed, perfect, result_of

from autograder.report import differences
from autograder.report.differences import between
from autograder.results.result import Finding, Result


def one(verdict: str, points: float, check: str = "c", advice: str = "") -> Result:
    finding = Finding(check, f"claim {check}", verdict, points, 2.0, advice=advice)  # type: ignore[arg-type]
    return result_of(exercise("e", finding))


def test_the_same_results_differ_in_nothing() -> None:
    before = [mixed(), perfect(), faulty(), hostile()]
    slower = [replace(result, seconds=9.0, versions={"numpy": "9"}) for result in before]
    assert between(before, slower) == []
    assert differences.markdown([]) == "Nothing changed.\n"


@pytest.mark.parametrize(
    ("old", "new", "kind", "gained"),
    [
        (one("failed", 0), one("passed", 2), "points", 2),
        (one("passed", 2), one("failed", 0, advice="Mind the sign."), "points", -2),
        (one("failed", 0), one("raised", 0), "points", 0),
        (one("failed", 0, advice="a"), one("failed", 0, advice="b"), "words", 0),
        (faulty("ada"), replace(perfect("ada"), points=22.0), "status", 7),
    ],
    ids=["gained", "lost", "another verdict", "other words", "graded now"],
)
def test_each_change_is_told(old: Result, new: Result, kind: str, gained: float) -> None:
    found = between([old], [new])
    if kind == "status":
        gained = new.points - old.points
    assert [(d.kind, d.gained) for d in found] == [(kind, gained)]


def test_checks_and_submissions_that_are_new_or_gone() -> None:
    found = between([one("passed", 2, "old")], [one("passed", 2, "new")])
    assert [(d.kind, d.claim, d.gained) for d in found] == [
        ("new", "claim new", 2),
        ("gone", "claim old", -2),
    ]
    [fresh] = between([], [perfect("eve")])
    assert (fresh.kind, fresh.student, fresh.gained) == ("new", "eve", 22)
    assert between([perfect("eve")], []) == []  # not graded again


def test_totals_and_summary_count_submissions() -> None:
    right = replace(backward().findings[1], verdict="passed", points=3.0)
    better = result_of(exercise("backward", backward().findings[0], right))
    before = [result_of(backward()), one("passed", 2)]
    after = [better, replace(one("failed", 0), student="bo")]
    found = between([before[0], replace(before[1], student="bo")], after)
    assert differences.totals(found) == {
        ("01_two_layer_network", "ada"): 3,
        ("01_two_layer_network", "bo"): -2,
    }
    assert differences.summary(found) == "1 gained points, 1 lost points."
    assert "ada | +3 |" in differences.markdown(found)
    rows = list(csv.DictReader(io.StringIO(differences.table_csv(found))))
    assert [(row["student"], row["gained"]) for row in rows] == [("ada", "3"), ("bo", "-2")]
    console = Console(width=100, file=io.StringIO())
    console.print(differences.terminal(found))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "+3" in shown and "\N{MINUS SIGN}2" in shown and "backward" in shown


def test_hostile_text_stays_text() -> None:
    found = between([hostile()], [replace(hostile(), exercises=())])
    assert found and found[0].kind == "gone"
    console = Console(width=100, file=io.StringIO())
    console.print(differences.terminal(found))
    for text in (differences.markdown(found), differences.table_csv(found)):
        assert "\x1b" not in text and "\x00" not in text
    assert "\x1b" not in console.file.getvalue()  # type: ignore[attr-defined]
