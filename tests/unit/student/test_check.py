"""`check("...")` in a real kernel, on the notebooks that students get."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from support.places import ROOT, TINY

from autograder.authoring.release import release_unit
from autograder.course.cases import PUBLIC_SEED
from autograder.course.course import Course
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, cells_digest
from autograder.wire import codec
from autograder.wire.program import Program, ProgramCell

HERE = Course.find(ROOT)
CENTER = "def center(X):\n    return X - X.mean(axis=1, keepdims=True)"
SUM = "def center(X):\n    return X - X.sum(axis=1, keepdims=True)"
AXIS = "def center(X):\n    return X - X.mean(axis=0, keepdims=True)"
SINE = "def center(X):\n    return np.sin(X)"
RAISES = "def center(X):\n    rows = len(X)\n    return X.nowhere"
STUB = "def center(X):\n    raise NotImplementedError()"
START = "import numpy as np\nfrom autograder import check"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a student has: the released `01_lines`."""
    root = tmp_path_factory.mktemp("tiny")
    shutil.copytree(TINY / "solutions" / "01_lines", root / "solutions" / "01_lines")
    course = Course(root)
    release_unit(course, course.load("01_lines"))
    return root / "assignments" / "01_lines"


def executed(notebook: Any, folder: Path) -> Any:
    """The notebook, run from top to bottom in a kernel that starts in `folder`.

    In one thread: several tests run at once, and their threads would wait for each other.
    """
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    threads = ("TF_NUM_INTRAOP", "TF_NUM_INTEROP", "OMP", "OPENBLAS")
    return client.execute(env=os.environ | {f"{name}_NUM_THREADS": "1" for name in threads})


def typed(folder: Path, *cells: str) -> list[Any]:
    """The outputs of cells typed into a new notebook, one list a cell; errors are outputs."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    for cell in notebook.cells:
        cell.metadata["tags"] = ["raises-exception"]
    return [cell.outputs for cell in executed(notebook, folder).cells]


def text_of(outputs: Any) -> str:
    """What a terminal would show of the outputs."""
    parts = []
    for output in outputs:
        data = output.get("data", {})
        parts.append(data.get("text/plain", "") + output.get("text", "") + output.get("evalue", ""))
    return "".join(parts)


def html_of(outputs: Any) -> str:
    return "".join(output.get("data", {}).get("text/html", "") for output in outputs)


def checks_of(notebook: Any) -> dict[str, Any]:
    """The outputs of the check cells by exercise."""
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return {cell.metadata.nbgrader.grade_id.removeprefix("check_"): cell.outputs for cell in cells}


# --------------------------------------------------------------------------- the released notebooks


@pytest.fixture
def copied(tmp_path: Path, name: str) -> Path:
    """A student's copy of a unit of this repository."""
    return Path(shutil.copytree(HERE.root / "assignments" / name, tmp_path / name))


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE.unit_names())
def test_a_released_notebook_runs_and_says_that_nothing_is_answered(
    name: str, copied: Path
) -> None:
    notebook = nbformat.read(copied / f"{name}.ipynb", as_version=4)
    outputs = checks_of(executed(notebook, copied))
    assert set(outputs) == {exercise.name for exercise in HERE.load(name).unit.exercises}
    for exercise, shown in outputs.items():
        assert "not answered yet" in text_of(shown), exercise
        assert "Traceback" not in text_of(shown)
        assert "autograder-findings" in html_of(shown)


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE.unit_names())
def test_the_authors_notebook_runs_and_everything_is_ok(name: str, copied: Path) -> None:
    notebook = nbformat.read(HERE.root / "solutions" / name / f"{name}.ipynb", as_version=4)
    outputs = checks_of(executed(notebook, copied))
    points = {
        exercise.name: sum(check.points for check in exercise.checks if check.public)
        for exercise in HERE.load(name).unit.exercises
    }
    assert set(outputs) == set(points)
    for exercise, shown in outputs.items():
        # What takes long shows that it is at work, in an output of its own.
        said = text_of([item for item in shown if item.output_type == "execute_result"])
        first, *lines = said.splitlines()
        full = f"{points[exercise]:g}"
        assert first.split() == [exercise, f"{full}/{full}"], said
        assert all(line.split()[0] in ("ok", "Note:") for line in lines if line[2:3].strip())


# ------------------------------------------------------------------------------- typed in a kernel


def test_findings_are_shown_richly_and_as_text(tiny: Path) -> None:
    shown = typed(tiny, START, SUM, 'check("center")')[2]
    assert len(shown) == 1
    assert shown[0].output_type == "execute_result"
    assert "You subtract the sum: divide it by m." in text_of(shown)
    assert "You subtract the sum: divide it by m." in html_of(shown)
    assert "<script" not in html_of(shown)


def test_the_last_definition_counts_and_nothing_is_kept_between_checks(tiny: Path) -> None:
    cells = [START, SUM, 'check("center")', CENTER, 'check("center")', "center = None"]
    wrong, right, none = typed(tiny, *cells, 'check("center")')[2::2]
    assert "0/1.5" in text_of(wrong)
    assert text_of(right).splitlines()[0] == "center   1.5/1.5"
    assert "0/1.5" in text_of(none)


def test_a_check_changes_nothing_that_the_student_has(tiny: Path) -> None:
    before = (
        "import random\nrandom.seed(1); np.random.seed(1)\nX = np.ones((2, 3)); names = set(dir())"
    )
    after = "print(sorted(set(dir()) - names - {'names', '_i4', '_4', '_i5', '_5', '_i3', '_3'}))"
    shown = typed(tiny, START, CENTER, before, 'check("center");', after)
    assert "center" not in text_of(shown[4])
    assert "program" not in text_of(shown[4])


def test_an_exception_is_told_with_cell_and_line(tiny: Path) -> None:
    shown = text_of(typed(tiny, START, "1 + 1", RAISES, 'check("center")')[3])
    assert "AttributeError" in shown
    assert "In cell 3, line 3: `return X.nowhere`" in shown


def test_a_variant_typed_into_a_kernel_is_explained_and_placed(tiny: Path) -> None:
    shown = text_of(typed(tiny, START, AXIS, 'check("center")')[2])
    assert "You average over the units" in shown
    assert "In cell 2, line 1: `def center(X):`" in shown


def test_a_stub_and_a_missing_function_are_told_kindly(tiny: Path) -> None:
    stub, missing = typed(tiny, START, STUB, 'check("center")', "del center", 'check("center")')[
        2::2
    ]
    assert "`center` is not answered yet." in text_of(stub)
    assert "`center` is not defined" in text_of(missing)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            'check("centre")',
            "There is no exercise `centre` here: `01_lines.cases` has `center`, `learn`.",
        ),
        ('check("center", unit="09_none")', "There is no `09_none.cases`"),
        ("check()", "exercise"),
    ],
)
def test_what_cannot_be_checked_says_so(tiny: Path, call: str, said: str) -> None:
    shown = typed(tiny, START, call)[1]
    assert shown[-1].output_type == "error"
    assert said in shown[-1].evalue


def test_without_public_cases_there_is_a_word_about_folders(tmp_path: Path) -> None:
    shown = typed(tmp_path, START, 'check("center")')[1]
    assert shown[-1].ename == "CheckError"
    assert "There is no `*.cases` in" in shown[-1].evalue
    assert "keep both in one folder" in shown[-1].evalue
    # Nothing but the message: no lines of this package.
    assert " ".join(shown[-1].traceback) == shown[-1].evalue


def test_damaged_public_cases_are_a_message_and_no_traceback(tiny: Path, tmp_path: Path) -> None:
    content = (tiny / "01_lines.cases").read_bytes()
    (tmp_path / "01_lines.cases").write_bytes(content[: len(content) // 2])
    shown = typed(tmp_path, START, 'check("center")')[1]
    assert "`01_lines.cases` is cut off or damaged" in shown[-1].evalue
    assert " ".join(shown[-1].traceback) == shown[-1].evalue


def test_two_units_in_one_folder_want_a_name(tiny: Path, tmp_path: Path) -> None:
    shutil.copy(tiny / "01_lines.cases", tmp_path)
    other = codec.unpack((tiny / "01_lines.cases").read_bytes()) | {"unit": "02_lines"}
    (tmp_path / "02_lines.cases").write_bytes(codec.pack(other))
    cells = [START, CENTER, 'check("center")', 'check("center", unit="02_lines")']
    ambiguous, named = typed(tmp_path, *cells)[2:]
    assert 'say which unit is meant, `check("center", unit="01_lines")`' in ambiguous[-1].evalue
    assert "1.5/1.5" in text_of(named)


# ----------------------------------------------------------------------------------- other places


def test_plain_python_prints(tiny: Path) -> None:
    program = f'{START}\n{SUM}\nprint(check("center"))'
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tiny, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("center   0/1.5\n")
    assert "You subtract the sum: divide it by m." in done.stdout
    assert done.stdout.endswith("None\n")


def test_a_terminal_without_such_characters_gets_others(tiny: Path) -> None:
    """As in PowerShell on Windows with an old code page."""
    program = f'{START}\n{CENTER}\nfrom autograder.report import output\noutput.show("3×4\\n")'
    environment = os.environ | {"PYTHONIOENCODING": "cp437:strict", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", f'{program}\ncheck("center")'],
        cwd=tiny, capture_output=True, env=environment, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(b"3\\xd74")
    assert b"1.5/1.5" in done.stdout


def test_a_folder_that_is_gone_is_a_message(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    program = f"{START}\nimport os, sys\nos.rmdir(os.getcwd())\n"
    program += 'try:\n    check("center")\nexcept Exception as error:\n    sys.exit(str(error))'
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True
    )
    assert done.stderr.startswith("The folder that this notebook runs in is gone")


def test_neither_a_home_nor_a_folder_to_write_in_is_needed(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "read_only"))
    folder.chmod(0o555)
    before = sorted(path.name for path in folder.iterdir())
    environment = {"PATH": os.defpath, "HOME": "/nonexistent", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", f'{START}\n{CENTER}\ncheck("center")'],
        cwd=folder, capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    folder.chmod(0o755)
    assert done.stdout.startswith("center   1.5/1.5\n") and not done.stderr
    assert sorted(path.name for path in folder.iterdir()) == before


def test_in_the_sandbox_a_check_does_nothing_and_the_rest_is_not_there(pool: Pool) -> None:
    cells = (
        (1, 'from autograder import check\nprint(check("nothing like this"))'),
        (2, "import autograder.student.check"),
        (3, "from autograder import Grader"),
    )
    with Observer(pool, Program(cells), "numpy") as observer:
        observer.start()
        found = observer.cells
    assert (found[1].status, found[1].output) == ("ok", "None\n")
    for number in (2, 3):
        assert found[number].failure is not None
        assert found[number].failure.type_name == "ModuleNotFoundError"


def test_a_check_loads_no_framework_and_is_quick(tiny: Path) -> None:
    program = f'{START}\n{CENTER}\ncheck("center")\nimport sys\nprint("tensorflow" in sys.modules)'
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tiny, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("False\n")


# ------------------------------------------------------------------- the grader says just the same


@pytest.fixture(scope="module")
def public_oracle(pool: Pool) -> Iterator[ReferenceOracle]:
    oracle = ReferenceOracle(Course(TINY).load("01_lines"), PUBLIC_SEED, pool, EvidenceCache(None))
    yield oracle
    oracle.close()


ANSWERS = [CENTER, SUM, AXIS, SINE, RAISES, STUB]  # what is missing, a kernel knows more of


def graded(oracle: ReferenceOracle, *cells: str) -> list[dict[str, Any]]:
    """The grader's findings on the public cases, for a notebook of these cells.

    Without remarks: a kernel does not see which other cells define a name.
    """
    program = tuple(ProgramCell(number, source, False) for number, source in enumerate(cells, 1))
    result = grade(Submission("a", "01_lines", "", program, (), cells_digest(program)), oracle)
    public = {check.name for check in oracle.loaded.unit.exercises[0].checks if check.public}
    findings = [finding for finding in result.exercises[0].findings if finding.check in public]
    plain = (asdict(replace(finding, seconds=0.0, remarks=())) for finding in findings)
    return [json.loads(json.dumps(finding)) for finding in plain]


def test_a_kernel_says_what_the_grader_says(tiny: Path, public_oracle: ReferenceOracle) -> None:
    ask = "import dataclasses, json\nprint(json.dumps([dataclasses.asdict(dataclasses.replace("
    ask += 'f, seconds=0.0)) for f in check("center").result.findings], default=str))'
    cells = [START, *(cell for answer in ANSWERS for cell in (answer, ask))]
    outputs = typed(tiny, *cells)
    for number, answer in enumerate(ANSWERS):
        # As many cells before it as in the kernel.
        before = [START, *(["x = 0"] * 2 * number)]
        wanted = graded(public_oracle, *before, answer)
        assert json.loads(text_of(outputs[2 * number + 2])) == wanted, answer


def test_a_kernel_finds_nothing_wrong_where_the_reference_stands(tiny: Path) -> None:
    notebook = nbformat.read(tiny / "01_lines.ipynb", as_version=4)
    author = nbformat.read(tiny.parents[1] / "solutions/01_lines/01_lines.ipynb", as_version=4)
    assert all("not answered" in text_of(o) for o in checks_of(executed(notebook, tiny)).values())
    right = checks_of(executed(author, tiny))
    assert text_of(right["center"]).startswith("center   1.5/1.5\n")
    assert text_of(right["learn"]).startswith("learn   3/3\n")
