"""The same class gives the same bytes: on one slot or two, in any order, from a cache or not.

Only times differ: the fields `seconds` of a result and of its findings (docs/result.md).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.command import Write, files_of, grade_command, run_to_end
from support.places import ROOT, SAMPLES

UNIT = "03_optimizers"
CLASS = SAMPLES / UNIT

# What is another in every process, or at every call, and may be printed or raised.
ODD = {
    "addresses": "print(object(), lambda x: x)\ndef center(X):\n    raise ValueError(object())",
    "hashes": "print({'a', 'b', 'c', 'd', 'e'}, hash('a'))\ndef center(X):\n    return {'x', 'y'}",
    "state": "rng = np.random.default_rng(1)\ndef center(X):\n    return X + rng.random(X.shape)",
    "global random": "def center(X):\n    return X + np.random.normal(size=X.shape)",
    "objects": "class Layer: pass\ndef center(X):\n    return {Layer(): X, 'y': Layer}",
    "many names": "for name in {'centre', 'center_', 'centers'}: globals()[name] = 1\ndel center",
    "ends": "def center(X):\n    import os\n    os._exit(1)",
}


def graded(
    course: Path,
    handed_in: list[Path],
    place: Path,
    *options: str,
    **environment: str,
) -> dict[str, bytes]:
    """The files of a class graded by the command, less seconds; `place` has the cache as well."""
    fonts = Path.home() / ".cache" / "autograder" / "matplotlib"
    if fonts.is_dir() and not (place / "cache").exists():
        shutil.copytree(fonts, place / "cache" / "autograder" / "matplotlib")
    first, *others = handed_in
    words = grade_command(course, first, place / "out", *map(str, others), *options)
    environment = {"XDG_CACHE_HOME": str(place / "cache"), **environment}
    status, output = run_to_end(words, 500, **environment)
    assert status in (0, 1), output
    return files_of(place / "out")


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> dict[str, tuple[bytes, bytes]]:
    """Around the first difference of each file."""
    found = {}
    for name in sorted(one.keys() | other.keys()):
        a, b = one.get(name, b""), other.get(name, b"")
        if a != b:
            at = next((n for n, pair in enumerate(zip(a, b, strict=False)) if len({*pair}) > 1), 0)
            found[name] = (a[max(0, at - 60) : at + 80], b[max(0, at - 60) : at + 80])
    return found


@pytest.mark.slow
def test_a_class_of_the_course_twice(tmp_path: Path) -> None:
    students = [CLASS / f"{name}.ipynb" for name in "ada bao chen emeka farid noor".split()]
    one = graded(ROOT, students, tmp_path / "one", "--jobs", "1", PYTHONHASHSEED="1")
    two = graded(ROOT, students[::-1], tmp_path / "two", "--jobs", "2", PYTHONHASHSEED="2")
    assert len(one) == 2 * len(students) + 2
    assert not differing(one, two)


@pytest.fixture
def odd_class(tmp_path: Path, write_notebook: Write) -> list[Path]:
    paths = [
        write_notebook(tmp_path / "in" / f"{name}.ipynb", center=answer)
        for name, answer in ODD.items()
    ]
    for name in ("twice", "twice (2)"):
        paths.append(write_notebook(tmp_path / "in" / f"{name}.ipynb"))
    (tmp_path / "in" / "broken.ipynb").write_text("{")
    (tmp_path / "in" / "empty.ipynb").write_text("")
    return sorted((tmp_path / "in").rglob("*.ipynb"))


@pytest.mark.slow
def test_odd_programs_twice_and_from_the_cache(
    lines_course: Path, odd_class: list[Path], tmp_path: Path
) -> None:
    one = graded(lines_course, odd_class, tmp_path / "one", "--jobs", "1", PYTHONHASHSEED="1")
    two = graded(lines_course, odd_class[::-1], tmp_path / "two", "--jobs", "2")
    assert len(one) > 2 * len(ODD)
    assert not differing(one, two)
    shutil.rmtree(tmp_path / "two" / "out")
    cached = graded(lines_course, odd_class, tmp_path / "two", "--jobs", "2")
    assert not differing(one, cached)
    kept = graded(lines_course, odd_class, tmp_path / "two", "--jobs", "2")
    assert not differing(one, kept)
