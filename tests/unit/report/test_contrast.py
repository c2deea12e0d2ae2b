"""What `check` shows can be read in light and dark themes: contrast by WCAG 2.1, level AA."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.contrast import AA, AA_GRAPHICS, Colour, colour, contrast, over

from autograder.report import page

STYLE = (Path(page.__file__).parent / "templates" / "fragment.css").read_text(encoding="utf-8")

# Text on background, as the front ends' own style sheets have them.
THEMES = {
    "JupyterLab light": ("#000000de", "#ffffff"),
    "JupyterLab dark": ("#ffffff", "#111111"),
    "JupyterLab dark, older": ("#ffffffde", "#212121"),
    "Notebook classic": ("#000000", "#ffffff"),
    "VS Code Light Modern": ("#3b3b3b", "#ffffff"),
    "VS Code Dark Modern": ("#cccccc", "#1f1f1f"),
    "VS Code Dark+": ("#d4d4d4", "#1e1e1e"),
    "VS Code High Contrast": ("#ffffff", "#000000"),
    "VS Code High Contrast Light": ("#292929", "#ffffff"),
    "Colab light": ("#212121", "#ffffff"),
    "Colab dark": ("#d5d5d5", "#383838"),
}


def blended(value: str, current: Colour) -> Colour:
    """The value of a property of the style sheet, where the text has the colour `current`."""
    if value == "currentColor":
        return current
    found = re.fullmatch(
        r"color-mix\(in srgb, currentColor (\d+)%, (#[0-9a-f]{6}|transparent)\)", value
    )
    assert found, value
    share, other = int(found[1]) / 100, found[2]
    second = (0.0, 0.0, 0.0, 0.0) if other == "transparent" else colour(other)
    opacity = share * current[3] + (1 - share) * second[3]
    red, green, blue = (
        (share * a * current[3] + (1 - share) * b * second[3]) / opacity
        for a, b in zip(current[:3], second[:3], strict=True)
    )
    return red, green, blue, opacity


def properties() -> dict[str, str]:
    return dict(re.findall(r"^\s*--ag-(\w+): (.*);$", STYLE, re.MULTILINE))


def test_the_measure_itself() -> None:
    white = colour("#ffffff")
    assert contrast(colour("#000000"), white) == pytest.approx(21)
    assert contrast(colour("#767676"), white) == pytest.approx(4.54, abs=0.01)
    assert contrast(colour("#777777"), white) < AA
    # What was there before: JupyterLab's own green.
    assert contrast(colour("#388e3c"), white) < AA


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["good", "bad", "open", "fault", "muted"])
def test_text_is_readable(name: str, theme: str) -> None:
    text, back = map(colour, THEMES[theme])
    assert contrast(blended(properties()[name], text), back) >= AA


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["", "muted"])
def test_code_is_readable_on_its_own_ground(name: str, theme: str) -> None:
    text, back = map(colour, THEMES[theme])
    front = blended(properties()[name], text) if name else text
    ground = over(blended(properties()["soft"], front), back)
    assert contrast(front, ground) >= AA


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["good", "bad"])
def test_the_bars_beside_findings_are_seen(name: str, theme: str) -> None:
    text, back = map(colour, THEMES[theme])
    assert contrast(blended(properties()[name], text), back) >= AA_GRAPHICS


def test_no_colour_is_the_front_ends_own() -> None:
    """Which may be of any contrast."""
    assert not re.search(r"--(?:jp|vscode)-[\w-]*color", STYLE)
