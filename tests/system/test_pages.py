"""The pages in a browser: accessible, readable on a phone and on paper, and a ladder of hints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from support.browser import BROWSER, Browser
from support.results import EVERY_KIND, faulty, hostile, mixed, perfect, ungradable

from autograder.report.page import class_page, student_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium"),
]
AXE = files("axe_core_python").joinpath("axe.min.js")
PAGES = {
    "student": student_page(mixed()),
    "perfect": student_page(perfect()),
    "fault": student_page(faulty()),
    "ungradable": student_page(ungradable()),
    "hostile": student_page(hostile()),
    "class": class_page(EVERY_KIND),
    "anonymous": class_page(EVERY_KIND, anonymous=True),
}
FACTS = "document.querySelector('.ag-more .ag-fact').checkVisibility()"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    running = Browser(tmp_path_factory.mktemp("profile"))
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Any:
    """`shown(page, width, scheme)`: the browser with one of the pages open."""

    def show(name: str, width: int = 1300, scheme: str = "light") -> Browser:
        path = tmp_path / f"{name}.html"
        path.write_text(PAGES[name], encoding="utf-8")
        browser.open(path.as_uri())
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.call("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.call("Emulation.setEmulatedMedia", media="", features=[feature])
        browser.wait("document.readyState == 'complete'")
        return browser

    return show


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in PAGES), ("student", "dark"), ("class", "dark")],
)
def test_axe_finds_nothing(shown: Any, name: str, scheme: str) -> None:
    page = shown(name, scheme=scheme)
    page.value("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.value(AXE.read_text(encoding="utf-8") + "; true")
    found = page.value(
        "axe.run().then(r => r.violations.map("
        "v => [v.impact, v.id, v.nodes.map(n => n.target.join(' '))]))"
    )
    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_all_of_its_width(shown: Any, name: str) -> None:
    page = shown(name, width=360)
    assert page.value("document.documentElement.scrollWidth") <= 360


def test_the_idea_comes_first_and_the_facts_on_demand(shown: Any) -> None:
    page = shown("student")
    advice = "document.querySelector('.ag-told .ag-advice').checkVisibility()"
    assert page.value(advice)
    assert not page.value(FACTS)
    page.value("document.querySelector('.ag-more summary').click()")
    assert page.value(FACTS)


def test_code_to_mend_stands_beside_its_findings(shown: Any) -> None:
    page = shown("student")
    boxes = (
        "[...document.querySelectorAll('.beside:has(> .own[open]) > *')]"
        ".map(e => e.getBoundingClientRect())"
    )
    findings, code = json.loads(page.value(f"JSON.stringify({boxes})"))
    assert findings["right"] <= code["left"]
    assert abs(findings["top"] - code["top"]) < 10
    page = shown("student", width=700)
    findings, code = json.loads(page.value(f"JSON.stringify({boxes})"))
    assert findings["bottom"] <= code["top"]


def test_facts_unfold_on_paper(shown: Any) -> None:
    page = shown("student")
    page.call("Emulation.setEmulatedMedia", media="print")
    height = "document.querySelector('.ag-more .ag-fact').getBoundingClientRect().height"
    assert page.value(FACTS) and page.value(height) > 5
    folded = "document.querySelector('.output details:not([open])').checkVisibility()"
    assert not page.value(folded)
