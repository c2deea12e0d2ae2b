"""No text of a student's acts or hides anywhere: every command, every format, every place for it.

Student's names, folders, files, members of zips, grade ids, what cells print and raise, values that
come back, comments in code.  `tests/unit/report/test_output.py` has the same corpus for the door.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support import nbgrader_class as own
from support.command import Write, autograder
from support.hostile_text import ALL, HOSTILE, dangers
from support.places import TINY

from autograder.batch import cluster_worker
from autograder.batch.reports import FORMATS
from autograder.cli.main import main
from autograder.errors import FaultError

pytestmark = pytest.mark.slow

PROGRESS = re.compile(r"\x1b\[(?:[0-9;]*m|1A|2K|\?25[lh])|\r")  # Rich's, beside its table
# What a file's name may hold; a name of 255 bytes has room for some.
NAMES = [text.replace("/", "_") for text in HOSTILE.values() if "\udc9b" not in text]
NAMES = [text.encode()[:120].decode(errors="ignore") for text in NAMES]
RIGHT = "def center(X):\n    return X - X.mean(axis=1, keepdims=True)"
# Text in code is written by numbers, where a notebook or Python would not keep it as it is.
TEXT = ascii(ALL)
ANSWERS = {
    "prints": f"import sys\nprint({TEXT}, file=sys.stderr)\nprint({TEXT})\n{RIGHT}",
    "raises": f"def center(X):\n    raise ValueError({TEXT})",
    "fails": f"raise RuntimeError({TEXT})",
    "returns": f"def center(X):\n    return {TEXT}",
    "returns a dict": f"def center(X):\n    return {{{TEXT}: X}}",
    "says it is": f"class A:\n def __repr__(self): return {TEXT}\ndef center(X): return A()",
    "is called": f"E = type({TEXT}, (Exception,), {{}})\ndef center(X):\n    raise E('x')",
    "comments": f"def center(X):\n    return X - X.sum() # {ALL.replace(chr(0xDC9B), '')}".replace(
        "\n\u200b", ""
    ),
    "names": "globals()[" + TEXT + "] = 1\ncentre = 1",
}


def hostile_notebook(path: Path, write: Write, answer: str, hostile: str = ALL) -> Path:
    """Write a notebook whose metadata, ids, tags and text cells are hostile as well."""
    write(path, center=answer)
    notebook: Any = json.loads(path.read_text(encoding="utf-8"))
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    mark = {"grade_id": hostile, "grade": True, "points": 1, "solution": False, "locked": True}
    mark |= {"schema_version": 3, "task": False, "cell_type": "code"}
    notebook["cells"] += [
        {**cell, "metadata": {"nbgrader": mark, "tags": [hostile]}},
        {**cell, "metadata": {"nbgrader": {**mark, "grade_id": "check_center"}}},
        {"cell_type": "markdown", "source": hostile, "metadata": {}},
        {"cell_type": hostile, "source": hostile, "metadata": {}},
    ]
    notebook["metadata"] |= {"autograder": {"unit": hostile}, "kernelspec": {"name": hostile}}
    notebook["metadata"]["language_info"] = {"name": hostile, "version": hostile}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory, write_notebook: Write) -> Path:
    """A class that is hostile in every way."""
    folder = tmp_path_factory.mktemp("hostile") / "class"
    for number, (name, answer) in enumerate(ANSWERS.items()):
        hostile_notebook(folder / f"{name}{NAMES[number]}.ipynb", write_notebook, answer)
    for number, name in enumerate(NAMES):
        one = folder / f"s{number}{name}"
        one.mkdir()
        match number % 4:
            case 0:
                (one / f"{name}.ipynb").write_text(f'{{"cells": "{name}"', encoding="utf-8")
            case 1:
                (one / f"{name}.py").write_text(name, encoding="utf-8")
            case 2:
                for copy in "ab":
                    write_notebook(one / f"{copy}{name}.ipynb", center=f"{RIGHT}  # {copy}")
            case 3:
                with zipfile.ZipFile(one / f"{name}.zip", "w") as archive:
                    archive.writestr(f"x{name}/{name}.ipynb", f"{{{name}")
                    archive.writestr(f"../{name}", name)
    return folder


@pytest.fixture(scope="module")
def graded(
    tmp_path_factory: pytest.TempPathFactory, handed_in: Path
) -> Iterator[tuple[Path, dict[str, str]]]:
    """The results in every format, and what each command has printed."""
    place = tmp_path_factory.mktemp("out")
    options = ("--unit", "01_lines", "--course", TINY, "--out", place / "out")
    every = ("--format", ",".join(FORMATS))
    seed = ("--seed", "s", "--no-cache")
    said: dict[str, str] = {}
    for name, words in {
        "grade": ("grade", handed_in, *options, *seed, *every),
        "regrade": ("regrade", handed_in, *options, *seed, *every, "--apply"),
        "report": ("report", place / "out", "--out", place / "again", *every),
        "anonymous": ("report", place / "out", *every[:1], "html", "--anonymous", "--out", place),
        "similar": ("similar", handed_in, *options[:4], "--out", place / "out" / "similar.html"),
    }.items():
        colour = "1" if name == "regrade" else ""
        files = [str(place / each) for each in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")]
        output, summary = files
        done = autograder(
            *words, FORCE_COLOR=colour, GITHUB_OUTPUT=output, GITHUB_STEP_SUMMARY=summary
        )
        assert "Traceback" not in done.stderr, done.stderr
        said[name] = done.stdout + (PROGRESS.sub("", done.stderr) if colour else done.stderr)
    yield place, said


def test_nothing_that_commands_print_is_dangerous(graded: tuple[Path, dict[str, str]]) -> None:
    for name, text in graded[1].items():
        assert len(text) > 50, name
        # The annotations of `github` are commands on purpose, one a line.
        kept = re.sub(r"^::(error|warning) .*\n", "", text, flags=re.MULTILINE)
        assert name not in ("grade", "report") or kept != text
        assert not dangers(kept, printed=True, coloured=name == "regrade"), name


def test_nothing_that_is_written_is_dangerous(graded: tuple[Path, dict[str, str]]) -> None:
    files = [path for path in graded[0].rglob("*") if path.is_file()]
    assert len({path.suffix for path in files}) >= 6 and len(files) > 50
    for path in files:
        found = dangers(path.read_bytes().decode("utf-8-sig"))
        # JSON says what there was, by numbers; marks that can be seen stay.
        assert found <= ({"marks that pile up"} if path.suffix == ".json" else set()), path
        assert not dangers(path.name), path


def test_what_was_handed_in_is_there_all_the_same(graded: tuple[Path, dict[str, str]]) -> None:
    results = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (graded[0] / "out").glob("*/*.json")
        if not path.name.endswith(".gradescope.json")
    ]
    assert {result["status"] for result in results} == {"graded", "ungradable"}
    students = {result["student"] for result in results}
    assert len(students) == len(ANSWERS) + len(NAMES)
    texts = json.dumps(results)
    assert "owned" in texts and "give full points" not in texts.replace("\\", "")


@pytest.mark.usefixtures("nbgrader_environment")
@pytest.mark.parametrize("command", ["nbgrade", "autograde"])
def test_nothing_that_nbgrader_is_told_is_dangerous(
    gradebook_course: Path, tmp_path: Path, write_notebook: Write, command: str
) -> None:
    course = Path(shutil.copytree(gradebook_course, tmp_path / "course"))
    group = own.Class(course)
    for number, kind in enumerate(
        ["stop commands", "old command", "erased lines", "tags", "zalgo"]
    ):
        student = f"s{number}{HOSTILE[kind].strip()}"
        notebook = group.notebook(center=list(ANSWERS.values())[number])
        for cell in notebook["cells"][-2:]:
            cell["metadata"]["nbgrader"] = {"grade_id": HOSTILE[kind], "grade": True, "points": 1}
        group.hand_in(student, notebook)
        (group.folder(student) / f"x{HOSTILE[kind]}.ipynb").write_text(HOSTILE[kind])
    if command == "nbgrade":
        done = CliRunner().invoke(
            main, ["nbgrade", own.UNIT, "--course", str(course), "--jobs", "1"]
        )
        log = done.output
    else:
        _, log = own.nbgrader(course, "autograde", own.UNIT)
    assert "s0" in log and "s4" in log
    assert not dangers(log, printed=True)


def test_what_a_worker_raises_is_logged_as_one_harmless_line(order: dict[str, Any]) -> None:
    order["unit"] = ALL
    with pytest.raises(FaultError) as error:
        cluster_worker.graded(json.dumps(order).encode())
    assert "There is no unit" in str(error.value)
    assert not dangers(str(error.value), printed=True) and "\n" not in str(error.value)
