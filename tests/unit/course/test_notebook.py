"""Scripts become notebooks: nothing is lost, no solution gets out, nbgrader agrees."""

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.places import DATA

from autograder.course import notebook
from autograder.course.notebook import (
    AuthorError,
    author_notebook,
    dumps,
    read_script,
    release_notebook,
)
from autograder.course.script import Cell

UNIT = DATA / "unit"
NAME = "01_two_functions"


@dataclass(frozen=True)
class Exercise:
    name: str
    points: float


EXERCISES = [Exercise("half", 3), Exercise("Counter", 1.5)]
SOLUTION = "    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION\n"
HALF = f"# %%\ndef half(x):\n{SOLUTION}"


@pytest.fixture(scope="module")
def cells() -> tuple[Cell, ...]:
    return read_script(UNIT / "notebook.py")


@pytest.fixture(scope="module")
def release(cells: Any) -> Any:
    return release_notebook(cells, EXERCISES, NAME)


def script(folder: Path, text: str) -> Path:
    path = folder / "notebook.py"
    path.write_text(text, encoding="utf-8")
    return path


def by_grade_id(nb: Any) -> dict[str, Any]:
    graded = [cell for cell in nb.cells if "nbgrader" in cell.metadata]
    return {cell.metadata.nbgrader.grade_id: cell for cell in graded}


def test_cells_are_those_of_the_script(cells):
    kinds = [(cell.kind, cell.tags) for cell in cells]
    assert kinds == [
        ("markdown", ()),
        ("code", ()),
        ("markdown", ("wide",)),
        ("code", ()),
        ("code", ("experiment",)),
        ("code", ()),
        ("code", ()),
    ]
    assert cells[1].source == "import math\n\n%matplotlib inline"
    assert cells[3].place.endswith("notebook.py:15")


def test_notebooks_are_valid(cells, release):
    nbformat.validate(release)
    nbformat.validate(author_notebook(cells, EXERCISES, NAME))


def test_author_notebook_keeps_the_solution(cells):
    nb = author_notebook(cells, EXERCISES, NAME)
    assert by_grade_id(nb)["half"].source == cells[3].source


def test_release_has_stubs_in_place_of_every_region(release):
    assert by_grade_id(release)["Counter"].source == (
        'class Counter:\n    """Counts."""\n\n    def __init__(self):\n'
        "        # YOUR CODE HERE\n        raise NotImplementedError()\n\n"
        "    def step(self):\n        before = self.count\n"
        "        # YOUR CODE HERE\n        raise NotImplementedError()\n        return before"
    )


def test_no_solution_line_is_in_the_release(cells, release):
    lines = notebook.solution_lines(cells)
    assert lines == [
        "quotient = x / 2",
        "self.count = math.floor(0.5)",
        "if before >= 0:",
        "self.count += math.ceil(0.5)",
    ]
    text = dumps(release)
    assert not [line for line in lines if line in text]


def test_grade_cells_stand_after_their_solution_cells(release):
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in release.cells]
    assert ids == ["", "", "", "half", "check_half", "", "Counter", "check_Counter", ""]
    check = by_grade_id(release)["check_half"]
    assert check.source == (
        "# Public checks of `half` (3 points); the grader repeats them with other numbers.\n"
        'check("half")'
    )
    assert check.metadata.nbgrader.points == 3
    assert (check.metadata.deletable, check.metadata.editable) == (False, False)
    assert "(1 point)" in notebook.check_source("x", 1.0)


def test_plain_cells_stay_free_of_nbgrader(release):
    assert release.cells[-1].metadata == {}


def test_experiments_may_fail_in_the_release_only(cells, release):
    author = author_notebook(cells, EXERCISES, NAME)
    assert release.cells[5].metadata.tags == ["experiment", "raises-exception", "skip-execution"]
    assert author.cells[5].metadata.tags == ["experiment"]


def test_bytes_are_the_same_each_time():
    first, second = (
        dumps(release_notebook(read_script(UNIT / "notebook.py"), EXERCISES, NAME))
        for _ in range(2)
    )
    assert first == second
    assert first.endswith("}\n")
    assert json.loads(first)["metadata"]["autograder"] == {"unit": NAME}


def test_ids_are_unique_and_stay_when_a_cell_is_put_before(tmp_path):
    path = script(tmp_path, f"{HALF}\n# %%\nprint()\n\n# %%\nprint()\n")
    before = release_notebook(read_script(path), EXERCISES[:1], NAME)
    path = script(tmp_path, f"# %%\nx = 1\n\n{HALF}\n# %%\nprint()\n\n# %%\nprint()\n")
    after = release_notebook(read_script(path), EXERCISES[:1], NAME)
    ids = [cell.id for cell in after.cells]
    assert len(set(ids)) == 5
    assert ids[1:] == [cell.id for cell in before.cells]


def test_figures_are_inside_the_notebook(release):
    cell = release.cells[0]
    svg = base64.b64encode((UNIT / "figures" / "half.svg").read_bytes()).decode()
    assert "![Half of a thing][half.svg]" in cell.source
    assert cell.source.endswith(f"\n[half.svg]: data:image/svg+xml;base64,{svg}")
    assert '![a dot](attachment:dot.png "one pixel")' in cell.source
    assert "![elsewhere](https://example.org/x.png)" in cell.source
    assert list(cell.attachments["dot.png"]) == ["image/png"]


def test_ipython_is_allowed_outside_solutions(tmp_path):
    path = script(tmp_path, f"# %%\n# !ls\n# %%time\nnp.sum?\n\n{HALF}")
    release_notebook(read_script(path), EXERCISES[:1], NAME)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "reads 0 cells"),
        ("x = 1\n", "0 lines begin with `# %%`"),
        ("x = 1\n# %%\ny = 2\n", "1 lines begin with `# %%`, but jupytext reads 2"),
        ('# %%\n"""\n# %% in a string\n"""\n', "indent it where it stands in a string"),
        ("# %% [markdwon]\n# x\n", r"notebook.py:1: this cell's first line says \['title'\]"),
        ("# %% [raw]\n# x\n", r"\['\[raw\]'\]"),
        ("# %% tags=experiment\n1\n", "incorrectly_encoded_metadata"),
        ("# %% tags='experiment'\n1\n", "jupytext can't read"),
        ("# %% editable=false\n1\n", "nothing more than tags"),
        ("# %%\n# ls of files\n", "takes the comment `# ls of files` for a command"),
        ("# %%\n### BEGIN SOLUTION\n\n# %%\n1\n", "notebook.py:2: .* isn't closed in its cell"),
        ("# %%\n### BEGIN SOLUTION\n1\n", "notebook.py:2: .* isn't closed in its cell"),
        ("# %%\n1\n### END SOLUTION\n", "notebook.py:3: .* expected a `### BEGIN SOLUTION`"),
        (
            "# %%\n### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION\n",
            "notebook.py:3: .* expected `### END SOLUTION` for line 2",
        ),
        ("# %%\n# BEGIN SOLUTION\n", "takes every line with `BEGIN SOLUTION` for a marker"),
        ("# %% [markdown]\n# ### BEGIN SOLUTION\n", "stands alone on a line of code"),
        ("# %% [markdown]\n# ![x](figures/no.svg)\n", "`figures/no.svg` can't be read"),
        ("# %% [markdown]\n# ![x](notes.pdf)\n", "`notes.pdf` is none of"),
    ],
)
def test_a_bad_script_is_refused(tmp_path, text, message):
    with pytest.raises(AuthorError, match=message):
        read_script(script(tmp_path, text))


def test_a_script_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "notebook.py").write_bytes(b"# %%\n\xff\n")
    with pytest.raises(AuthorError, match="UTF-8"):
        read_script(tmp_path / "notebook.py")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# %%\n1\n", "notebook.py: the exercise `half` has no solution cell"),
        (f"{HALF}\n{HALF}", "notebook.py:7: this cell defines `half`, and so does .*notebook.py:1"),
        ("# %%\ndef half(x):\n    return x\n", "without `### BEGIN SOLUTION`"),
        (f"{HALF}\n# %%\ndef other(x):\n{SOLUTION}", "notebook.py:7: .* defines no exercise"),
        (f"{HALF}\n# %%\n### BEGIN SOLUTION\nhalf(1)\n### END SOLUTION\n", "defines no exercise"),
        (f"# %%\ndef half(x):\n{SOLUTION}\ndef double(x):\n    pass\n", "`half` and `double`"),
        (HALF.replace("%%", '%% tags=["experiment"]'), "is an experiment"),
        (f"# %%\nx = (1 +\ndef half(x):\n{SOLUTION}", "this cell isn't Python"),
        (
            "# %%\n### BEGIN SOLUTION\ndef half(x):\n    return x\n### END SOLUTION\n",
            "outside the region",
        ),
    ],
)
def test_exercises_and_cells_must_fit(tmp_path, text, message):
    double = [Exercise("double", 1)] if "double" in text else []
    cells = read_script(script(tmp_path, text))
    with pytest.raises(AuthorError, match=message):
        release_notebook(cells, [*EXERCISES[:1], *double], NAME)


@pytest.mark.parametrize("names", [["größe"], ["x" * 59], ["half", "check_half"]])
def test_names_must_serve_as_ids(cells, names):
    with pytest.raises(AuthorError, match="Rename it"):
        release_notebook(cells, [Exercise(name, 1) for name in names], NAME)


@pytest.mark.slow
def test_nbgrader_makes_the_same_release(tmp_path, cells, release):
    source = tmp_path / "source" / NAME
    source.mkdir(parents=True)
    path = source / f"{NAME}.ipynb"
    path.write_text(dumps(author_notebook(cells, EXERCISES, NAME)), encoding="utf-8")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", NAME, "--create"]
    # nbgrader calls `alembic`, which lies beside this Python.
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = os.environ | {"HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    home["PATH"] = search
    done = subprocess.run(command, cwd=tmp_path, env=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "release" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    # The one difference: nbgrader doesn't know that an experiment may fail.
    for cell in release.cells:
        if "experiment" in cell.metadata.get("tags", []):
            cell.metadata.tags = ["experiment"]
    assert made == dumps(release)
