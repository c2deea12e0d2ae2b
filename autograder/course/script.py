"""The percent script of a unit: read with jupytext, checked, its figures embedded."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from autograder.course.fast_nbformat import jupytext, nbformat
from autograder.errors import UserError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

_CELL_START = re.compile(r"#\s*%%+(\s|$)")  # `# %%time` is a magic
_REGION_WORDS = re.compile(r"(BEGIN|END) SOLUTION")  # what nbgrader takes for a marker
_IMAGE = re.compile(r'!\[(?P<alt>[^\[\]]*)\]\((?P<target>[^)\s]+)(?P<title>\s+"[^"]*")?\)')
_IMAGE_TYPES = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
# Besides `tags`, what jupytext itself notes while it reads; none of it is an author's.
_KNOWN_METADATA = {"tags", "lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker"}


class AuthorError(UserError):
    """What an author wrote can't be used; says where, what was expected and what to do."""


@dataclass(frozen=True)
class Figure:
    """An image inside a notebook: its name there, its MIME type and its bytes in base64."""

    name: str
    mime: str
    data: str


@dataclass(frozen=True)
class Cell:
    """One cell of a unit; `place` is where the script has it, as in `notebook.py:12`."""

    kind: Literal["code", "markdown"]
    source: str
    tags: tuple[str, ...] = ()
    grade_id: str = ""
    role: Literal["plain", "solution", "grade"] = "plain"
    points: float = 0.0
    figures: tuple[Figure, ...] = ()
    place: str = field(default="", compare=False)


def read_script(path: Path) -> tuple[Cell, ...]:
    """Return the cells of a percent script (`# %%`, `# %% [markdown]`), figures embedded.

    Raises:
        AuthorError: It is no percent script, its solution regions are unbalanced, or a figure is
            missing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AuthorError(f"{path}: can't be read as UTF-8 text: {error}.") from error
    _check_regions(path, text)
    nodes = _parse(path, text)
    starts = [n for n, line in enumerate(text.split("\n"), 1) if _CELL_START.match(line)]
    if len(starts) != len(nodes) or not nodes:
        raise AuthorError(
            f"{path}: {len(starts)} lines begin with `# %%`, but jupytext reads {len(nodes)} "
            "cells. Every cell begins with such a line, the first one too, and no other line "
            "may look like it: indent it where it stands in a string."
        )
    return tuple(_cell(node, path, line) for node, line in zip(nodes, starts, strict=True))


def _check_regions(path: Path, text: str) -> None:
    opened = 0
    # The extra line closes the last cell.
    for number, line in enumerate([*text.split("\n"), "# %%"], 1):
        place = f"{path}:{number}: `{line.strip()}`"
        words = _REGION_WORDS.search(line)
        if opened and _CELL_START.match(line):
            raise AuthorError(
                f"{path}:{opened}: `{BEGIN}` isn't closed in its cell. Add `{END}` below it."
            )
        if words is None:
            continue
        if line.strip() != f"### {words[0]}":
            raise AuthorError(
                f"{place}: nbgrader takes every line with `{words[0]}` for a marker. A marker "
                f"stands alone on a line of code, as `### {words[0]}`; elsewhere use other words."
            )
        if (words[1] == "BEGIN") == bool(opened):
            expected = f"`{END}` for line {opened}" if opened else f"a `{BEGIN}` before it"
            raise AuthorError(f"{place}: expected {expected}. Regions come in pairs, unnested.")
        opened = number if words[1] == "BEGIN" else 0


def _parse(path: Path, text: str) -> list[Any]:
    percent = {"extension": ".py", "format_name": "percent"}
    try:
        nodes: list[Any] = jupytext.reads(text, fmt=percent).cells
        plain: list[Any] = jupytext.reads(text, fmt=percent | {"comment_magics": False}).cells
    except (ValueError, nbformat.ValidationError) as error:
        message = str(error).split("\n", 1)[0]
        raise AuthorError(f"{path}: jupytext can't read this percent script: {message}") from error
    # jupytext takes `# ls the files` for a commented shell command and uncomments it.
    for node, raw in zip(nodes, plain, strict=True):
        for line, comment in zip(node.source.split("\n"), raw.source.split("\n"), strict=False):
            if node.cell_type == "code" and line != comment and line[:1] not in "%!#":
                raise AuthorError(
                    f"{path}: jupytext takes the comment `{comment}` for a command, `{line}`. "
                    "Begin the comment with another word."
                )
    return nodes


def _cell(node: Any, path: Path, line: int) -> Cell:
    place = f"{path}:{line}"
    unknown = sorted(set(node.metadata) - _KNOWN_METADATA)
    if unknown or node.cell_type == "raw":
        raise AuthorError(
            f"{place}: this cell's first line says {unknown or ['[raw]']}. Expected `# %%` or "
            '`# %% [markdown]`, each with nothing more than tags, as `# %% tags=["experiment"]`.'
        )
    tags = tuple(node.metadata.get("tags", ()))
    if node.cell_type == "code":
        return Cell("code", node.source, tags, place=place)
    source, figures = _embed(node.source, path.parent, place)
    return Cell("markdown", source, tags, figures=figures, place=place)


def _embed(source: str, folder: Path, place: str) -> tuple[str, tuple[Figure, ...]]:
    """Return a cell's source with its figures inside the notebook, so that this is a single file.

    JupyterLab shows attached bitmaps only (4.6.6: an attached SVG is a broken image), so an SVG
    becomes a data URL, at the end of the cell, out of the way of anyone who reads the text.
    """
    figures: dict[str, Figure] = {}
    vectors: dict[str, str] = {}

    def embed(image: re.Match[str]) -> str:
        alt, target, title = image["alt"], image["target"], image["title"] or ""
        if re.match(r"[a-z]+:", target):
            return image[0]
        figure = _figure(folder, target, place)
        if figure.mime == "image/svg+xml":
            vectors[figure.name] = f"\n[{figure.name}]: data:{figure.mime};base64,{figure.data}"
            return f"![{alt}][{figure.name}]"
        figures[figure.name] = figure
        return f"![{alt}](attachment:{figure.name}{title})"

    text = _IMAGE.sub(embed, source)
    return "\n".join([text, *vectors.values()]), tuple(figures.values())


def _figure(folder: Path, target: str, place: str) -> Figure:
    mime = _IMAGE_TYPES.get(Path(target).suffix.lower())
    if mime is None:
        kinds = ", ".join(sorted(_IMAGE_TYPES))
        raise AuthorError(f"{place}: the image `{target}` is none of {kinds}. Convert it.")
    try:
        data = (folder / target).read_bytes()
    except OSError as error:
        raise AuthorError(
            f"{place}: the image `{target}` can't be read ({error.strerror}). "
            f"Put it at `{folder / target}`, or correct the path."
        ) from error
    name = target.removeprefix("figures/").replace("/", "-")
    return Figure(name, mime, base64.b64encode(data).decode("ascii"))
