"""A course: its units and its secret seed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from autograder.course.unit import LoadedUnit, exercise_files, load_unit
from autograder.errors import UserError
from autograder.files import PRIVATE, private_folder, write_whole

_UNIT_NAME = re.compile(r"\d\d_[a-z0-9_]+")
_NUMBER = re.compile(r"[0-9]{1,9}")
_Made = TypeVar("_Made")


class CourseError(UserError):
    """There is no course, no such unit, or no seed, where one was asked for."""


class Lazy(Mapping[str, _Made]):
    """A mapping whose values are made when they are first asked for."""

    def __init__(self, names: Iterable[str], make: Callable[[str], _Made]) -> None:
        self._names = tuple(names)
        self._make = make
        self._made: dict[str, _Made] = {}

    def __getitem__(self, name: str) -> _Made:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Course:
    """A folder with `solutions/`; generated notebooks are in `assignments/`."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> Course:
        """Return the course that `start` lies in.

        Raises:
            CourseError: No folder from `start` upwards holds `solutions/`.
        """
        for folder in (start.resolve(), *start.resolve().parents):
            if (folder / "solutions").is_dir():
                return cls(folder)
        raise CourseError(
            f"No course here: neither `{start}` nor a folder above it holds `solutions/`. "
            "Run this inside a course, or name one with `--course DIR`."
        )

    @classmethod
    def chosen(cls, named: Path | None, graded: Iterable[Path] = ()) -> Course:
        """Return the course that was named, or else the one of the working directory.

        Its code runs in the grader, so it must not come from what students handed in.

        Args:
            named: A folder of the course, None if none was named.
            graded: The files and folders that are to be graded.

        Raises:
            CourseError: There is none, or it lies in what is graded.
        """
        course = cls.find(named or Path())
        for path in graded:
            place = path.resolve()
            if course.root == place or place in course.root.parents:
                raise CourseError(
                    f"The course `{course.root}` lies in `{path}`, which is to be graded, and may "
                    "be a student's. Keep the two apart, and name the course: `--course DIR`."
                )
            if named is None and place.is_file() and place.parent == course.root:
                raise CourseError(
                    f"`{path}` lies beside a `solutions/`, which may be a student's own. If "
                    f"`{course.root}` is your course, name it: `--course DIR`."
                )
        if named is None and (outer := course.outer):
            raise CourseError(
                f"The course `{course.root}` lies in another one, `{outer}`. Which one is meant? "
                "Name it: `--course DIR`."
            )
        return course

    @property
    def outer(self) -> Path | None:
        """A folder above that is a course with units too, None if there is none."""
        above = [one for one in self.root.parents if (one / "solutions").is_dir()]
        return next((one for one in above if Course(one).unit_names()), None)

    def unit_names(self) -> list[str]:
        """Return the names of the units, in order."""
        return sorted(
            folder.name
            for folder in (self.root / "solutions").iterdir()
            if _UNIT_NAME.fullmatch(folder.name) and exercise_files(folder)
        )

    def unit_name(self, said: str) -> str:
        """Return the name of the unit with this number, or a name as it is.

        Args:
            said: a name, or a number with or without leading zeros.

        Raises:
            CourseError: no unit has this number, or several have it.
        """
        names = self.unit_names()
        if said in names or not _NUMBER.fullmatch(said):
            return said
        found = [name for name in names if int(name[:2]) == int(said)]
        if len(found) > 1:
            raise CourseError(
                f"{len(found)} units of this course have the number {said}: {_listed(found)}. "
                "Name the one that you mean."
            )
        if not found:
            raise CourseError(
                f"There is no unit with the number {said} in this course. Its units: "
                f"{_listed(names)}."
            )
        return found[0]

    def named(self, units: Sequence[str]) -> list[str]:
        """Return the names of units that are named or numbered; of all where none is.

        Raises:
            CourseError: see `unit_name`.
        """
        return [self.unit_name(one) for one in units] or self.unit_names()

    def load(self, name: str) -> LoadedUnit:
        """Read and validate one unit.  This runs the author's exercises, nothing of a student's.

        Raises:
            CourseError: There is no such unit.
            ExerciseError: The unit's sources are wrong; the message says where.
        """
        if name not in (names := self.unit_names()):
            raise CourseError(
                f"There is no unit `{name}` in this course. Its units: {_listed(names)}."
            )
        return load_unit(self.root / "solutions" / name)

    def seed(self) -> str:
        """Return the course's secret seed, made at first use and kept out of version control.

        Raises:
            CourseError: It can't be read or made, or is empty.
        """
        path = self.root / ".autograder" / "seed"
        try:
            private_folder(path.parent)
            if not path.exists():
                _make_seed(path)
            seed = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CourseError(
                f"The seed of the hidden cases, `{path}`, can't be read or made: {error}. Fix "
                "that, or give a seed of your own with `--seed`."
            ) from None
        if not seed:
            raise CourseError(
                f"The seed of the hidden cases, `{path}`, is empty. Put your copy back; if there "
                "is none, delete the file: the next run makes another seed, and other cases."
            )
        return seed

    def secret(self, seed: str | None) -> str:
        """Return what only those know who grade this course: the seeds that they may use.

        Args:
            seed: The one that is used in place of the course's, which then need not be there.

        Raises:
            CourseError: There is none to use.
        """
        own = ""
        if seed is None or (self.root / ".autograder" / "seed").exists():
            try:
                own = self.seed()
            except CourseError:
                if seed is None:
                    raise
        return "\n".join(sorted({own, seed or ""} - {""}))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _make_seed(path: Path) -> None:
    """Write a new seed, whole or not at all; one that another process makes first stays."""
    write_whole(path.parent / ".gitignore", b"*\n")
    made = path.with_name(f".seed-{secrets.token_hex(4)}")
    try:
        write_whole(made, f"{secrets.token_hex(16)}\n".encode(), mode=PRIVATE)
        try:
            path.hardlink_to(made)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            made.replace(path)
    finally:
        made.unlink(missing_ok=True)
