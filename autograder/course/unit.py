"""A unit with its sources: the programs that they make, and where they don't fit together."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.course.exercise import Alternative, Exercise, ExerciseError, Unit
from autograder.course.notebook import Cell, read_script
from autograder.wire.program import Program, definition_of


@dataclass(frozen=True)
class LoadedUnit:
    """A unit and its sources: what authors declared, and the cells of its notebook."""

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
            text = path.read_bytes().replace(b"\r\n", b"\n")  # Git writes such lines on Windows
            found.update(hashlib.sha256(text).digest())
        return found.hexdigest()

    @cached_property
    def reference(self) -> Program:
        """The reference solution, without experiments: these don't run when grading."""
        return self._program(None, "")

    def alternative(self, exercise: Exercise, alternative: Alternative) -> Program:
        """Return the reference with an edit in the exercise's cell.

        Raises:
            ExerciseError: An edit's text does not occur exactly once.
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
        """Return the one cell that defines the exercise `name`.

        Raises:
            ExerciseError: None does, or several do.
        """
        defines = definition_of(name)
        found = [cell for cell in self._code_cells if defines.search(cell.source)]
        if len(found) != 1:
            raise ExerciseError(
                f"{self.name}: `{name}` is defined by {len(found)} cells of notebook.py; one is "
                "expected."
            )
        return found[0]

    def validate(self) -> None:
        """Check that the unit's sources fit together.

        Raises:
            ExerciseError: They don't; the message says where.
        """
        self.unit.validate()
        for exercise in self.unit.exercises:
            for alternative in exercise.variants + exercise.equivalents + exercise.shortcuts:
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


def load_unit(folder: Path) -> LoadedUnit:
    """Read and validate the unit in a folder, which is named as it is.

    Raises:
        ExerciseError: Its sources are wrong; the message says where.
    """
    unit = _unit_of(folder)
    if unit.name != folder.name:
        raise ExerciseError(f"The exercises in {folder} declare the unit {unit.name!r}.")
    loaded = LoadedUnit(unit, read_script(folder / "notebook.py"), folder)
    loaded.validate()
    return loaded


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


def _with_definition(source: str, name: str, definition: Callable[..., Any] | type) -> str:
    """Return `source` with the top-level definition of `name` replaced by another, renamed."""
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
