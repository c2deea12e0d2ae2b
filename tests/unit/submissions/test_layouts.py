"""Which platform named the hand-ins, and what is refused rather than guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.submissions.identify import discover
from autograder.submissions.layouts import BY_NAME, LayoutError

UNIT = "01_lines"
WHEN = "_attempt_2024-01-02-03-04-05_x.ipynb"


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return folder


def test_names_of_two_platforms_are_refused_until_somebody_says_which(tmp_path: Path) -> None:
    folder = put(tmp_path / "class", f"ada_1_11_x{WHEN}", f"bo_2_12_y{WHEN}")
    with pytest.raises(LayoutError, match="`--layout blackboard` or `--layout canvas`"):
        discover([folder], [UNIT])
    found = discover([folder], [UNIT], layout="canvas")
    assert [one.student for one in found.hand_ins] == ["ada", "bo"]


def test_an_unknown_layout_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no layout `sakai`") as raised:
        discover([put(tmp_path / "class", "ada.ipynb")], [UNIT], layout="sakai")
    assert all(f"`{name}`" in str(raised.value) for name in BY_NAME)


def test_half_of_the_names_make_no_layout(tmp_path: Path) -> None:
    mark = "_1_assignsubmission_file_"
    found = discover([put(tmp_path / "class", f"Ada{mark}/x.ipynb", "bo/x.ipynb")], [UNIT])
    assert [one.student for one in found.hand_ins] == [f"Ada{mark}", "bo"]
    assert [one.name for one in found.layouts] == ["plain"]
    found = discover([put(tmp_path / "class", f"Cy{mark}/x.ipynb")], [UNIT])
    assert [one.name for one in found.layouts] == ["moodle"]


def test_results_are_no_hand_in(tmp_path: Path) -> None:
    put(tmp_path / "class", "ada/x.ipynb", "grades/01_lines/ada.json", "grades/index.html")
    found = discover([tmp_path / "class"], [UNIT], skip=tmp_path / "class" / "grades")
    assert [one.student for one in found.hand_ins] == ["ada"]
