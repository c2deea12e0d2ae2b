"""Markdown, as a host renders it: nothing of a student's acts there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from support.results import (
    EVERY_KIND,
    LINE,
    M_TIMES,
    faulty,
    hostile,
    mixed,
    perfect,
    ungradable,
)

from autograder.report import markdown

# As hosts render it: GitHub's dialect, where HTML would be let through.
RENDER = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render


def rendered(text: str) -> BeautifulSoup:
    return BeautifulSoup(RENDER(text), "html.parser")


def test_markdown_shows_what_to_fix_first_and_every_exercise() -> None:
    page = rendered(markdown.student(mixed()))
    assert page.h2.get_text() == "01_two_layer_network: 11/22 points"
    assert "Start with backward:" in page.get_text()
    assert page.get_text().count(M_TIMES.replace("`", "")) == 2
    rows = [row.get_text(" ", strip=True) for row in page.find("tbody").find_all("tr")]
    assert "sigmoid ok 2/2" in rows and "numerical_gradient not answered yet 0/2" in rows
    assert "In cell 7, line 12" in page.get_text()
    assert LINE.strip() in {tag.get_text() for tag in page.find_all("code")}


def test_markdown_of_what_has_no_grade_says_so() -> None:
    assert "could not be graded" in rendered(markdown.student(ungradable())).get_text()
    assert "costs you no points" in rendered(markdown.student(faulty())).get_text()
    assert "Well done" in rendered(markdown.student(perfect())).get_text()
    alone = replace(perfect(), isolation="none")
    assert "without isolation" in rendered(markdown.student(alone)).get_text()


def test_a_class_in_markdown_is_a_table() -> None:
    page = rendered(markdown.class_summary(EVERY_KIND[:4]))
    rows = [row.get_text(" ", strip=True) for row in page.find("tbody").find_all("tr")]
    assert [row.split()[0] for row in rows] == ["ada", "alan", "grace", "kurt"]
    assert markdown.class_summary([]) == "No submissions.\n"


@pytest.mark.parametrize("text", [markdown.student(hostile()), markdown.class_summary(EVERY_KIND)])
def test_markdown_lets_nothing_through(text: str) -> None:
    page = rendered(text)
    assert not page.find_all(["script", "img", "a", "iframe"])
    assert "\x1b" not in text and "\x00" not in text
    assert '<script>alert("x")</script>' in page.get_text()


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://host/y.png)",
        "[click](javascript:1)",
        "<img src=x>",
        "http://host",
        "# big",
        "- item",
        "1. item",
        "**bold** _it_ ~~no~~",
        "a | b",
        "> quote",
        "&lt;b&gt;",
        "\\*",
        "@team #1 :tada:",
        "$x$",
        "first\n\n# second",
    ],
)
def test_what_markdown_acts_on_is_shown_as_it_is(text: str) -> None:
    page = rendered(f"| {markdown.inline(text)} |\n|---|\n")
    assert [tag.name for tag in page.th.find_all()] == []
    assert page.th.get_text() == " ".join(text.split())


@pytest.mark.parametrize("code", ["a", "x ` y", "``", "a | b", "<b>", "`x"])
def test_code_stays_code(code: str) -> None:
    page = rendered(f"{markdown._code(code)} rest")
    assert page.code.get_text().strip() == code.replace("|", "¦")
    assert page.p.get_text().endswith("rest")
