"""The public cases, run in a student's own kernel."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.course.exercise import Exercise
from autograder.errors import CheckError
from autograder.grading.assessment import Assessment
from autograder.guest.worker import ObservedNamespace
from autograder.results.result import ExerciseResult
from autograder.student.public_cases import PublicCases, PublicOracle, suffix
from autograder.wire.evidence import Evidence
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
        from autograder.report.page import finding_html

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
    assessment = Assessment(cells, run, PublicOracle(public), kernel, public=True)
    return Checked(assessment.exercises([found])[0])


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
    pattern = f"{unit or '*'}{suffix}"
    files = sorted(folder.glob(pattern))
    if not files:
        raise CheckError(
            f"There is no `{pattern}` in {folder}. The public cases come with the notebook: keep "
            "both in one folder, and start Jupyter's kernel there."
        )
    known: list[str] = []
    matches = []
    for path in files:
        public = _read(path)
        for candidate in public.unit.exercises:
            known.append(candidate.name)
            if candidate.name == exercise:
                matches.append((public, candidate))
    if len(matches) == 1:
        return matches[0]
    if matches:
        units = ", ".join(f"`{public.unit.name}`" for public, _ in matches)
        raise CheckError(f"{units} all have `{exercise}`: say which, `check(name, unit=…)`.")
    listed = ", ".join(f"`{name}`" for name in known)
    raise CheckError(f"There is no exercise `{exercise}` here. The exercises: {listed}.")


def _read(path: Path) -> PublicCases:
    key = (str(path), path.stat().st_mtime_ns)
    if key not in _read_before:
        public = PublicCases.read(path.read_bytes())
        if public is None:
            raise CheckError(f"`{path.name}` is damaged or of another version: copy it again.")
        _read_before[key] = public
    return _read_before[key]
