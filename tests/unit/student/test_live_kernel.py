"""`check` in a running kernel: what it knows of the kernel, and how it is stopped."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.live_kernel import START, LiveKernel, live_kernel, shown_text
from support.places import TINY

from autograder.authoring.release import release_unit
from autograder.course.course import Course
from autograder.student import saved
from autograder.student.kernel import undisturbed

CENTER = "def center(X):\n    return X - X.mean(axis=1, keepdims=True)"
BROKEN = "def center(X):\n    return (X"
# Tells on stdout, past what a check captures, that it has begun.
HANGS = "def center(X):\n    import sys, time\n    print('begun', file=sys.__stdout__)\n"
HANGS += "    while True: time.sleep(0.05)"
CHECK = 'check("center")'
# What an interrupted check could leave behind.
STATE = """
import gc, os, random, sys, tempfile, threading
print([sys.getprofile(), threading.getprofile(), sys.gettrace()],
      sorted(t.name for t in threading.enumerate()), type(sys.stdout).__name__,
      sorted(os.listdir(tempfile.gettempdir())), sorted(os.listdir()),
      hash((random.getstate(), np.random.get_state()[1].tobytes())),
      center.__code__.co_name, np.mean is mean)
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("released")
    shutil.copytree(TINY / "solutions" / "01_lines", root / "solutions" / "01_lines")
    course = Course(root)
    release_unit(course, course.load("01_lines"))
    return root / "assignments" / "01_lines"


@pytest.fixture
def folder(released: Path, tmp_path: Path) -> Path:
    """A student's copy."""
    return Path(shutil.copytree(released, tmp_path / "01_lines"))


def save(notebook: Path, source: str, number: int | None = None) -> None:
    """Save the notebook with another text in the cell of `center`, as a front end does."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["id"] == "center":
            cell["source"], cell["execution_count"] = source, number
    notebook.write_text(json.dumps(content), encoding="utf-8")


def test_a_kernel_tells_what_became_of_a_name(folder: Path) -> None:
    notebook = folder / "01_lines.ipynb"
    with live_kernel(folder, notebook) as kernel:
        kernel.run(START)
        assert "Its cell in `01_lines.ipynb` has not been run." in words(kernel.said(CHECK))

        kernel.run(BROKEN, "center")
        said = words(kernel.said(CHECK))
        assert "Its cell [3] failed with `SyntaxError:" in said
        assert "in line 2: `return (X`" in said
        assert "top to bottom" not in said

        save(notebook, CENTER)
        kernel.run(CENTER, "center")
        said = kernel.said(CHECK)
        assert said.splitlines()[0] == "center   1.5/1.5"
        assert "Note" not in said

        # Saved after the run, with another text; then run as saved.
        save(notebook, CENTER + "  # twice")
        said = words(kernel.said(CHECK))
        assert "The saved cell of `center` differs from what was run as [5], from line 2 on" in said
        kernel.run(CENTER + "  # twice", "center")
        assert "Note" not in kernel.said(CHECK)
        # Run, and not saved yet: the file says nothing.
        kernel.run(CENTER, "center")
        assert "Note" not in kernel.said(CHECK)

        kernel.run(BROKEN, "center")
        said = words(kernel.said(CHECK))
        assert "What is checked here is `center` as cell [10] defined it" in said

        kernel.run(CENTER, "center")
        kernel.run("x = 1\ndel center")
        assert "Cell [15], line 2 (`del center`) deleted it" in words(kernel.said(CHECK))

        kernel.run(CENTER, "center")
        kernel.run("center = center(np.ones((2, 2)))")
        said = words(kernel.said(CHECK))
        assert "cell [18], line 1 (`center = center(np.ones((2, 2)))`) gave the name to" in said
        assert "something of type `ndarray`" in said

        kernel.run("%reset -f")
        kernel.run(START)
        assert "(`%reset -f`) deleted it" in words(kernel.said(CHECK))

        save(notebook, CENTER, number=17)
        kernel.restart()
        kernel.run(START)
        said = words(kernel.said(CHECK))
        assert "has not been run since this kernel started; the number [17]" in said


def words(text: str) -> str:
    """A text with its line breaks gone."""
    return " ".join(text.split())


def test_nbgraders_validation_tells_the_same(folder: Path) -> None:
    with live_kernel(folder, NBGRADER_VALIDATING="1") as kernel:
        kernel.run(START)
        kernel.run(BROKEN)
        (error,) = kernel.run(CHECK)
        kernel.run(CENTER)
        assert kernel.run(CHECK) == []
    assert error["ename"] == "NotRightYet"
    assert "Its cell [2] failed with `SyntaxError:" in words(error["evalue"])


def test_what_failed_before_check_was_imported_is_known_too(folder: Path) -> None:
    with live_kernel(folder) as kernel:
        kernel.run(f"1 / 0\n{CENTER}")
        kernel.run(START)
        assert "Its cell [1] failed with `ZeroDivisionError: division by zero` in line 1" in words(
            kernel.said(CHECK)
        )


def test_an_unknown_name_in_the_students_code_is_one_that_was_not_run(folder: Path) -> None:
    notebook = folder / "01_lines.ipynb"
    with live_kernel(folder, notebook) as kernel:
        kernel.run("from autograder import check")
        kernel.run(CENTER.replace("X - X.mean", "X - np.mean").replace("(axis", "(X, axis"))
        said = words(kernel.said(CHECK))
    assert "`NameError: name 'np' is not defined`" in said
    assert "Its cell in `01_lines.ipynb` has not been run." in said


def test_the_notebooks_folder_counts_and_a_notebook_that_was_moved_hears_of_it(
    folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "desk"
    elsewhere.mkdir()
    with live_kernel(elsewhere, folder / "01_lines.ipynb") as kernel:
        kernel.run(f"{START}\n{CENTER}")
        assert "1.5/1.5" in kernel.said(CHECK)  # the notebook changed its folder, not its cases
    moved = Path(shutil.move(folder / "01_lines.ipynb", elsewhere / "mine.ipynb"))
    with live_kernel(elsewhere, moved) as kernel:
        kernel.run(START)
        (error,) = kernel.run(CHECK)
    assert error["ename"] == "CheckError"
    assert f"The notebook is saved as `{moved}`" in error["evalue"]
    assert str(folder / "01_lines.cases") in error["evalue"]
    assert " ".join(error["traceback"]) == error["evalue"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": [1]}', '{"cells": [{}]}', "\x00"])
def test_a_notebook_file_that_cannot_be_read_only_serves_for_hints(
    content: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = folder / "01_lines.ipynb"
    notebook.write_text(content, encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    assert saved.notebook_path({}) == notebook
    assert saved.read(notebook) is None


# -------------------------------------------------------------------------------- the stop button


def stopped_after(kernel: LiveKernel, source: str, sign: str) -> list[dict[str, object]]:
    """Run a cell, press the stop button once it has shown `sign`, and return what it showed."""
    shown = []
    is_stopped = False
    for message in kernel.messages(kernel.send(source)):
        shown.append(message)
        if not is_stopped and sign in shown_text([message]):
            kernel.manager.interrupt_kernel()
            is_stopped = True
    return shown


def test_a_check_that_takes_long_says_so_and_the_stop_button_leaves_a_clean_kernel(
    folder: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"  # its own: other tests use the machine's
    temporary.mkdir()
    with live_kernel(folder, TMPDIR=str(temporary)) as kernel:
        kernel.run(f"{START}\nmean = np.mean")
        kernel.run(HANGS)
        kernel.run(STATE)  # IPython's own threads have begun by now
        before = kernel.said(STATE)
        shown = stopped_after(kernel, CHECK, "s so far")
        after = kernel.said(STATE)
        kernel.run(CENTER)
        right = kernel.said(CHECK)
    displays = [each for each in shown if each["kind"] in ("display_data", "update_display_data")]
    assert displays[0]["kind"] == "display_data"
    said = shown_text(displays[:1])
    assert said.startswith("Checking `center`: check 1 of 1, 1 s so far.")
    assert shown_text(displays[-1:]).startswith("`center` was stopped after")
    error = shown[-1]
    assert error["ename"] == "CheckInterrupted"
    assert error["traceback"] == [
        "The check of `center` was stopped. Your notebook is as it was before."
    ]
    assert before == after
    assert right.startswith("center   1.5/1.5")


def test_a_quick_check_shows_nothing_but_its_findings(folder: Path) -> None:
    with live_kernel(folder) as kernel:
        kernel.run(f"{START}\n{CENTER}")
        kernel.run(CHECK)
        assert [each["kind"] for each in kernel.run(CHECK)] == ["execute_result"]


def test_a_check_draws_no_random_number_of_the_students(folder: Path) -> None:
    draw = "random.seed(1); np.random.seed(1)\n{}\nprint(random.random(), np.random.rand())"
    with live_kernel(folder) as kernel:
        kernel.run(f"{START}\nimport random\n{CENTER}")
        assert kernel.said(draw.format("")) == kernel.said(draw.format(f"_ = {CHECK}"))


@pytest.mark.skipif(os.name != "posix", reason="a signal is sent")
def test_outside_a_notebook_it_says_so_too_and_ctrl_c_ends_it(folder: Path) -> None:
    program = f"{START}\n{HANGS}\n{CHECK}"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = process.stderr.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert said.startswith("Checking `center`: check 1 of 1, 1 s so far.")
    assert "`center` was stopped after" in rest
    assert "The check of `center` was stopped." in rest
    assert "kernel.py" not in rest and "worker.py" not in rest


def test_a_process_is_left_as_it_was_however_a_check_ends() -> None:
    streams, profile = (sys.stdout, sys.stderr), sys.getprofile()
    drawn = random.getstate()
    with pytest.raises(KeyboardInterrupt), undisturbed():
        sys.stdout = sys.stderr = io.StringIO()
        sys.setprofile(lambda *_: None)
        random.seed(3)
        raise KeyboardInterrupt
    assert (sys.stdout, sys.stderr) == streams
    assert sys.getprofile() is profile
    assert random.getstate() == drawn
