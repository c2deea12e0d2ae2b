"""Plots of a class as pictures inside the page, in a light and a dark form; drawn by matplotlib."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.report.clean import one_line
from autograder.report.statistics import BINS, ExerciseShares


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

    def draw(axes: Any, theme: Theme) -> None:
        axes.bar([10 * (i + 0.5) for i in range(BINS)], counts, width=9.2, color=theme.bar)
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

    def draw(axes: Any, theme: Theme) -> None:
        names = [one_line(share.exercise, 30) for share in shares]
        left = [0] * len(shares)
        parts = {
            "all points": (theme.full, [share.full for share in shares]),
            "some": (theme.some, [share.some for share in shares]),
            "none": (theme.none, [share.none for share in shares]),
            "not answered": (theme.open, [share.open for share in shares]),
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
            labelcolor=theme.text, fontsize=9, handlelength=1.1, borderaxespad=0.2,
        )  # fmt: skip

    height = 1.1 + 0.34 * len(shares)
    return _picture(draw, (7.2, height), f"Submissions by exercise: {told or 'none'}.")


def _picture(draw: Callable[[Any, Theme], None], size: tuple[float, float], alt: str) -> Picture:
    return Picture(_svg(draw, size, LIGHT), _svg(draw, size, DARK), alt)


def _svg(draw: Callable[[Any, Theme], None], size: tuple[float, float], theme: Theme) -> str:
    """Draws an SVG and returns it as a data URI; the same data give the same bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: Any = {
        "svg.hashsalt": "autograder",
        "svg.fonttype": "path",  # a reader's own fonts would break the layout
        "font.size": 10,
        "text.color": theme.text,
        "axes.labelcolor": theme.text,
        "axes.edgecolor": theme.grid,
        "xtick.color": theme.text,
        "ytick.color": theme.text,
        "text.parse_math": False,  # a name may hold dollar signs
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes, theme)
        axes.spines[["top", "right"]].set_visible(False)
        file = io.BytesIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()
