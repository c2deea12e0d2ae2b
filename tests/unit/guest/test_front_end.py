"""What talks to a front end does nothing; what runs code is not taken for it."""

from __future__ import annotations

import pytest

from autograder.guest.front_end import Inert, stands_for, without_magics_around


@pytest.mark.parametrize(
    ("module", "known"),
    [
        ("google.colab", True),
        ("google.colab.patches", True),
        ("google", False),
        ("ipywidgets", True),
        ("ipywidgets2", False),
        ("numpy", False),
    ],
)
def test_packages_that_are_a_front_end(module: str, known: bool) -> None:
    assert stands_for(module) == known


@pytest.mark.parametrize(
    ("source", "runs"),
    [
        ("%%time\nx = 1", "#\nx = 1"),
        ("\n%%capture --no-stderr\nx = 1", "#\nx = 1"),
        ("%%capture kept\nkept.show()", "%%capture kept\nkept.show()"),
        ("%%writefile x.py\nx = 1", "%%writefile x.py\nx = 1"),
        ("x = 1\n%%time\n", "x = 1\n%%time\n"),
    ],
)
def test_a_cell_runs_without_the_magic_that_times_it(source: str, runs: str) -> None:
    assert without_magics_around(source).lstrip("\n") == runs


def test_what_stands_for_a_front_end_does_nothing() -> None:
    drive = Inert()
    assert list(drive.files.upload()) == []
    assert not drive.mount("/content")
    with drive.output as output:
        assert output["x"] is output

    def shown() -> int:
        return 3

    assert drive.interact(x=(0, 3))(shown) is shown
    with pytest.raises(TypeError):
        drive + 1  # type: ignore[operator]
