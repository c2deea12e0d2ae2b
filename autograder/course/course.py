"""A course: its units, the programs of each, its secret seed."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import re
import secrets
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from autograder.course.exercise import Alternative, Case, Check, Exercise, ExerciseError, Unit
from autograder.course.notebook import Cell, read_script
from autograder.errors import UserError
from autograder.files import write_whole
from autograder.wire.program import Program

PUBLIC_SEED = "public"
_UNIT_NAME = re.compile(r"\d\d_[a-z0-9_]+")
_NUMBER = re.compile(r"[0-9]{1,9}")
_Made = TypeVar("_Made")


class CourseError(UserError):
    """There is no course, or no such unit, where one was asked for."""


class Lazy(Mapping[str, _Made]):
    """A mapping whose values are made when they are asked for, and then kept."""

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
class LoadedUnit:
    """A unit with its sources read: what authors wrote, checked."""

    unit: Unit
    cells: tuple[Cell, ...]
    folder: Path

    @property
    def name(self) -> str:
        return self.unit.name

    @cached_property
    def digest(self) -> str:
        """sha256 of the unit's sources."""
        found = hashlib.sha256()
        for path in (self.folder / "notebook.py", *exercise_files(self.folder)):
            found.update(path.relative_to(self.folder).as_posix().encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
        return found.hexdigest()

    @cached_property
    def reference(self) -> Program:
        """The reference solution; experiments don't run when grading."""
        return self._program(None, "")

    def alternative(self, exercise: Exercise, alternative: Alternative) -> Program:
        """The reference with one edit in the exercise's cell.

        Raises:
            ExerciseError: an edit's text does not occur exactly once.
        """
        source = self.solution_cell(exercise.name).source
        edit = alternative.edit
        if isinstance(edit, Mapping):
            for old, new in edit.items():
                if source.count(old) != 1:
                    raise ExerciseError(
                        f"{self.name}: `{alternative.name}` of `{exercise.name}` edits {old!r}, "
                        f"which occurs {source.count(old)} times in the reference; it must occur "
                        "once. Quote more of the line, or follow the reference's change."
                    )
                source = source.replace(old, new)
        else:
            source = _with_definition(source, exercise.name, edit)
        return self._program(exercise.name, source)

    def solution_cell(self, name: str) -> Cell:
        """The one cell that defines the exercise `name`."""
        found = [cell for cell in self._code_cells if _defines(cell.source, name)]
        if len(found) != 1:
            raise ExerciseError(
                f"{self.name}: `{name}` is defined by {len(found)} cells of notebook.py; one is "
                "expected."
            )
        return found[0]

    def validate(self) -> None:
        """Raises ExerciseError where the unit's sources don't fit together."""
        self.unit.validate()
        for exercise in self.unit.exercises:
            for alternative in exercise.variants + exercise.equivalents:
                self.alternative(exercise, alternative)

    @property
    def _code_cells(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    def _program(self, exercise: str | None, source: str) -> Program:
        changed = self.solution_cell(exercise) if exercise else None
        return Program(
            tuple(
                (number, source if cell is changed else cell.source)
                for number, cell in enumerate(self._code_cells, 1)
                if "experiment" not in cell.tags
            )
        )


@dataclass(frozen=True)
class Course:
    """A folder with `solutions/`; generated notebooks stand in `assignments/`."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> Course:
        """The course that `start` lies in.

        Raises:
            CourseError: no folder from `start` upwards holds `solutions/`.
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
        """The course that was named, or else the one of the working directory.

        Its code runs in the grader, so it may not come from what students handed in.

        Args:
            named: a folder of the course, None where none was named.
            graded: the files and folders that are to be graded.

        Raises:
            CourseError: there is none, or it lies in what is graded.
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
        """A folder above that is a course with units as well."""
        above = [one for one in self.root.parents if (one / "solutions").is_dir()]
        return next((one for one in above if Course(one).unit_names()), None)

    def unit_names(self) -> list[str]:
        """The names of the units, in order."""
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
        """Read and validate one unit.  Runs the author's exercises, nothing of a student's.

        Raises:
            CourseError: no such unit.
            ExerciseError: the unit's sources are wrong; the message says where.
        """
        if name not in (names := self.unit_names()):
            raise CourseError(
                f"There is no unit `{name}` in this course. Its units: {_listed(names)}."
            )
        folder = self.root / "solutions" / name
        unit = _unit_of(folder)
        if unit.name != name:
            raise ExerciseError(f"The exercises in {folder} declare the unit {unit.name!r}.")
        loaded = LoadedUnit(unit, read_script(folder / "notebook.py"), folder)
        loaded.validate()
        return loaded

    def seed(self) -> str:
        """The course's secret seed, made at first use and kept out of version control.

        Raises:
            CourseError: it can't be read or made, or is empty.
        """
        path = self.root / ".autograder" / "seed"
        try:
            if not path.exists():
                _make_seed(path)
            seed = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CourseError(
                f"The seed of the hidden cases, `{path}`, can't be read or made: {error}. Mend "
                "that, or give a seed of your own with `--seed`."
            ) from None
        if not seed:
            raise CourseError(
                f"The seed of the hidden cases, `{path}`, is empty. Put your copy back; if there "
                "is none, delete the file: the next run makes another seed, and other cases."
            )
        return seed


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def draw(check: Check, seed: str, unit: str, exercise: str, attempt: int = 0) -> tuple[Case, ...]:
    """Return the cases of one check for one seed; independent of every other observation's."""
    drawn_from = case_seed(seed, unit, exercise, check.drawn_as, attempt)
    return check.draw(np.random.default_rng(drawn_from))


def case_seed(*parts: object) -> int:
    """A 128-bit number from names: stable across runs, machines and versions."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def _make_seed(path: Path) -> None:
    """Writes a new seed, whole or not at all; one that another process makes first stays."""
    path.parent.mkdir(exist_ok=True)
    write_whole(path.parent / ".gitignore", b"*\n")
    made = path.with_name(f".seed-{secrets.token_hex(4)}")
    try:
        write_whole(made, f"{secrets.token_hex(16)}\n".encode(), mode=0o600)
        try:
            path.hardlink_to(made)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def exercise_files(folder: Path) -> list[Path]:
    """Return the sources of a unit's exercises, the one that is loaded first; none if no unit.

    A unit's exercises are a module, `exercises.py`, or a package, `exercises/`.
    """
    module, package = folder / "exercises.py", folder / "exercises" / "__init__.py"
    if package.is_file():
        rest = (path for path in package.parent.rglob("*.py") if path != package)
        return [package, *sorted(rest)]
    return [module] if module.is_file() else []


def _unit_of(folder: Path) -> Unit:
    """Return the unit that a folder's exercises declare."""
    files = exercise_files(folder)
    if len(files) > 1 and (folder / "exercises.py").exists():
        raise ExerciseError(f"{folder} holds `exercises.py` and `exercises/`: delete one of them.")
    path = files[0]
    name = f"autograder_course_{folder.name}"
    inside = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=inside)
    if spec is None or spec.loader is None:
        raise ExerciseError(f"{path} can't be imported.")
    # Another course's unit of that name, or this one as it was before.
    for old in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        del sys.modules[old]
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # inspect.getsource looks there
    try:
        spec.loader.exec_module(module)
    except ExerciseError:
        raise
    except Exception as error:
        where, line = _place_of(error, files)
        raise ExerciseError(f"{where}, line {line}: {type(error).__name__}: {error}") from error
    unit = getattr(module, "unit", None)
    if not isinstance(unit, Unit):
        raise ExerciseError(f'{path} must define `unit = Unit("{folder.name}")`.')
    return unit


def _place_of(error: Exception, files: Sequence[Path]) -> tuple[Path, int]:
    """Return the author's file and line that an error came from."""
    if isinstance(error, SyntaxError):
        return Path(error.filename or files[0]), error.lineno or 0
    known = {str(path): path for path in files}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in known]
    return (known[frames[-1].filename], frames[-1].lineno or 0) if frames else (files[0], 0)


def _defines(source: str, name: str) -> bool:
    return re.search(rf"^(?:async )?(?:def|class) {re.escape(name)}\b", source, re.M) is not None


def _with_definition(source: str, name: str, definition: Callable[..., Any] | type) -> str:
    """`source` with the top-level definition of `name` replaced by another one, renamed."""
    tree = ast.parse(source)
    old = next(
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name
    )
    new = ast.parse(textwrap.dedent(inspect.getsource(definition))).body[0]
    if not isinstance(new, (ast.FunctionDef, ast.ClassDef)):
        raise ExerciseError(f"An alternative of `{name}` must be a plain function or class.")
    new.name = name
    new.decorator_list = []
    if ast.get_docstring(new, clean=False) is not None:  # it may say what is wrong with it
        new.body = new.body[1:] or [ast.Pass()]
    if isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef) and not new.bases:
        new.bases = old.bases  # the author's process need not import a framework to name them
    lines = source.splitlines()
    return "\n".join(
        [*lines[: old.lineno - 1], *ast.unparse(new).splitlines(), *lines[old.end_lineno :], ""]
    )
