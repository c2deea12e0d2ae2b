#!/usr/bin/env python3
"""Make `docs/pictures/`: a student's page and the page on the class, as a browser shows them.

usage: .venv/bin/python scripts/pictures.py     needs Chromium; takes half a minute

Grade the sample class of one quick unit with a fixed seed and photograph two of the pages. Run it
again when the pages or their words change.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.browser import BROWSER, Browser  # noqa: E402

from autograder import Grader, Result  # noqa: E402
from autograder.report.page import class_page, student_page  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
SAMPLES = ROOT / "tests" / "data" / "submissions"
UNIT, SEED = "03_optimizers", "pictures"
# Her first wrong exercise is the page's first, so that a single screen shows the whole way: where
# to start, what is wrong with the idea, what was seen, and the code.
STUDENT, EXERCISE, MISTAKE = "rosa", "momentum_step", "MO9"
# In CSS pixels: wide enough for findings and code side by side; all that a page on a class takes;
# what is left below.
STUDENT_WIDTH, CLASS_WIDTH, MARGIN = 1280, 900, 16
# More than the README shows: letters stay sharp on dense screens.
DENSITY = 1.5


def graded() -> list[Result]:
    """Return the results of the sample class, without times, which differ from run to run."""
    with Grader(ROOT, seed=SEED) as grader:
        results = grader.grade(SAMPLES / UNIT, unit=UNIT)
    return [replace(result, seconds=0.0) for result in results]


def instructive(results: Sequence[Result]) -> Result:
    """Return the student's result whose page is to be shown.

    Raises:
        SystemExit: the known mistake was not recognised, so the picture would not show one.
    """
    (result,) = [one for one in results if one.student == STUDENT]
    named = {
        name
        for exercise in result.exercises
        if exercise.exercise == EXERCISE
        for finding in exercise.findings
        for name in finding.explained_by
    }
    if MISTAKE not in named:
        raise SystemExit(
            f"The picture is to show {STUDENT}'s known mistake {MISTAKE} in {EXERCISE}, but "
            f"grading ({result.status}) recognised {', '.join(sorted(named)) or 'none'} there. Run "
            f"`pytest tests/course/test_sample_class.py -k {UNIT}` to see what is different."
        )
    return result


@contextmanager
def browser() -> Iterator[Browser]:
    """Give a headless browser with a profile of its own, and end it."""
    with tempfile.TemporaryDirectory(prefix="pictures-", ignore_cleanup_errors=True) as profile:
        running = Browser(Path(profile))
        try:
            yield running
        finally:
            running.close()


def resize(page: Browser, width: int, height: int) -> None:
    """Set the size of what the page is shown in, in CSS pixels."""
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=height, deviceScaleFactor=DENSITY, mobile=False,
    )  # fmt: skip
    page.call("Emulation.setScrollbarsHidden", hidden=True)


def photograph(page: Browser, html: str, width: int, until: str, prepare: str = "") -> bytes:
    """Return a PNG of the top of a page, in its light theme.

    Args:
        page: the browser.
        html: the page.
        width: in CSS pixels.
        until: selects the element with whose lower edge the picture ends.
        prepare: JavaScript to run first.
    """
    with tempfile.NamedTemporaryFile(suffix=".html") as file:
        file.write(html.encode())
        file.flush()
        page.open(Path(file.name).as_uri())
        light = {"name": "prefers-color-scheme", "value": "light"}
        page.call("Emulation.setEmulatedMedia", media="", features=[light])
        resize(page, width, 800)
        page.wait("document.readyState == 'complete'")
        page.value(f"{prepare}; Promise.all([...document.images].map(one => one.decode())).then()")
        bottom = page.value(f"document.querySelector('{until}').getBoundingClientRect().bottom")
        # What lay beyond the window came out a little different from run to run.
        resize(page, width, round(bottom) + MARGIN)
        shot = page.call("Page.captureScreenshot", format="png")
    return base64.b64decode(shot["data"])


def write(name: str, png: bytes) -> None:
    """Write a picture, as small as it gets without a difference to the eye."""
    path = PICTURES / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    image = Image.open(io.BytesIO(png)).convert("RGB")
    # 256 colours do for flat areas and the edges of letters. Pillow's other methods lose colours
    # that are rare (those of the code), or near another (the cards on the page).
    palette = image.quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    palette.save(path, optimize=True)
    size = f"{image.width} x {image.height}, {path.stat().st_size / 1000:.0f} KB"
    sys.stdout.write(f"{path.relative_to(ROOT)}: {size}\n")


def main() -> None:
    if BROWSER is None:
        raise SystemExit(
            "No browser was found: neither `chromium`, `chromium-browser` nor `google-chrome` is "
            "on the PATH. On Debian: apt-get install chromium"
        )
    results = graded()
    student = student_page(instructive(results))
    unfold = "document.querySelector('.ag-more').open = true"
    with browser() as page:
        write("finding", photograph(page, student, STUDENT_WIDTH, "#exercise-1", unfold))
        write("class", photograph(page, class_page(results), CLASS_WIDTH, ".card:has(#mistakes-1)"))


if __name__ == "__main__":
    main()
