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

from autograder.report.fragment import finding_html
from autograder.report.page import class_page, student_page
from autograder.report.phrases import WORDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium"),
]
NOTES = ["The cell of `backward` was edited since it ran: run it again."]
# How VS Code shows a cell's HTML: in a page of its own without scripts, in the theme's colours.
VSCODE = """<!doctype html><html lang="en"><title>Output</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
  :root { --vscode-font-family: sans-serif; --back: #ffffff; --front: #3b3b3b }
  @media (prefers-color-scheme: dark) { :root { --back: #1e1e1e; --front: #cccccc } }
  body { background: var(--back); color: var(--front); font: 13px var(--vscode-font-family) }
</style><main><h1>Unit</h1><h2>Exercise</h2>%s</main>"""
AXE = files("axe_core_python").joinpath("axe.min.js")
PAGES = {
    "student": student_page(mixed()),
    "perfect": student_page(perfect()),
    "fault": student_page(faulty()),
    "ungradable": student_page(ungradable()),
    "hostile": student_page(hostile()),
    "class": class_page(EVERY_KIND),
    "anonymous": class_page(EVERY_KIND, anonymous=True),
    "vscode": VSCODE % "".join(finding_html(each, NOTES) for each in mixed().exercises),
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
    [
        *((name, "light") for name in PAGES),
        ("student", "dark"),
        ("class", "dark"),
        ("vscode", "dark"),
    ],
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


def test_vs_code_shows_findings_without_scripts(shown: Any, pictures: Path | None) -> None:
    for scheme in ("light", "dark"):
        page = shown("vscode", width=700, scheme=scheme)
        page.picture(pictures, scheme)
        grounds = "[...document.querySelectorAll('.ag-finding code, .ag-note code')]"
        code = page.value(f"{grounds}.map(e => getComputedStyle(e).backgroundColor)")
        assert len(code) > 10 and "rgba(0, 0, 0, 0)" not in code
        item = "getComputedStyle(document.querySelector('.ag-finding'))"
        assert page.value(f"{item}.listStyleType") == "none"
    assert not page.value(FACTS)
    page.value("document.querySelector('.ag-more summary').click()")
    assert page.value(FACTS)


def aloud(page: Browser) -> list[str]:
    """Return what a screen reader is given, in order: the role of what holds a text, and the text.

    Only headings, groups, items and what can be opened are named.
    """
    page.call("Accessibility.enable")
    nodes = {node["nodeId"]: node for node in page.call("Accessibility.getFullAXTree")["nodes"]}
    said = {"heading", "group", "listitem", "DisclosureTriangle"}

    def text(node: Any) -> str:
        if node["role"]["value"] == "StaticText":
            return str(node["name"]["value"])
        return "".join(text(nodes[each]) for each in node["childIds"] if each in nodes)

    def walk(node: Any) -> Iterator[str]:
        role = node.get("role", {}).get("value")
        if not node["ignored"] and role in said:
            name = node["name"].get("value") or text(node)
            yield f"{role}: {' '.join(name.split())}"
        for each in node["childIds"]:
            if each in nodes:
                yield from walk(nodes[each])

    return list(walk(next(iter(nodes.values()))))


def test_a_screen_reader_is_told_verdicts_in_words_and_in_order(shown: Any) -> None:
    told = aloud(shown("vscode"))
    start = told.index("group: Findings on backward")
    assert told[start + 1] == "heading: backward 2/5"
    items = [line for line in told[start:] if line.startswith("listitem: ")]
    assert items[0] == "listitem: ok 2/2 backward returns a gradient for each parameter"
    assert items[1].startswith("listitem: wrong 0/3 backward returns the gradient of the mean")
    # The advice comes before what can be unfolded.
    assert "average over the m examples, as for dW." in items[1]
    assert "DisclosureTriangle: What was seen" in told[start:]
    said = tuple(f"listitem: {word} " for word in WORDS.values())
    assert len(items) > 5 and all(line.startswith(said) for line in items)
    assert not {"✓", "✗", "○", "!"} & set(" ".join(told).split())


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
