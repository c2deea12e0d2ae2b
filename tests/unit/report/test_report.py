"""Reports: what a student, a teacher and another program read of a result, and what cannot harm."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import fields, replace

import jsonschema
import pytest
from bs4 import BeautifulSoup
from rich.console import Console
from support.places import ROOT
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
from autograder.report.class_table import class_csv, class_table
from autograder.report.page import class_page, count_mistakes, finding_html, page_path, student_page
from autograder.report.phrases import WORDS, first_to_mend
from autograder.report.sanitize import OUTPUT_LIMIT, clean, one_line, shorten
from autograder.report.terminal import render
from autograder.results.record import RecordError, dumps, loads, schema, schema_text
from autograder.results.result import CellRun, ExerciseResult, Finding, Place, Result

DOCS = ROOT / "docs"


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def words_of(html: str) -> str:
    return " ".join(soup(html).get_text(" ").split())


def style_of(page: BeautifulSoup) -> str:
    return str(page.style and page.style.string)


def dicts_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def printed(results: list[Result], width: int = 160) -> str:
    shown = io.StringIO()
    Console(file=shown, width=width, color_system=None).print(class_table(results, width=width))
    return shown.getvalue()


def everything_said(result: Result) -> list[str]:
    return [student_page(result), class_page([result]), *map(finding_html, result.exercises)]


def test_record_survives_writing_and_reading() -> None:
    for result in [perfect(), ungradable(), faulty()]:
        assert loads(dumps(result)) == result
    # Seconds are rounded, so this one comes back the same only the second time.
    assert loads(dumps(loads(dumps(mixed())))) == loads(dumps(mixed())) != mixed()


@pytest.mark.parametrize("deviation", [math.inf, -math.inf, math.nan, 0.0, 65.5, None])
def test_any_deviation_survives_in_strict_json(deviation: float | None) -> None:
    text = dumps(result_of(backward(deviation=deviation)))
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    read = loads(text).exercises[0].findings[1].deviation
    assert repr(read) == repr(deviation)


def test_record_has_no_noise_and_one_form() -> None:
    result = result_of(backward(points=0.1 + 0.2), points=2, versions={"b": "1", "a": "2"})
    text = dumps(result)
    assert '"points": 0.3,' in text
    assert '"points": 2.0,' in text
    assert text == dumps(replace(result, points=2.0, versions={"a": "2", "b": "1"}))
    assert text.endswith("}\n")


def test_record_refuses_points_that_are_not_finite() -> None:
    with pytest.raises(RecordError, match="not finite"):
        dumps(replace(perfect(), points=math.nan))


def test_record_takes_text_that_cannot_be_encoded() -> None:
    result = replace(mixed(), notes=("half a pair: \ud83d \x00\x1b",))
    assert "half a pair" in loads(dumps(result).encode().decode()).notes[0]


@pytest.mark.parametrize("cut", [0, 1, 100, -3])
def test_truncated_record_says_what_to_do(cut: int) -> None:
    with pytest.raises(RecordError, match="cut off or changed: grade the submission again"):
        loads(dumps(mixed())[:cut])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"schema_version": 1', '"schema_version": 2', "schema_version 2; this version"),
        ('"schema_version": 1', '"schema_version": true', "schema_version True"),
        ('"schema_version": 1', '"other": 1', "schema_version None"),
        ('"points": 11.0', '"points": "11"', "`points`: Input should be a valid number"),
        ('"points": 11.0', '"points": NaN', "NaN is not JSON"),
        ('"points": 11.0', '"points": 1e999', "too large"),
        ('"verdict": "stub"', '"verdict": "perfect"', r"`exercises\.5\.findings\.0\.verdict`"),
        ('"student": "ada",', "", "`student`: "),
    ],
)
def test_broken_record_is_named(old: str, new: str, message: str) -> None:
    text = dumps(mixed())
    assert old in text
    with pytest.raises(RecordError, match=message):
        loads(text.replace(old, new, 1))


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "[" * 100_000])
def test_other_json_is_no_record(text: str) -> None:
    with pytest.raises(RecordError):
        loads(text)


def test_record_of_a_later_minor_version_is_read() -> None:
    data = json.loads(dumps(perfect())) | {"mood": "sunny"}
    assert loads(json.dumps(data)) == perfect()


def test_records_agree_with_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    for result in [mixed(), ungradable(), result_of(backward(deviation=math.nan))]:
        validator.validate(json.loads(dumps(result)))
    broken = json.loads(dumps(mixed())) | {"schema_version": 2, "points": "many"}
    assert len(list(validator.iter_errors(broken))) == 2


def test_committed_schema_is_current() -> None:
    # python -c "from autograder.results.record import *; print(schema_text(), end='')"
    assert (DOCS / "result.schema.json").read_text() == schema_text()


@pytest.mark.parametrize("kind", [Result, ExerciseResult, Finding, Place, CellRun])
def test_every_field_is_documented(kind: type) -> None:
    text = (DOCS / "result.md").read_text()
    section = text.split(f"(`{kind.__name__}`)")[1].split("\n#")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.M) == [field.name for field in fields(kind)]


def test_every_verdict_is_documented() -> None:
    text = (DOCS / "result.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.M))
    assert {verdict: rows.get(verdict) for verdict in WORDS} == WORDS


def test_csv_has_a_row_for_each_submission() -> None:
    rows = dicts_of(class_csv([ungradable(), perfect(), mixed(), faulty()]))
    assert [row["student"] for row in rows] == ["ada", "alan", "grace", "kurt"]
    ada, alan, grace, kurt = rows
    assert (ada["points"], ada["max_points"], ada["percent"]) == ("11", "22", "50.0")
    assert (ada["backward (5)"], grace["backward (5)"], kurt["backward (5)"]) == ("2", "5", "")
    assert (kurt["status"], kurt["points"]) == ("ungradable", "0")
    assert "cut off" in kurt["problem"]
    assert (alan["points"], alan["percent"], alan["backward (5)"]) == ("", "", "")
    assert alan["problem"] == "backward: the grader failed, run it again"


def test_csv_keeps_units_apart() -> None:
    other = replace(perfect("ada"), unit="00_start")
    rows = dicts_of(class_csv([mixed(), other]))
    assert [row["unit"] for row in rows] == ["00_start", UNIT]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\x1b[0m=1", "\uff1d1", "\tx"],
)
def test_csv_holds_no_formula(text: str) -> None:
    (row,) = dicts_of(class_csv([replace(ungradable(text), problem=text)]))
    assert row["student"].startswith("'")
    assert row["problem"].startswith("'")


def test_csv_survives_quotes_and_line_breaks() -> None:
    name = 'a";=1,2\r\nb'
    text = class_csv([perfect(name)])
    assert dicts_of(text)[0]["student"] == 'a";=1,2 b'
    assert len(text.splitlines()) == 2


def test_table_shows_marks_and_what_to_mend() -> None:
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


def test_a_fault_is_never_shown_as_a_zero() -> None:
    exercise = faulty().exercises[3]
    for text in [render(exercise), words_of(finding_html(exercise))]:
        assert "0 /5" not in text and "0/5" not in text
        assert "grader's fault" in text
    assert "9 /14 points so far" in words_of(student_page(faulty()))


def test_what_two_findings_share_is_told_once() -> None:
    first = backward().findings[1]
    again = exercise("backward", first, replace(first, check="again", case="another"))
    assert render(again).count(M_TIMES) == 1
    assert render(again).count("Seen:") == 2


def test_first_to_mend_prefers_an_explanation() -> None:
    plain = Finding("shape", "It has the shape", "failed", 0.0, 1.0, seen="`(3,)`")
    ordered = result_of(perfect().exercises[0], exercise("x", plain, backward().findings[1]))
    assert first_to_mend(ordered).finding.advice == M_TIMES
    assert first_to_mend(perfect()) is None
    assert first_to_mend(faulty()) is None


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
