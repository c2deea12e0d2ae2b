"""Pages: what a student and a teacher read of a result, and that nothing in it can harm."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from support.pages import soup, words_of
from support.results import (
    BACKWARD_CODE,
    FULL,
    LINE,
    M_TIMES,
    UNIT,
    backward,
    exercise,
    faulty,
    hostile,
    mixed,
    perfect,
    result_of,
    ungradable,
)

from autograder.batch.reports import GRADESCOPE
from autograder.report.fragment import finding_html
from autograder.report.page import class_page, count_mistakes, page_path, student_page
from autograder.report.phrases import first_to_fix
from autograder.report.sanitize import OUTPUT_LIMIT, shorten
from autograder.report.terminal import render
from autograder.results.record import dumps, loads
from autograder.results.result import CellRun, Finding, Place, Result


def style_of(page: BeautifulSoup) -> str:
    return str(page.style and page.style.string)


def everything_said(result: Result) -> list[str]:
    return [student_page(result), class_page([result]), *map(finding_html, result.exercises)]


def test_a_fault_is_never_shown_as_a_zero() -> None:
    exercise = faulty().exercises[3]
    for text in [render(exercise), words_of(finding_html(exercise))]:
        assert "0 /5" not in text and "0/5" not in text
        assert "grader's fault" in text
    assert "9 /14 points so far" in words_of(student_page(faulty()))


def test_first_to_fix_prefers_an_explanation() -> None:
    plain = Finding("shape", "It has the shape", "failed", 0.0, 1.0, seen="`(3,)`")
    ordered = result_of(perfect().exercises[0], exercise("x", plain, backward().findings[1]))
    assert first_to_fix(ordered).finding.advice == M_TIMES
    assert first_to_fix(perfect()) is None
    assert first_to_fix(faulty()) is None


def test_student_page_tells_everything() -> None:
    page = soup(student_page(mixed()))
    assert page.h1.get_text() == "ada"
    assert page.find(class_="total").get_text() == "11/22 points"
    assert M_TIMES.replace("`", "") in page.find(class_="first").get_text()
    sections = page.find_all(class_="exercise")
    assert [s.h2.get_text() for s in sections] == [name for name, _, _ in FULL]
    wrong = sections[3].find("li", class_="ag-bad")
    assert wrong.find(class_="ag-verdict").get_text().split() == ["✗", "wrong"]
    assert [tag.get_text() for tag in wrong.find(class_="ag-advice").find_all("code")] == ["dW"]
    assert "In cell 7, line 12" in wrong.get_text()
    assert sections[3].find(class_="hll").get_text().endswith(LINE + "\n")
    printed = page.find(class_="output").get_text()
    assert "loss 0.4102" in printed and "0.6931" not in printed
    assert "NameError: name 'paramz'" in printed


def test_only_the_line_that_was_meant_is_marked() -> None:
    empty_lines_first = replace(backward(place=Place(7, 14, LINE)), code="\n\n" + BACKWARD_CODE)
    page = soup(student_page(result_of(empty_lines_first)))
    assert [tag.get_text().strip() for tag in page.find_all(class_="hll")] == ["14" + LINE]
    elsewhere = backward(place=Place(3, 12, "x = sigmoid(z)"))
    assert not soup(student_page(result_of(elsewhere))).find_all(class_="hll")


def test_student_page_is_the_same_each_time_and_keeps_secrets() -> None:
    page = student_page(mixed())
    assert page == student_page(loads(dumps(mixed())))
    assert "our-secret-seed" not in page
    assert "/home/teacher" not in page
    assert "numpy 2.1.3" in words_of(page)
    assert "isolation: namespaces" in words_of(page)


def test_student_page_tells_whether_two_had_the_same_cases() -> None:
    def cases(**changes: str) -> str:
        found = re.search(r"hidden cases (\w{4}),", words_of(student_page(result_of(**changes))))
        assert found is not None
        return found[1]

    assert cases() == cases(student="grace") != cases(seed="another seed")
    assert cases() != cases(unit="03_optimizers")


def test_student_page_is_accessible() -> None:
    page = soup(student_page(mixed()))
    assert page.html["lang"] == "en"
    assert page.title.get_text() == f"ada · {UNIT}"
    assert page.header and page.main and page.footer
    assert all(cell.get("scope") in ("col", "row") for cell in page.find_all("th"))
    names = {tag["aria-labelledby"] for tag in page.find_all("section")}
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert names <= set(ids)
    assert len(ids) == len(set(ids))
    links = [tag["href"].removeprefix("#") for tag in page.find_all("a")]
    assert links and set(links) <= set(ids)


def test_pages_of_every_status_can_be_read() -> None:
    assert "Everything is right" in words_of(student_page(perfect()))
    assert "This notebook could not be graded" in words_of(student_page(ungradable()))
    assert "Everything is right" not in words_of(student_page(ungradable()))
    assert "This result is not complete" in words_of(student_page(faulty()))
    loose = replace(perfect(), isolation="none")
    assert "without isolation" in words_of(student_page(loose))
    assert "without isolation" in words_of(class_page([loose]))


def test_nothing_hostile_reaches_a_page() -> None:
    for html in everything_said(hostile()):
        page = soup(html)
        assert not page.find_all(["script", "iframe", "object", "link", "form", "base"])
        assert all(image["src"].startswith("data:image/svg") for image in page.find_all("img"))
        assert not [t for t in page.find_all(True) for name in t.attrs if name.startswith("on")]
        assert "<script>alert" in page.get_text()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)


def test_an_explanations_emphasis_is_shown_and_products_stay() -> None:
    said = "Mend the *edges of <b>*, not the *<i>*, 2*3*4, `a*b*c` or * x *."
    html = finding_html(backward(advice=said))
    advice = soup(html).find(class_="ag-advice")
    assert [tag.get_text() for tag in advice.find_all("em")] == ["edges of <b>"]
    assert advice.get_text() == "Mend the edges of <b>, not the *<i>*, 2*3*4, a*b*c or * x *."


def test_code_in_backticks_is_escaped_and_unclosed_backticks_stay() -> None:
    html = finding_html(backward(advice="Use `<b>x</b>` & `not closed"))
    advice = soup(html).find(class_="ag-advice")
    assert advice.get_text() == "Use <b>x</b> & `not closed"
    assert [tag.get_text() for tag in advice.find_all("code")] == ["<b>x</b>"]


@pytest.mark.parametrize("html", [student_page(mixed()), class_page([mixed(), ungradable()])])
def test_pages_load_nothing(html: str) -> None:
    page = soup(html)
    content = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert content.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in content
    assert all(tag["src"].startswith("data:") for tag in page.find_all(src=True))
    assert not page.find_all(style=True)  # the policy would refuse them
    assert "url(" not in html and "@import" not in html and "//" not in style_of(page)


def test_fragment_is_complete_in_itself() -> None:
    page = soup(finding_html(backward()))
    assert page.div["class"] == ["autograder-findings"]
    assert not page.find_all(id=True)  # it stands beside others in one notebook
    assert "2 /5" in words_of(str(page)) and "Your bias gradients" in page.get_text()
    selectors = re.findall(r"^([^{}/]+)\{", style_of(page), re.M)
    assert all(s.strip().startswith((".autograder-findings", ".ag-")) for s in selectors)


def test_class_page_links_and_counts() -> None:
    page = soup(class_page([mixed("bo"), mixed("ada"), perfect(), ungradable(), faulty()]))
    links = [tag["href"] for tag in page.find_all("a")]
    assert links == [f"{UNIT}/{name}.html" for name in ["ada", "alan", "bo", "grace", "kurt"]]
    assert "5 submissions · median 11 of 22 points · 1 to run again · 1 not gradable" in str(page)
    mistakes = page.find_all("table")[0].tbody.find_all("tr")
    assert [cell.get_text() for cell in mistakes[0].find_all(["td", "th"])] == [
        "2", "backwarddb_without_mean", M_TIMES.replace("`", "")]  # fmt: skip
    assert "No submissions" in class_page([])


def test_a_mistake_counts_once_for_a_student() -> None:
    twice = replace(mixed(), exercises=(backward(), backward()))
    assert [mistake.students for mistake in count_mistakes([twice, mixed("bo")])] == [2]


def test_page_path_is_one_safe_name_for_each_student() -> None:
    names = ["ada", "a/b", "a%2Fb", "..", ".", "", "a\\b", "a:b", "a\x00b", "Zoë Öz", "a\ud800"]
    paths = [page_path(perfect(name)) for name in names]
    assert len(set(paths)) == len(names)
    assert all(re.fullmatch(rf"{UNIT}/[^./\\:\x00][^/\\:\x00]*\.html", path) for path in paths)
    assert paths[9] == f"{UNIT}/Zoë Öz.html"
    assert soup(class_page([perfect("a/b")])).a["href"] == f"{UNIT}/a%252Fb.html"


def test_no_students_record_is_where_anothers_report_is() -> None:
    record_of = page_path(perfect("ada.gradescope"), ".json")
    assert record_of == f"{UNIT}/ada%2Egradescope.json"
    assert record_of.lower() != page_path(perfect("ada"), GRADESCOPE).lower()
    assert page_path(perfect("ada.GradeScope"), ".json") == f"{UNIT}/ada%2EGradeScope.json"
    assert page_path(perfect("gradescope.ada"), ".json") == f"{UNIT}/gradescope.ada.json"


def test_page_path_fits_any_file_system() -> None:
    names = [
        "CON",
        "con",
        "nul.x",
        "com1",
        "console",
        "\U0001f393" * 60,
        "\U0001f393" * 61,
        "漢" * 100,
    ]
    paths = [page_path(perfect(name)).partition("/")[2] for name in names]
    assert len(set(paths)) == len(names)
    assert all(len(path.encode()) <= 240 for path in paths)
    assert paths[:5] == ["%43ON.html", "%63on.html", "%6Eul.x.html", "%63om1.html", "console.html"]


def test_huge_output_is_cut_in_the_middle() -> None:
    text = "start " + "x" * 3_000_000 + " end"
    huge = replace(mixed(), cells=(CellRun(1, "ok", text),), notes=("n" * 100_000,))
    page = student_page(huge)
    assert len(page) < 100_000
    shown = soup(page).find(class_="output").pre.get_text()
    assert shown.startswith("start ") and shown.endswith(" end")
    assert "2,980,010 characters are not shown" in shown
    assert len(shorten(text)) < OUTPUT_LIMIT + 100
