"""The class report: its numbers, its pictures, and that it names nobody where it must not."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from support.results import exercise, faulty, hostile, mixed, perfect, result_of, ungradable

from autograder.report import item_analysis, plots
from autograder.report.page import class_page
from autograder.results.result import Finding, Result

CLASS = [mixed(), mixed("bo"), perfect(), faulty(), ungradable()]


def scored(student: str, *marks: bool, seconds: float = 1.0) -> Result:
    """A result of one exercise with one check a mark, worth a point each."""
    findings = [
        Finding(f"c{n}", f"claim {n}", "passed" if m else "failed", float(m), 1.0, seconds=seconds)
        for n, m in enumerate(marks)
    ]
    return result_of(exercise("e", *findings), student=student, seconds=seconds * len(marks))


def test_points_fall_into_tenths() -> None:
    counts = item_analysis.points_histogram([*CLASS, scored("zero", False), scored("all", True)])
    assert counts == [1, 0, 0, 0, 0, 2, 0, 0, 0, 2]  # neither the fault nor what has no grade
    assert item_analysis.points_histogram([]) == [0] * 10


def test_each_exercise_has_its_shares() -> None:
    shares = {share.exercise: share for share in item_analysis.exercise_shares(CLASS)}
    assert list(shares)[:3] == ["sigmoid", "forward", "cross_entropy"]
    assert (shares["backward"].full, shares["backward"].some) == (1, 2)
    assert (shares["gd_step"].full, shares["gd_step"].none) == (1, 2)
    assert shares["numerical_gradient"].open == 2
    assert shares["backward"].mean == pytest.approx((1 + 2 / 5 + 2 / 5) / 3)
    for share in shares.values():
        assert share.full + share.some + share.none + share.open == 3


def test_a_check_that_goes_with_the_rest_separates_and_one_that_is_chance_does_not() -> None:
    # The third mark follows the first two; the fourth has nothing to do with them.
    marks = [(n >= 5, n >= 4, n >= 5, n % 2 == 0) for n in range(10)]
    results = [scored(str(n), *row, seconds=n) for n, row in enumerate(marks)]
    facts = item_analysis.check_facts(results)
    assert [fact.claim for fact in facts] == [f"claim {n}" for n in range(4)]
    assert facts[2].discrimination is not None and facts[2].discrimination > 0.7
    assert (
        facts[3].discrimination is not None
        and abs(facts[3].discrimination) < item_analysis.MIN_DISCRIMINATION
    )
    assert (facts[0].passed, facts[0].answered, facts[0].seconds) == (0.5, 10, 4.5)


def test_too_few_answers_or_no_difference_say_nothing() -> None:
    few = item_analysis.check_facts([scored(str(n), n > 2) for n in range(5)])
    assert few[0].discrimination is None
    same = item_analysis.check_facts([scored(str(n), True, n > 5) for n in range(12)])
    assert same[0].discrimination is None
    unanswered = item_analysis.check_facts(CLASS)
    assert [f.answered for f in unanswered if f.exercise == "backward"] == [2, 3]
    assert [f.answered for f in unanswered if f.exercise == "numerical_gradient"] == [1]


def test_times_are_those_of_what_was_graded() -> None:
    assert item_analysis.typical_seconds([scored("a", True, seconds=2), *CLASS[3:]]) == (2, 2)
    assert item_analysis.typical_seconds([]) == (0, 0)


def svg_of(uri: str) -> ElementTree.Element:
    head, _, content = uri.partition(",")
    assert head == "data:image/svg+xml;base64"
    return ElementTree.fromstring(base64.b64decode(content))


def test_pictures_are_pictures_the_same_each_time_and_told_in_words() -> None:
    shares = item_analysis.exercise_shares(CLASS)
    for draw in (lambda: plots.points([0] * 9 + [3]), lambda: plots.exercises(shares)):
        picture = draw()
        assert picture == draw()
        assert picture.light != picture.dark
        for uri in (picture.light, picture.dark):
            assert svg_of(uri).tag.endswith("svg")
    assert plots.points([0] * 9 + [3]).alt.endswith("3 from 90 to 100 %.")
    assert "backward: 1 all points, 2 some, 0 none, 0 not answered" in plots.exercises(shares).alt


def test_a_name_draws_nothing_but_itself() -> None:
    odd = replace(
        item_analysis.exercise_shares(CLASS)[0], exercise="$\\frac{1}{0$ <script>\x1b[31m"
    )
    picture = plots.exercises([odd])
    assert "script" not in {node.tag.split("}")[-1] for node in svg_of(picture.light).iter()}
    assert "\x1b" not in picture.alt


def test_the_page_shows_a_unit_with_pictures_mistakes_checks_and_students() -> None:
    page = BeautifulSoup(class_page(CLASS), "html.parser")
    headings = [tag.get_text() for tag in page.find_all(["h2", "h3", "summary"])]
    assert headings == [
        "01_two_layer_network",
        "Mistakes that were recognised",
        "How well each check separates",
        "Students",
    ]
    assert len(page.find_all("picture")) == 2
    assert all(image["alt"].startswith("Submissions") for image in page.find_all("img"))
    assert not page.find_all(["script", "link"])
    assert all(url.startswith("data:") for url in re.findall(r'src(?:set)?="([^"]+)"', str(page)))
    nothing = BeautifulSoup(class_page([ungradable()]), "html.parser")
    assert not nothing.find_all("picture")


def test_a_page_of_one_submission_draws_nothing() -> None:
    one = [perfect(), ungradable()]
    assert not BeautifulSoup(class_page(one), "html.parser").find("picture")
    assert BeautifulSoup(class_page([*one, mixed()]), "html.parser").find("picture")


def test_an_anonymous_page_names_nobody() -> None:
    named = [
        replace(one, student=f"Zebra{n}", seed="s") for n, one in enumerate([*CLASS, hostile()])
    ]
    html = class_page(named, anonymous=True)
    page = BeautifulSoup(html, "html.parser")
    assert "Zebra" not in html and "kurt" not in html
    assert not [tag for tag in page.find_all("a") if tag["href"].endswith(".html")]
    numbers = sorted(re.findall(r"student \d", html))
    assert numbers == [f"student {n}" for n in range(1, 7)]
    assert class_page(named, anonymous=True) == class_page(named[::-1], anonymous=True)
