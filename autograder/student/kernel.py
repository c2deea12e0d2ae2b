"""The public cases, run in a student's own kernel."""

from __future__ import annotations

import random
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course.exercise import Exercise
from autograder.errors import CheckError
from autograder.grading.assessment import Assessment
from autograder.guest.worker import ObservedNamespace
from autograder.results.result import ExerciseResult, Finding
from autograder.student import history, saved
from autograder.student.diagnosis import Diagnosis
from autograder.student.progress import AtWork, at_work
from autograder.student.public_cases import PublicCases, PublicOracle, suffix, why_unreadable
from autograder.wire.evidence import Evidence, Failure
from autograder.wire.observation import Observation
from autograder.wire.program import ProgramCell

_read_before: dict[tuple[str, int], PublicCases] = {}


class Checked:
    """The findings of one exercise, shown richly by Jupyter and as text elsewhere.

    `notes` say what to know of the kernel before the findings are read.
    """

    def __init__(self, result: ExerciseResult, notes: Sequence[str] = ()) -> None:
        self.result = result
        self.notes = tuple(notes)

    def __repr__(self) -> str:
        from autograder.report.terminal import WIDTH

        return self.text(min(WIDTH, shutil.get_terminal_size((WIDTH, 0)).columns))

    def _repr_html_(self) -> str:
        from autograder.report.fragment import finding_html

        return finding_html(self.result, self.notes)

    def text(self, width: int) -> str:
        """Return notes and findings as lines of at most `width` characters, code aside."""
        from autograder.report.terminal import render

        return render(self.result, width=width, notes=self.notes)


def assess(
    exercise: str,
    unit: str | None,
    names: dict[str, Any],
    shell: Any,
    folder: Path,
    quiet: bool = False,
) -> Checked:
    """Return the findings of an exercise on the names of a notebook.

    Args:
        exercise: the exercise's name.
        unit: its unit, where several lie in one folder.
        names: what the notebook has defined.
        shell: the IPython shell, or None.
        folder: the kernel's; public cases lie there or beside the notebook.
        quiet: nothing is shown of a check that takes long, and the file of the notebook is not
            looked at: nbgrader has just run it from top to bottom.

    Raises:
        CheckError: there are no public cases, or no such exercise.
        KeyboardInterrupt: the student stopped it; nothing of it is left.
    """
    notebook = None if quiet else saved.notebook_path(names)
    public, found = _find(exercise, unit, folder, notebook)
    kernel = _Kernel(names, shell, found)
    run = f"{time.monotonic_ns()}"  # names change between two checks: nothing is kept
    inputs = enumerate(map(str, names.get("In", [])))  # IPython's own list, by execution count
    cells = tuple(ProgramCell(number, source, False) for number, source in inputs)
    assessment = Assessment(cells, run, PublicOracle(public), kernel, public=True)
    with nullcontext() if quiet else at_work(exercise, len(found.checks), shell) as shown:
        kernel.shown = shown
        with undisturbed():
            result = assessment.exercises([found])[0]
    if shell is None:
        return Checked(result)
    past = history.watch(shell)
    file = saved.read(notebook) if notebook else None
    return _diagnosed(result, kernel, Diagnosis(names, past.runs(), file, past.number_of))


def _diagnosed(result: ExerciseResult, kernel: _Kernel, diagnosis: Diagnosis) -> Checked:
    """Say of each finding on a name that is not there why it is not."""
    findings = tuple(
        _explained(finding, kernel.failures.get(finding.check), diagnosis)
        for finding in result.findings
    )
    is_right = all(finding.verdict == "passed" for finding in findings)
    is_there = result.exercise in diagnosis.names
    notes = diagnosis.notes(result.exercise, is_right) if is_there else []
    return Checked(replace(result, findings=findings), notes)


def _explained(finding: Finding, failure: Failure | None, diagnosis: Diagnosis) -> Finding:
    if failure is None:
        return finding
    if finding.verdict == "missing" and failure.message.isidentifier():
        seen, expected, advice = diagnosis.absent(failure.message)
        return replace(finding, seen=seen, expected=expected, advice=advice)
    unknown = re.match(r"name '(\w+)' is not defined", failure.message)
    if finding.verdict == "raised" and failure.type_name == "NameError" and unknown:
        if message := diagnosis.unknown(unknown[1]):
            return replace(finding, advice=message.advice)
    return finding


@contextmanager
def undisturbed() -> Iterator[None]:
    """Leave the process as it was, however a check ends: the stop button may come at any time."""
    streams = sys.stdout, sys.stderr
    profiles = sys.getprofile(), threading.getprofile()
    drawn = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        sys.setprofile(profiles[0])
        threading.setprofile(profiles[1])
        random.setstate(drawn[0])
        np.random.set_state(drawn[1])


class _Kernel:
    """Observes in the student's own kernel; there is nothing to isolate from.

    `failures` has the first failure of each check, by its name.
    """

    def __init__(self, names: dict[str, Any], shell: Any, exercise: Exercise) -> None:
        numbers = getattr(getattr(shell, "compile", None), "_filename_map", {})
        self._names = ObservedNamespace(names, lambda file_name: numbers.get(file_name, 0))
        self._exercise = exercise
        self.cells: Mapping[int, Evidence] = {}
        self.patience = 1.0  # nothing is stopped here
        self.failures: dict[str, Failure] = {}
        self.shown: AtWork | None = None

    def observe(self, observation: Observation, cpu_seconds: float) -> Evidence:
        from autograder.wire.codec import pack, unpack

        asking = [
            (number, check.name)
            for number, check in enumerate(self._exercise.checks, 1)
            if check.source == observation.source
        ]
        if self.shown is not None and asking:
            self.shown.check = asking[0][0]
        inputs = unpack(pack(dict(observation.inputs)))  # each observation gets arrays of its own
        evidence = self._names.observe(
            observation.source,
            inputs,
            observation.seed,
            observation.forbids,
            float64=observation.float64,
        )
        if evidence.failure is not None:
            if evidence.failure.type_name == "KeyboardInterrupt":
                raise KeyboardInterrupt  # in a sandbox it is the student's code that raises it
            for _, name in asking:
                self.failures.setdefault(name, evidence.failure)
        return evidence


def _find(
    exercise: str, unit: str | None, here: Path, notebook: Path | None
) -> tuple[PublicCases, Exercise]:
    found, problems = _read_all(saved.cases_folder(notebook, f"*{suffix}", here), unit)
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
        raise CheckError(" ".join(problems) or _absent(f"{unit or '*'}{suffix}", here, notebook))
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


def _absent(pattern: str, here: Path, notebook: Path | None) -> str:
    """Say that there are no public cases, and where some lie."""
    folders = [here, *([notebook.parent] if notebook and notebook.parent != here else [])]
    looked = " nor in ".join(map(str, folders))
    said = f"There is no `{pattern}` in {looked}. "
    if notebook is not None and (near := saved.cases_nearby(folders, pattern)):
        listed = ", ".join(f"`{path}`" for path in near[:5])
        return (
            f"{said}The notebook is saved as `{notebook}`; public cases lie elsewhere: {listed}. "
            "Move the notebook back beside its own, or copy that file beside the notebook."
        )
    return (
        f"{said}The public cases come with the notebook: keep both in one folder, and start "
        "Jupyter's kernel there."
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
