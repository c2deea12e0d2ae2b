"""Jupyter: a student opens the notebook, runs all, and reads the findings."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.browser import BROWSER, TOKEN, Browser, jupyter
from support.contrast import AA, contrast, over
from support.places import ROOT

from autograder.course.course import Course

COURSE = Course.find(ROOT)
# The front end does not depend on the unit: one in NumPy, one in Keras. Kernels run all of them in
# test_notebook_check.py.
UNITS = ["03_optimizers", "08_sliding_windows_iou_nms"]
# What would cover the page or keep cells out of it.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
RUN_ALL = "jupyterapp.commands.execute('notebook:run-all-cells').then(String)"
READY = (
    "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus"
    " == 'connected'"
)
SHUT_DOWN = "jupyterapp.shell.currentWidget.sessionContext.shutdown().then(String)"
CELLS = "jupyterapp.shell.currentWidget.content.model.toJSON().cells"
SHOWN = "[...document.querySelectorAll('.autograder-findings')].map(e => e.innerText)"
VERDICTS = (
    "[...document.querySelectorAll('.autograder-findings')].map("
    "e => [...e.querySelectorAll('.ag-verdict')].map(v => v.lastChild.textContent.trim()))"
)
THEME = "jupyterapp.commands.execute('apputils:change-theme', {theme: '%s'}).then(String)"
THEME_IS = "document.body.dataset.jpThemeName == '%s'"
# A cell by its id: given a text if there is one, and run.
RUN_CELL = """(async (id, source) => {
  const notebook = jupyterapp.shell.currentWidget.content
  const index = notebook.widgets.findIndex(cell => cell.model.id == id)
  if (source) notebook.widgets[index].model.sharedModel.setSource(source)
  notebook.deselectAll(); notebook.activeCellIndex = index
  await jupyterapp.commands.execute('notebook:run-cell')
})(%s, %s)"""
# Colours of all text in findings, and of what they stand on, as red, green, blue, opacity to 255.
COLOURS = """(() => {
  const pixel = css => {
    const one = document.createElement('canvas').getContext('2d', {willReadFrequently: true})
    one.fillStyle = css; one.fillRect(0, 0, 1, 1)
    return [...one.getImageData(0, 0, 1, 1).data]
  }
  const ground = one => getComputedStyle(one).backgroundColor
  const grounds = one => one ? [ground(one), ...grounds(one.parentElement)] : []
  const hasText = one => [...one.childNodes].some(n => n.nodeType == 3 && n.data.trim())
  return [...document.querySelectorAll('.autograder-findings *')]
    .filter(one => hasText(one) && one.tagName != 'STYLE')
    .map(one => [one.innerText, pixel(getComputedStyle(one).color), grounds(one).map(pixel)])
})()"""
DIALOGS = "[...document.querySelectorAll('.jp-Dialog, .Toastify__toast')].map(e => e.innerText)"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium"),
    pytest.mark.skipif(os.name != "posix", reason="the browser is driven through pipes"),
]


def write_settings(home: Path) -> None:
    for name, settings in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))


class Lab(NamedTuple):
    """A Jupyter that serves a folder, and a browser for it."""

    folder: Path
    address: str
    browser: Browser
    view: str = "lab/tree"  # where it shows a notebook

    @contextmanager
    def opened(self, name: str, notebook: Path, cases: Path) -> Iterator[Browser]:
        """A notebook beside its public cases in a folder `name`, with a running kernel."""
        (self.folder / name).mkdir()
        for file in (notebook, cases):
            shutil.copy(file, self.folder / name)
        if (data := notebook.parent / "data").is_dir():
            shutil.copytree(data, self.folder / name / "data")
        self.browser.open(f"{self.address}/{self.view}/{name}/{notebook.name}?token={TOKEN}&reset")
        self.browser.wait(READY)
        try:
            yield self.browser
        finally:
            self.browser.value(SHUT_DOWN)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    folder = home / "work"
    folder.mkdir()
    with ExitStack() as stack:
        write_settings(home)
        options = "--LabApp.expose_app_in_browser=True"
        address = stack.enter_context(jupyter("jupyterlab", folder, home, options))
        browser = Browser(home / "profile")
        stack.callback(browser.close)
        yield Lab(folder, address, browser)


@pytest.fixture(scope="module")
def classic(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Notebook 7, in the same browser."""
    home = tmp_path_factory.mktemp("classic")
    folder = home / "work"
    folder.mkdir()
    write_settings(home)
    options = "--JupyterNotebookApp.expose_app_in_browser=True"
    with jupyter("notebook", folder, home, options) as address:
        yield Lab(folder, address, lab.browser, "notebooks")


def ran(browser: Browser, pictures: Path | None) -> list[dict[str, Any]]:
    """Runs all cells; gives the code cells, and leaves pictures of what is to be seen."""
    browser.value(RUN_ALL)
    browser.wait(f"{CELLS}.filter(c => c.cell_type == 'code').every(c => c.execution_count)", 300)
    count = browser.value(f"{SHOWN}.length") if pictures else 0
    for number in range(count):
        into_view = f"document.querySelectorAll('.autograder-findings')[{number}].scrollIntoView()"
        browser.value(into_view)
        time.sleep(0.3)
        browser.picture(pictures, str(number))
    cells: list[dict[str, Any]] = browser.value(CELLS)
    return [cell for cell in cells if cell["cell_type"] == "code"]


def failed(cells: list[dict[str, Any]]) -> list[str]:
    """Errors in cells that aren't marked as allowed to fail."""
    return [
        output["evalue"]
        for cell in cells
        if "raises-exception" not in cell["metadata"].get("tags", [])
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]


@pytest.mark.parametrize("name", UNITS)
def test_a_student_runs_all_and_reads_what_is_open(
    name: str, lab: Lab, pictures: Path | None
) -> None:
    released = COURSE.root / "assignments" / name
    notebook, cases = released / f"{name}.ipynb", released / f"{name}.cases"
    with lab.opened(f"student-{name}", notebook, cases) as browser:
        cells = ran(browser, pictures)
        shown = browser.value(SHOWN)
        assert failed(cells) == []
        assert browser.value(DIALOGS) == []
    assert len(shown) == len(COURSE.load(name).unit.exercises)
    assert all("not answered yet" in text for text in shown)


@pytest.mark.parametrize("name", UNITS[:1])
def test_an_author_runs_all_and_everything_is_ok(
    name: str, lab: Lab, pictures: Path | None
) -> None:
    author = COURSE.root / "solutions" / name / f"{name}.ipynb"
    cases = COURSE.root / "assignments" / name / f"{name}.cases"
    with lab.opened(f"author-{name}", author, cases) as browser:
        cells = ran(browser, pictures)
        shown = browser.value(VERDICTS)
        assert failed(cells) == []
        assert browser.value(DIALOGS) == []
    assert len(shown) == len(COURSE.load(name).unit.exercises)
    assert all(verdicts and set(verdicts) == {"ok"} for verdicts in shown), shown


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_check_tells_of_the_kernel_and_can_be_read_in_every_theme(
    theme: str, lab: Lab, pictures: Path | None
) -> None:
    name = UNITS[0]
    released, author = (COURSE.root / each / name for each in ("assignments", "solutions"))
    answers = json.loads((author / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    answer = next("".join(cell["source"]) for cell in answers if cell["id"] == "rmsprop_step")
    broken = "def momentum_step(w, dw, v, lr, beta1):\n    return (w"
    wrong = answer.replace("def rmsprop_step", "def adam_step")
    with lab.opened(
        f"told-{theme[11:]}", released / f"{name}.ipynb", released / f"{name}.cases"
    ) as browser:
        browser.value(THEME % theme)
        browser.wait(THEME_IS % theme)
        first = browser.value(f"{CELLS}.find(c => c.cell_type == 'code').id")
        for cell, source in [
            *((first, ""), ("momentum_step", broken), ("check_momentum_step", "")),
            *(("rmsprop_step", answer), ("check_rmsprop_step", ""), ("check_bias_correct", "")),
            *(("adam_step", wrong), ("check_adam_step", "")),
        ]:
            browser.value(RUN_CELL % (json.dumps(cell), json.dumps(source)))
        browser.wait(f"{SHOWN}.length == 4")
        failed_cell, right, never_run, wrong_shown = browser.value(SHOWN)
        colours = browser.value(COLOURS)
        for number in range(4 if pictures else 0):
            into_view = f"document.querySelectorAll('.autograder-findings')[{number}]"
            browser.value(f"{into_view}.scrollIntoView()")
            time.sleep(0.3)
            browser.picture(pictures, str(number))
    assert "Its cell [2] failed with SyntaxError" in failed_cell
    assert "wrong" not in right and "Note" not in right
    assert f"Its cell in {name}.ipynb has not been run" in never_run
    assert "adam_step" in wrong_shown
    assert len(colours) > 20
    for text, front, grounds in colours:
        assert contrast_of(front, grounds) >= AA, text


def test_jupyter_notebook_shows_the_same(classic: Lab, pictures: Path | None) -> None:
    name = UNITS[0]
    released = COURSE.root / "assignments" / name
    with classic.opened("student", released / f"{name}.ipynb", released / f"{name}.cases") as page:
        cells = ran(page, pictures)
        shown = page.value(SHOWN)
        bullets = page.value(
            "[...document.querySelectorAll('.autograder-findings li')]"
            ".map(e => getComputedStyle(e).listStyleType)"
        )
        colours = page.value(COLOURS)
        wide = page.value(
            "[...document.querySelectorAll('.autograder-findings')]"
            ".every(e => e.scrollWidth <= e.clientWidth)"
        )
    assert failed(cells) == []
    assert len(shown) == len(COURSE.load(name).unit.exercises)
    assert all("not answered yet" in text for text in shown)
    assert set(bullets) == {"none"} and wide
    for text, front, grounds in colours:
        assert contrast_of(front, grounds) >= AA, text


def contrast_of(front: list[int], grounds: list[list[int]]) -> float:
    """The contrast of a colour on the grounds that lie below it, the nearest first."""
    back = (1.0, 1.0, 1.0, 1.0)
    for red, green, blue, opacity in reversed(grounds):
        back = over((red / 255, green / 255, blue / 255, opacity / 255), back)
    r, g, b, a = (each / 255 for each in front)
    return contrast((r, g, b, a), back)
