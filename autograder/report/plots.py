"""Plots of a class as pictures inside the page: drawn by matplotlib, recoloured for dark ones."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from autograder.report.item_analysis import BINS, ExerciseShares
from autograder.report.sanitize import one_line


@dataclass(frozen=True)
class Theme:
    """Colours of the page that a picture stands in."""

    text: str
    grid: str
    bar: str
    full: str
    some: str
    none: str
    open: str


LIGHT = Theme("#1c2330", "#d9dde4", "#2457c5", "#1a7f37", "#e0a800", "#b3261e", "#b8c0cc")
DARK = Theme("#e4e8ef", "#343d4b", "#8ab4ff", "#5fd17a", "#e5b84b", "#ff8a80", "#566072")
_DARKER = dict(zip(astuple(LIGHT), astuple(DARK), strict=True))


@dataclass(frozen=True)
class Picture:
    """A picture as data URIs; `alt` says in words what it shows."""

    light: str
    dark: str
    alt: str


def points(counts: Sequence[int]) -> Picture:
    """Return the histogram of points, by tenths."""
    told = ", ".join(
        f"{count} from {10 * index} to {10 * index + 10} %"
        for index, count in enumerate(counts)
        if count
    )

    def draw(axes: Any) -> None:
        axes.bar([10 * (i + 0.5) for i in range(BINS)], counts, width=9.2, color=LIGHT.bar)
        axes.set_xlim(0, 100)
        axes.set_xticks(range(0, 101, 20), [f"{tick} %" for tick in range(0, 101, 20)])
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("share of the points")
        axes.set_ylabel("submissions")

    return _picture(
        draw, (7.2, 2.4), f"Submissions by their share of the points: {told or 'none'}."
    )


def exercises(shares: Sequence[ExerciseShares]) -> Picture:
    """Return one bar an exercise: all, some, none of its points, not answered."""
    told = "; ".join(
        f"{one_line(s.exercise)}: {s.full} all points, {s.some} some, {s.none} none, "
        f"{s.open} not answered"
        for s in shares
    )

    def draw(axes: Any) -> None:
        names = [one_line(share.exercise, 30) for share in shares]
        left = [0] * len(shares)
        parts = {
            "all points": (LIGHT.full, [share.full for share in shares]),
            "some": (LIGHT.some, [share.some for share in shares]),
            "none": (LIGHT.none, [share.none for share in shares]),
            "not answered": (LIGHT.open, [share.open for share in shares]),
        }
        for label, (colour, widths) in parts.items():
            axes.barh(range(len(shares)), widths, left=left, color=colour, label=label, height=0.62)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        axes.set_yticks(range(len(shares)), names)
        axes.invert_yaxis()
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("submissions")
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, frameon=False,
            labelcolor=LIGHT.text, fontsize=9, handlelength=1.1, borderaxespad=0.2,
        )  # fmt: skip

    height = 1.1 + 0.34 * len(shares)
    return _picture(draw, (7.2, height), f"Submissions by exercise: {told or 'none'}.")


def _picture(draw: Callable[[Any], None], size: tuple[float, float], alt: str) -> Picture:
    light = _svg(draw, size)
    dark = re.sub("|".join(_DARKER), lambda colour: _DARKER[colour[0]], light)
    return Picture(_uri(light), _uri(dark), alt)


def _uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _svg(draw: Callable[[Any], None], size: tuple[float, float]) -> str:
    """Draws an SVG in light colours; the same data give the same text."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: Any = {
        "svg.hashsalt": "autograder",
        "svg.fonttype": "path",  # a reader's own fonts would break the layout
        "font.size": 10,
        "text.color": LIGHT.text,
        "axes.labelcolor": LIGHT.text,
        "axes.edgecolor": LIGHT.grid,
        "xtick.color": LIGHT.text,
        "ytick.color": LIGHT.text,
        "text.parse_math": False,  # a name may hold dollar signs
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return file.getvalue()
