"""Make the sample class: notebooks in `tests/data/submissions`, from `tests/data/sources`.

    python tests/support/make_submissions.py

A source, `tests/data/sources/<unit>/<student>.py`, is what a student did with the
released notebook: a percent script of the cells that were changed, in any order.

    # Who this is, and what is odd about the notebook.
    #: format = 3                 the settings below, in TOML; `#:` at the start of a line

    # %% sigmoid                   the body of `sigmoid`, below the released head and docstring
    # %% sigmoid whole             the whole cell
    # %% setup                     the notebook's first code cell
    # %% check_sigmoid             a grade cell, edited
    # %% after check_sigmoid       a new cell behind that one, and behind others that say the same
    # %% note after sigmoid        the same in Markdown, every line a comment

Settings, done in this order after the cells:

    rest      student whose answers fill what this source doesn't mention; else stubs stay
    delete    list of cells that are gone
    move      list of [cell, target]: it now stands right behind the target
    points    table of grade cells and the points that their metadata claim
    executed  the notebook was run: cells have numbers and outputs (which nobody should believe)
    editor    "colab": no cell ids, metadata of its own, no nbgrader metadata on solution cells
    format    3: saved by a notebook server of long ago
    keep      share of the file's bytes that arrived
    saved     text of the file, instead of any notebook
"""

import hashlib
import json
import sys
import tomllib
import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat

if __name__ == "__main__":  # by hand; `support` is not on the path then
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.places import ROOT, SAMPLE_SOURCES, SAMPLES

Notebook = dict[str, Any]
Cell = dict[str, Any]
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()\n"
SETTINGS = {"rest", "delete", "move", "points", "executed", "editor", "format", "keep", "saved"}


class SourceError(Exception):
    """A source asks for something that can't be made."""


def main() -> None:
    for path, content in files_of_the_class().items():
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")


def files_of_the_class() -> dict[Path, bytes]:
    """Return what the notebooks of the whole class hold, by path."""
    made = {}
    for folder in sorted(path for path in SAMPLES.iterdir() if path.is_dir()):
        path = ROOT / "assignments" / folder.name / f"{folder.name}.ipynb"
        release = json.loads(path.read_text(encoding="utf-8"))
        for source in sorted((SAMPLE_SOURCES / folder.name).glob("*.py")):
            try:
                made[folder / f"{source.stem}.ipynb"] = file_of(release, source)
            except SourceError as error:
                raise SourceError(f"{source.relative_to(ROOT)}: {error}") from None
    return made


def file_of(release: Notebook, source: Path) -> bytes:
    """Return the bytes of the file that a student hands in."""
    settings, cells = read_source(source)
    if "saved" in settings:
        return str(settings["saved"]).encode()
    notebook = deepcopy(release)
    places = by_name(notebook)
    answered = {place.split()[0] for place, _ in cells}
    if "rest" in settings:
        friend = read_source(source.with_stem(settings["rest"]))[1]
        cells = [
            (place, text)
            for place, text in friend
            if place.split()[0] in places
            and not place.startswith("check_")
            and place.split()[0] not in answered
        ] + cells
    for place, text in cells:
        put_cell(notebook, places, place, text, source.stem)
    apply_settings(notebook, places, settings)
    content = as_saved(notebook, settings.get("format", 4)).encode()
    return content[: int(len(content) * settings.get("keep", 1))]


def read_source(source: Path) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the settings of a source and its cells, `(place, text)`."""
    head, *parts = ("\n" + source.read_text(encoding="utf-8")).split("\n# %% ")
    settings = tomllib.loads("\n".join(line[2:] for line in head.splitlines() if line[:2] == "#:"))
    if unknown := settings.keys() - SETTINGS:
        raise SourceError(f"there are no settings {sorted(unknown)}.")
    cells = []
    for part in parts:
        place, _, text = part.partition("\n")
        cells.append((place.strip(), text.strip("\n")))
    return settings, cells


def by_name(notebook: Notebook) -> dict[str, Cell]:
    """Return the cells of a release that a source can name: by grade id, and `setup`."""
    named: dict[str, Cell] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            named.setdefault("setup", cell)
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
            named |= {grade_id: cell} if grade_id else {}
    return named


def put_cell(
    notebook: Notebook, places: dict[str, Cell], place: str, text: str, student: str
) -> None:
    """Put one cell of a source into the notebook."""
    words = place.split()
    kind = "markdown" if words[0] == "note" else "code"
    words = words[1:] if kind == "markdown" else words
    name = words[1] if words[0] == "after" and len(words) == 2 else words[0]
    if name not in places:
        raise SourceError(f"`# %% {place}` names no cell of the notebook.")
    cell = places[name]
    if words[0] == "after":
        add(notebook, places, name, kind, text, student)
    elif words[1:] == ["whole"] or name == "setup" or name.startswith("check_"):
        cell["source"] = source_lines(text)
    elif words[1:]:
        raise SourceError(f"`# %% {place}`: what is `{' '.join(words[1:])}`?")
    else:
        cell["source"] = source_lines(filled(name, "".join(cell["source"]), text))


def filled(name: str, stub: str, text: str) -> str:
    """Return the released cell with the student's body: what follows the line `def <name>(…):`."""
    before, found, body = f"\n{text}".partition(f"\ndef {name}(")
    head, _, body = body.partition("\n")
    if not found or not head.endswith(":") or STUB.strip() not in stub:
        raise SourceError(f"`# %% {name}` needs a line `def {name}(…):`, or `whole`.")
    answer = stub.rstrip() + "\n"
    return before.lstrip("\n") + "\n" * (before != "") + answer.replace(STUB, body)


def add(
    notebook: Notebook, places: dict[str, Cell], target: str, kind: str, text: str, student: str
) -> None:
    """Put a new cell behind a cell and the new ones that are behind it already."""
    if kind == "markdown":
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
    number = len(notebook["cells"])
    digest = hashlib.sha256(f"{student} {number}".encode()).hexdigest()
    cell: Cell = {"cell_type": kind, "id": digest[:8], "metadata": {}, "source": source_lines(text)}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    cells = notebook["cells"]
    index = position(cells, places[target]) + 1
    while index < len(cells) and cells[index]["metadata"].get("new"):
        index += 1
    cell["metadata"]["new"] = True  # taken away when the notebook is written
    cells.insert(index, cell)


def position(cells: list[Cell], cell: Cell) -> int:
    return next(index for index, other in enumerate(cells) if other is cell)


def apply_settings(notebook: Notebook, places: dict[str, Cell], settings: dict[str, Any]) -> None:
    """Do what a student, or an editor, does to a whole notebook."""
    cells = notebook["cells"]
    for name in settings.get("delete", ()):
        cells.remove(places[name])
    for name, target in settings.get("move", ()):
        del cells[position(cells, places[name])]
        cells.insert(position(cells, places[target]) + 1, places[name])
    for name, points in settings.get("points", {}).items():
        places[name]["metadata"]["nbgrader"]["points"] = points
    for cell in cells:
        cell["metadata"].pop("new", None)
    if settings.get("executed"):
        execute(notebook)
    if settings.get("editor") == "colab":
        notebook["nbformat_minor"] = 0
        notebook["metadata"]["colab"] = {"provenance": []}
        for cell in cells:
            cell["metadata"]["id"] = cell.pop("id")
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                del cell["metadata"]["nbgrader"]


def execute(notebook: Notebook) -> None:
    """Add numbers, and outputs that claim every point."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, 1):
        cell["execution_count"] = number
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name.startswith("check_"):
            text = f"{name.removeprefix('check_')}: all points"
            cell["outputs"] = [
                {
                    "output_type": "execute_result",
                    "execution_count": number,
                    "metadata": {},
                    "data": {"text/plain": [text]},
                }
            ]
        elif "print(" in "".join(cell["source"]):
            steps = [f"step {step}\n" for step in range(3)]
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": steps}]


def as_saved(notebook: Notebook, version: int) -> str:
    """Return the text of a file as Jupyter writes it in a version of the format."""
    if version == 4:
        return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # format 3 knows no cell ids
        current = nbformat.reads(json.dumps(notebook), as_version=4)  # type: ignore[no-untyped-call]
        old = nbformat.convert(current, version)  # type: ignore[no-untyped-call]
        return str(nbformat.versions[version].writes_json(old)) + "\n"


def source_lines(text: str) -> list[str]:
    return text.rstrip("\n").splitlines(keepends=True)


if __name__ == "__main__":
    main()
