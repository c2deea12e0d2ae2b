"""The public cases, run in a student's own kernel."""

from __future__ import annotations

import ast
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.course.exercise import Exercise
from autograder.errors import CheckError
from autograder.grading.assessment import Assessment
from autograder.guest.worker import ObservedNamespace
from autograder.results.result import ExerciseResult
from autograder.student.public_cases import PublicCases, PublicOracle, suffix, why_unreadable
from autograder.wire.evidence import Evidence, Failure
from autograder.wire.observation import Observation
from autograder.wire.program import ProgramCell

_read_before: dict[tuple[str, int], PublicCases] = {}


class Checked:
    """The findings of one exercise, shown richly by Jupyter and as text elsewhere."""

    def __init__(self, result: ExerciseResult) -> None:
        self.result = result

    def __repr__(self) -> str:
        from autograder.report.terminal import render

        return render(self.result)

    def _repr_html_(self) -> str:
        from autograder.report.fragment import finding_html

        return finding_html(self.result)


def assess(
    exercise: str, unit: str | None, names: dict[str, Any], shell: Any, folder: Path
) -> Checked:
    """The findings of an exercise on the names of a notebook.

    Args:
        exercise: the exercise's name.
        unit: its unit, where several lie in `folder`.
        names: what the notebook has defined.
        shell: the IPython shell, or None.
        folder: where the public cases lie.

    Raises:
        CheckError: there are no public cases, or no such exercise.
    """
    public, found = _find(exercise, unit, folder)
    run = f"{time.monotonic_ns()}"  # names change between two checks: nothing is kept
    kernel = _Kernel(names, shell)
    inputs = enumerate(map(str, names.get("In", [])))  # IPython's own list, by execution count
    cells = tuple(ProgramCell(number, source, False) for number, source in inputs)
    kernel.cells = unparsed(cells)
    assessment = Assessment(cells, run, PublicOracle(public), kernel, public=True)
    return Checked(assessment.exercises([found])[0])


def unparsed(cells: Sequence[ProgramCell]) -> dict[int, Evidence]:
    """Return how the cells that are no Python ended, by number; how others did nobody recorded."""
    found = {}
    for cell in cells:
        try:
            with warnings.catch_warnings(action="ignore"):
                flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
                compile(cell.source, "<cell>", "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        except SyntaxError as error:
            place = cell.number, error.lineno or 0, (error.text or "").strip()[:200]
            failure = Failure(type(error).__name__, error.msg, *place)
            found[cell.number] = Evidence("raised", None, failure)
    return found


class _Kernel:
    """Observes in the student's own kernel; there is nothing to isolate from."""

    def __init__(self, names: dict[str, Any], shell: Any) -> None:
        numbers = getattr(getattr(shell, "compile", None), "_filename_map", {})
        self._names = ObservedNamespace(names, lambda file_name: numbers.get(file_name, 0))
        self.cells: Mapping[int, Evidence] = {}
        self.patience = 1.0  # nothing is stopped here

    def observe(self, observation: Observation, cpu_seconds: float) -> Evidence:
        from autograder.wire.codec import pack, unpack

        inputs = unpack(pack(dict(observation.inputs)))  # each observation gets arrays of its own
        return self._names.observe(
            observation.source,
            inputs,
            observation.seed,
            observation.forbids,
            float64=observation.float64,
        )


def _find(exercise: str, unit: str | None, folder: Path) -> tuple[PublicCases, Exercise]:
    found, problems = _read_all(folder, unit)
    matches = [
        (path, public, candidate)
        for path, public in found.items()
        for candidate in public.unit.exercises
        if candidate.name == exercise
    ]
    if matches and len({path.read_bytes() for path, _, _ in matches}) == 1:
        return matches[0][1:]  # in several files, as a browser leaves them that downloads twice
    if matches:
        raise CheckError(_ambiguous(exercise, [(path, public) for path, public, _ in matches]))
    if problems or not found:
        raise CheckError(" ".join(problems) or _absent(folder, unit))
    listed = "; ".join(
        f"`{path.name}` has {', '.join(f'`{each.name}`' for each in public.unit.exercises)}"
        for path, public in found.items()
    )
    raise CheckError(
        f"There is no exercise `{exercise}` here: {listed}. If this is another unit's notebook, "
        "put the `.cases` file that came with it into this folder."
    )


def _read_all(folder: Path, unit: str | None) -> tuple[dict[Path, PublicCases], list[str]]:
    """Return the public cases in a folder, of one unit if it is given, and what can't be read."""
    found: dict[Path, PublicCases] = {}
    problems = []
    for path in sorted(folder.glob(f"*{suffix}")):
        try:
            found[path] = _read(path)
        except CheckError as error:
            if unit in (None, path.stem):
                problems.append(str(error))
    if unit is not None:  # a file that bears its name, else one that was renamed
        named = {path: public for path, public in found.items() if path.stem == unit}
        inside = {path: public for path, public in found.items() if public.unit.name == unit}
        found = named or inside
    return found, problems


def _absent(folder: Path, unit: str | None) -> str:
    return (
        f"There is no `{unit or '*'}{suffix}` in {folder}. The public cases come with the "
        "notebook: keep both in one folder, and start Jupyter's kernel there."
    )


def _ambiguous(exercise: str, files: Sequence[tuple[Path, PublicCases]]) -> str:
    names = " and ".join(f"`{path.name}`" for path, _ in files)
    if len({public.unit.name for _, public in files}) == len(files):
        return (
            f"{names} all have the exercise `{exercise}`: say which unit is meant, "
            f'`check("{exercise}", unit="{files[0][1].unit.name}")`.'
        )
    return (
        f"{names} all have the exercise `{exercise}`, are for one unit, and differ: keep the one "
        "that came with this notebook, and move the others to another folder."
    )


def _read(path: Path) -> PublicCases:
    try:
        key = (str(path), path.stat().st_mtime_ns)
        if key not in _read_before:
            content = path.read_bytes()
            public = PublicCases.read(content)
            if public is None:
                raise CheckError(f"`{path.name}` {why_unreadable(content)}")
            _read_before[key] = public
    except OSError as error:
        raise CheckError(
            f"`{path}` can't be read: {error.strerror or error}. Who may read it, and is the disk "
            "that it lies on still there?"
        ) from None
    return _read_before[key]
