"""Text of students, before anybody reads it: nothing in it acts."""

from __future__ import annotations

import pytest

from autograder.report.sanitize import clean, inert, one_line, source


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[1;31mred\x1b[0m \x9b1mx", "red x"),
        ("\x1b]0;title\x07shown", "shown"),
        ("\x1b]8;;unclosed\nnext", "\nnext"),
        ("a\r\nb\rc\r", "a\nc"),
        ("1/10\x08\x08\x08\x08\r2/10", "2/10"),
        ("tab\tnew\nnul\x00bell\x07\x7f\x85", "tab\tnew\nnulbell"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\ud800", "\ufffd"),
    ],
)
def test_cleaning_leaves_what_a_terminal_would_show(text: str, left: str) -> None:
    assert clean(text) == left


def test_one_line_is_short() -> None:
    assert one_line("a\n\tb  c") == "a b c"
    assert one_line("x" * 10_000_000, 10) == "x" * 9 + "…"


def test_a_carriage_return_takes_nothing_of_ours_away() -> None:
    assert one_line("It failed with x\rAll is right") == "It failed with xAll is right"
    assert inert("wrong: a\rok: b") == "wrong: aok: b"


def test_code_is_shown_as_python_reads_it() -> None:
    assert source("return 0\rreturn X - X.mean()\r\nx") == "return 0\nreturn X - X.mean()\nx"
