"""Classes of any people in all layouts: as many rows as hand-ins, nobody's file with somebody else.

What is in a hand-in is as hostile as its owner likes: folders and files named after classmates, as
platforms name hand-ins, as units, as nbgrader's tree, some of them in a zip.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.zips import zip_of

from autograder.submissions import places
from autograder.submissions.file import File
from autograder.submissions.identify import HandIn, UsageError, discover
from autograder.submissions.layouts import LayoutError
from autograder.submissions.notebook_file import UnreadableError
from autograder.submissions.open_zips import Archives

UNIT = "01_lines"
MOODLE = "_assignsubmission_file_"
WHEN = "_attempt_2024-01-02-03-04-05"


@dataclass(frozen=True)
class Person:
    name: str
    number: int

    @property
    def login(self) -> str:
        return f"u{self.number}"


@dataclass(frozen=True)
class Layout:
    """How a platform lays out a hand-in: its place, and whether that is a folder."""

    place: Callable[[Person], str]
    folder: bool
    shown: Callable[[HandIn], str]  # what tells its owner: the number or login that was given out


def number_in(hand_in: HandIn) -> str:
    person = hand_in.person
    return person.canvas_id or person.moodle_id or person.login.removeprefix("u")


def login_in(hand_in: HandIn) -> str:
    return hand_in.student.removeprefix("u")


LAYOUTS = {
    "moodle": Layout(lambda one: f"{one.name}_{one.number}{MOODLE}", True, number_in),
    "moodle, flat": Layout(lambda one: f"{one.name}_{one.number}{MOODLE}", False, number_in),
    "canvas": Layout(
        lambda one: f"{''.join(filter(str.isalnum, one.name))}_{one.number}_{9 * one.number}_",
        False,
        number_in,
    ),
    "blackboard": Layout(lambda one: f"Unit_1_{one.login}{WHEN}_", False, number_in),
    "exchange": Layout(lambda one: f"{one.login}+{UNIT}+2024-01-02 03:04:05 UTC", True, number_in),
    "github": Layout(lambda one: f"01-lines-{one.login}", True, number_in),
    "plain": Layout(lambda one: one.login, True, login_in),
    "unit": Layout(lambda one: f"{UNIT}/{one.login}", True, login_in),
    "nbgrader": Layout(lambda one: f"submitted/{one.login}/{UNIT}", True, login_in),
}

letters = st.text(st.characters(categories=["L", "Nd"], exclude_characters="\0/"), min_size=1)
names = st.builds("{} {}".format, letters, letters).map(
    lambda name: name[:15]
)  # a file name has 255 bytes
people = st.lists(
    st.builds(Person, names, st.integers(1, 999_999)),
    min_size=2,
    max_size=5,
    unique_by=lambda one: one.number,
)
# What a student may call a file; `{}` are a classmate's name, number and login.
FILES = [
    f"{UNIT}.ipynb",
    "homework.ipynb",
    "Untitled.ipynb",
    "answer.pdf",
    "x.py",
    "{name}.ipynb",
    f"{{name}}_{{number}}{MOODLE}{UNIT}.ipynb",
    f"{{login}}_{{number}}_9_{UNIT}.ipynb",
    f"Unit_1_{{login}}{WHEN}_{UNIT}.ipynb",
    "submission_metadata.yml",
]
FOLDERS = [
    "homework",
    "{name}",
    "{login}",
    UNIT,
    f"submitted/{{login}}/{UNIT}",
    f"{{name}}_{{number}}{MOODLE}",
    "Submitted files/{name}/Unit 1/Version 2",
    f"{{login}}+{UNIT}+2024-01-02 03:04:05 UTC",
    "01-lines-{login}",
]


ZIPS = [
    "homework.zip",
    f"{UNIT}.zip",
    "{login}.zip",
    f"{{name}}_{{number}}{MOODLE}work.zip",
    f"{{login}}_{{number}}_9_{UNIT}.zip",
]


@st.composite
def classes(draw: st.DrawFn) -> tuple[str, list[Person], dict[str, bytes]]:
    """A layout, the people, and the files by their paths; each holds its owner's number."""
    name = draw(st.sampled_from(sorted(LAYOUTS)))
    layout, found = LAYOUTS[name], draw(people)
    files: dict[str, bytes] = {}
    for person in found:
        place = layout.place(person)
        for _ in range(draw(st.integers(0 if layout.folder else 1, 3))):
            other = draw(st.sampled_from(found))
            claims = {"name": other.name, "number": other.number, "login": other.login}
            own, content = draw(st.sampled_from(FILES)), str(person.number).encode()
            own = own.format(**claims)
            depth = draw(st.integers(0, 2))
            inner = [draw(st.sampled_from(FOLDERS)).format(**claims) for _ in range(depth)]
            if draw(st.booleans()):
                content = zip_of({"/".join([*inner, own]): content})
                own = draw(st.sampled_from(ZIPS)).format(**claims)
            if layout.folder:
                own = "/".join([*inner, own])
            path = f"{place}/{own}" if layout.folder else f"{place}{own}"
            files[path] = content
        if layout.folder:
            files.setdefault(f"{place}/", b"")
    return name, found, files


def as_folder(top: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = top / "class" / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return top / "class"


def as_zip(top: Path, files: Mapping[str, bytes]) -> Path:
    (top / "class.zip").write_bytes(zip_of(files))
    return top / "class.zip"


def owners_of(hand_in: HandIn) -> Iterator[str]:
    """Whose the files of a hand-in really are."""
    archives = Archives()
    for placed in hand_in.files:
        try:
            yield places.read(placed.file, archives).decode()
        except UnreadableError:
            continue
    archives.close()


@pytest.mark.parametrize("write", [as_folder, as_zip])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=classes())
def test_as_many_rows_as_hand_ins_and_nobodys_file_with_somebody_else(
    write: Callable[[Path, Mapping[str, bytes]], Path],
    made: tuple[str, list[Person], dict[str, bytes]],
) -> None:
    name, found, files = made
    layout = LAYOUTS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), files)
        try:
            hand_ins = discover([path], [UNIT]).hand_ins
        except LayoutError:  # most have named their files as another platform would
            hand_ins = discover([path], [UNIT], layout=name.split(",")[0]).hand_ins
        assert len(hand_ins) == len({one.student for one in hand_ins}) == len(found)
        for hand_in in hand_ins:
            assert set(owners_of(hand_in)) <= {layout.shown(hand_in)}
        assert {layout.shown(one) for one in hand_ins} == {str(one.number) for one in found}


def found_in(path: Path) -> list[str]:
    """Everything that discovery says of what was given, less the ending of its own name.

    What is no notebook is left out: a zip names its files in another order.
    """
    try:
        found = discover([path], [UNIT])
    except (LayoutError, UsageError) as error:
        return [str(error).replace("class.zip", "class")]
    archives = Archives()

    def content(file: File) -> bytes | str:
        try:
            return places.read(file, archives)
        except UnreadableError as error:
            return str(error)

    rows = [
        (
            *(one.student, one.unit, one.notes, one.person, one.late, one.again),
            sorted(
                (placed.file.path.replace("class.zip", "class"), str(content(placed.file)))
                for placed in one.files
                if not placed.file.other
            ),
        )
        for one in found.hand_ins
    ]
    archives.close()
    # Names in zips are NFC.
    return [normalize("NFC", str(one)) for one in (*rows, found.layouts, found.passed_over)]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=classes())
def test_a_zip_of_a_class_gives_what_its_folder_gives(
    made: tuple[str, list[Person], dict[str, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        assert found_in(as_zip(top, made[2])) == found_in(as_folder(top, made[2]))
