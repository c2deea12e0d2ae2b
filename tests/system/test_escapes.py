"""Hostile notebooks: none earns a point, each is labelled, no neighbour notices, nothing leaks.

`escape_class.py` says how the notebooks of tests/data/escapes are made and graded, and what a file
declares.  Here is what must hold of all of them.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support.escape_class import (
    CLASSES,
    EVIDENCE,
    HONEST,
    LIMITS,
    PUBLIC,
    UNITS,
    Escape,
    escapes,
    graded_class,
)
from support.once import once
from support.places import ESCAPES

from autograder.report.class_table import FORMULA_STARTS
from autograder.report.sanitize import escaped_json
from autograder.results import record
from autograder.submissions.preview import need_framework

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # most of it is waiting, on a busy machine a long one
]

CORPUS = escapes()
BY_SLUG = {escape.slug: escape for escape in CORPUS}
KEYS = {
    *("class", "seen", "says", "points", "status", "unit", "hollow", "evidence", "lookup"),
    *("repeat", "double", "tag", "experiment", "metadata", "file", "zip", "link", "pipe", "slow"),
}
# What an attack prints that has found something.
SECRET = re.compile("CANARY-(FILE|GRADEBOOK|ENVI|LEFT|FOUND|SEED|DESC|LEASES|THREADS)")
# What may stand in a terminal's output besides text: the colours that the table itself uses.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture(scope="session")
def graded(shared: Path) -> dict[str, Any]:
    """What grading the class gave."""

    def make(folder: Path) -> dict[str, Any]:
        folder.mkdir()
        return graded_class(folder)

    folder, found = once(shared, "escapes", make)
    return {**found, "out": folder / "out", "in": folder / "in"}


# ---------------------------------------------------------------------------------- the corpus


def test_the_corpus_is_large_and_varied() -> None:
    classes = Counter(escape.expected["class"] for escape in CORPUS)
    assert len(CORPUS) >= 150
    assert set(classes) == set(CLASSES)
    assert min(classes.values()) >= 6, classes


@pytest.mark.parametrize("escape", CORPUS, ids=BY_SLUG)
def test_every_escape_says_what_it_tries(escape: Escape) -> None:
    assert escape.tries.endswith(".")
    assert escape.expected.keys() <= KEYS
    assert escape.unit in UNITS
    assert "seen" in escape.expected or escape.expected["status"] == "ungradable"


def names_of_ours(source: str) -> Iterator[str]:
    """The names of this package that an attack uses.

    By their look: not every attack is Python.
    """
    imports = re.findall(r"^ *from (autograder[\w.]*) import ([\w, ]+)$", source, re.MULTILINE)
    for package, names in imports:
        for name in names.split(", "):
            yield f"{package}.{name}"
            for attribute in re.findall(rf"\b{name}\.(\w+)", source):
                yield f"{package}.{name}.{attribute}"


ATTACKS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(ESCAPES.glob("*.py"))}
ATTACKS["evidence and lookup"] = PUBLIC.format(data="") + EVIDENCE


@pytest.mark.parametrize("source", ATTACKS.values(), ids=ATTACKS)
def test_what_an_escape_attacks_is_there(source: str) -> None:
    """An attack on a name that has changed would pass every test, and try nothing."""
    for name in names_of_ours(source):
        assert pkgutil.resolve_name(name) is not None


# ------------------------------------------------------------------------------------ grading


def labels(result: dict[str, Any]) -> set[str]:
    """All that a result says went wrong, in one word each."""
    verdicts = {f["verdict"] for e in result["exercises"] for f in e["findings"]}
    ended = {f"cell {cell['status']}" for cell in result["cells"]}
    noted = {"note"} if result["notes"] else set()
    return (verdicts | ended | noted) - {"passed", "skipped", "cell ok", "cell skipped"}


def read(result: dict[str, Any]) -> str:
    """All that a student reads, except code."""
    parts = [result["problem"], *result["notes"]]
    parts += [cell["error"] + cell["output"] for cell in result["cells"]]
    for finding in (f for exercise in result["exercises"] for f in exercise["findings"]):
        parts += [finding["seen"], finding["expected"], finding["advice"], *finding["remarks"]]
    return "\n".join(parts)


@pytest.mark.parametrize("escape", CORPUS, ids=BY_SLUG)
def test_an_escape_earns_nothing_and_is_labelled(graded: dict[str, Any], escape: Escape) -> None:
    result = graded["results"][escape.slug]
    assert result["status"] == escape.expected.get("status", "graded"), result["problem"]
    assert result["points"] == escape.expected.get("points", 0.0), read(result)
    if result["status"] == "graded":
        seen, late = labels(result), {"timeout", "cell timeout"}
        wanted = [set(one.split("|")) for one in escape.expected["seen"]]
        assert seen, "nothing says what was seen"
        assert seen - late <= set().union(*wanted), read(result)[:3000]
        assert all(one & seen for one in wanted) or late & seen, read(result)[:3000]
    else:
        assert result["problem"]
    said = escape.expected.get("says", ())
    missing = [phrase for phrase in said if phrase not in read(result)]
    assert not missing, read(result)[:3000]


def without_time(result: dict[str, Any]) -> dict[str, Any]:
    kept = {key: result[key] for key in ("status", "points", "exercises", "notes", "cells")}
    for exercise in kept["exercises"]:
        for finding in exercise["findings"]:
            finding["seconds"] = 0
    return kept


def test_neighbours_get_what_they_get_alone(graded: dict[str, Any]) -> None:
    alone = [without_time(result) for result in graded["alone"]]
    assert all(result["points"] == 20 and result["status"] == "graded" for result in alone)
    beside = [without_time(result) for result in graded["honest"]]
    assert len(beside) == HONEST
    assert beside[:2] == alone  # the first imports Keras
    assert all(result == alone[1] for result in beside[2:])


def test_nothing_got_out(graded: dict[str, Any]) -> None:
    assert graded["came"] == []
    assert graded["touched"] == ["CANARY", "datagrams", "gradebook.db", "socket"]
    for path in graded["out"].rglob("*"):
        if path.is_file():
            said = path.read_text(encoding="utf-8", errors="replace")
            secret = SECRET.search(said)
            # A page quotes the code, in which the words stand; what was printed is in the record.
            assert path.suffix == ".html" or secret is None, (path.name, secret)


def test_nothing_is_left(graded: dict[str, Any]) -> None:
    assert graded["left"] == []
    assert graded["threads"] <= 0  # those of earlier tests may have ended meanwhile


def test_no_escape_takes_a_slot_for_long(graded: dict[str, Any]) -> None:
    """Computing is counted from outside, over all processes of a submission."""
    for slug, result in graded["results"].items():
        used = sum(f["seconds"] for e in result["exercises"] for f in e["findings"])
        assert used <= LIMITS.submission_seconds + 5, slug


# ------------------------------------------------------------------------------- what is read


class Elements(HTMLParser):
    """The elements and attributes of a page, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.found |= {name for name, _ in attributes if name.startswith("on")}
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]


def test_pages_hold_no_element_of_a_students(graded: dict[str, Any]) -> None:
    pages = sorted(graded["out"].rglob("*.html"))
    assert len(pages) >= len(CORPUS)
    for page in pages:
        elements = Elements()
        text = page.read_text(encoding="utf-8")
        elements.feed(text)
        bad = {"script", "img", "iframe", "object", "embed", "base", "link", "form", "b", "a:x"}
        if page.name == "index.html":  # the class page has plots of its own, as data
            bad -= {"img"}
            elements.links = [
                link for link in elements.links if not link.startswith("data:image/svg+xml;base64,")
            ]
        assert not bad & elements.found, page.name
        assert not [name for name in elements.found if name.startswith("on")], page.name
        assert not [link for link in elements.links if ":" in link.split("/")[0]], page.name
        assert text.count("<style>") == 1
        assert not HIDDEN.search(text), (page.name, HIDDEN.search(text))
        assert len(text) < 2**21, page.name


def test_the_table_for_spreadsheets_holds_no_formula(graded: dict[str, Any]) -> None:
    text = (graded["out"] / "class.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 1 + len(CORPUS) + HONEST
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(FORMULA_STARTS), cell
        assert not HIDDEN.search(cell)


def test_the_terminal_gets_text_and_colours_alone(graded: dict[str, Any]) -> None:
    text = (graded["out"] / "terminal.txt").read_text(encoding="utf-8")
    assert not HIDDEN.search(COLOURS.sub("", text).replace("\n", ""))


def test_records_are_read_again(graded: dict[str, Any]) -> None:
    records = sorted(p for p in graded["out"].rglob("*.json") if "gradescope" not in p.name)
    assert len(records) == len(CORPUS) + HONEST  # no name took another's place
    for path in records:
        text = path.read_text(encoding="utf-8")
        # What can't be seen stands there as a number, which reads as the same.
        assert escaped_json(record.dumps(record.loads(text))) == text
        assert len(text) < 2**22
        assert len(os.fsencode(path.name)) <= 255


def test_other_formats_are_whole_and_hold_no_command(graded: dict[str, Any]) -> None:
    out = graded["out"]
    cases = list(ElementTree.parse(out / "junit.xml").iter("testcase"))
    assert len(cases) > len(CORPUS)
    for path in out.rglob("*.gradescope.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["score"] in (0.0, 20.0)
    for name in ("canvas.csv", "moodle.csv"):
        rows = list(csv.reader(io.StringIO((out / name).read_text(encoding="utf-8-sig"))))
        assert not [cell for row in rows for cell in row if cell.startswith(FORMULA_STARTS)]
    marks = (out / "github.txt").read_text(encoding="utf-8").split("\n")
    assert all(re.match(r"::(error|warning) file=[^:,]*,line=\d+,title=[^:,]*::", m) for m in marks)
    for path in out.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        assert not HIDDEN.search(text), path.name
        outside = re.sub(r"(`+).*?\1", "", text)
        assert not re.search(r"(?<!\\)<(?!br>)", outside), path.name


def test_links_devices_and_pipes_are_not_opened_early(graded: dict[str, Any]) -> None:
    assert need_framework([graded["in"]])
    odd = [path for path in graded["in"].glob("*/*") if path.is_symlink() or path.is_fifo()]
    assert len(odd) >= 3
    assert not need_framework(odd)


def test_pages_run_nothing_in_a_browser(graded: dict[str, Any], tmp_path: Path) -> None:
    test_jupyter = pytest.importorskip("test_jupyter")
    if test_jupyter.BROWSER is None:
        pytest.skip("there is no chromium")
    browser = test_jupyter.Browser(tmp_path / "profile")
    try:
        readers = [e for e in CORPUS if e.expected["class"] in ("readers", "notebook")]
        pages = {Path(path) for path in graded["out"].rglob("*.html")}
        shown = [graded["out"] / "index.html"]
        shown += sorted(p for p in pages if any(e.slug in p.name for e in readers))[:40]
        shown += sorted(p for p in pages if "CANARY" in p.name)
        for page in shown:
            browser.open(page.as_uri())
            browser.wait("location.protocol == 'file:' && document.readyState == 'complete'")
            seen = browser.value("[document.title, document.scripts.length, location.protocol]")
            assert "CANARY-SCRIPT" not in seen[0] or "onerror" in seen[0], page.name
            assert seen[1:] == [0, "file:"], page.name
    finally:
        browser.close()
