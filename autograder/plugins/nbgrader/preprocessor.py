"""What stands in the place of nbgrader's `Execute`: the sandbox."""

from __future__ import annotations

import contextlib
import hashlib
import weakref
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Bool, Enum

from autograder.backends import asked_for
from autograder.batch.grader import Grader
from autograder.batch.outbox import Outbox
from autograder.course.course import Course
from autograder.errors import FaultError, UserError
from autograder.files import private_folder
from autograder.plugins.nbgrader import assert_cells, gradebook, outputs
from autograder.plugins.nbgrader.exporter import ClassReaders, units_of
from autograder.plugins.nbgrader.guarded import not_graded
from autograder.report import phrases
from autograder.results.result import Result
from autograder.sandbox import gpu
from autograder.sandbox.bubblewrap import Isolation
from autograder.sandbox.pool import Pool
from autograder.submissions import places
from autograder.submissions.background import last_cells
from autograder.submissions.notebook_file import UnreadableError
from autograder.submissions.reader import Readers
from autograder.submissions.submission import (
    Submission,
    UnitOutline,
    cells_digest,
    find,
    outline,
    program_cells,
)
from autograder.wire.program import Background


class GradeInSandbox(NbGraderPreprocessor):
    """Writes findings and points into the notebook that nbgrader is autograding.

    No student code runs in this process.  What fails through no fault of the student's leaves the
    submission ungraded.
    """

    isolation: Any = Enum(
        ("namespaces", "none"),
        default_value="namespaces",
        help="`none` runs student code with your rights; every notebook then says so.",
    ).tag(config=True)

    device: Any = Enum(
        ("cpu", "gpu", "auto"),
        default_value="cpu",
        help="Where networks are trained; `auto`: on a GPU if there is one (docs/gpu.md).",
    ).tag(config=True)

    plain_assignments = Bool(
        False,
        help="Whether to grade assignments without `exercises.py`, too, by their own test cells: "
        "one that ends without an error gives all of its points.",
    ).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        names, converter = resources["nbgrader"], self.parent.parent
        try:
            grader = grader_of(converter, self.isolation, self.device)
            if self.plain_assignments and not grader.unit(names):
                assert_cells.run(nb, grader.plain_pool(Execute(config=self.config).timeout))
                return nb, resources
            submission = grader.submission(nb, names, handed_in(converter, names))
            result = grader.result(submission)
        except (UserError, FaultError) as error:
            not_graded(names, str(error), self.log)
        if result.status != "graded":
            why = phrases.problem(result).rstrip(".")
            not_graded(names, f"{why}. No points are lost.", self.log)
        outputs.write(nb, result)
        return nb, resources


class NotebookGrader(Grader):
    """A grader of notebooks that nbgrader has read."""

    def __init__(self, course: Course, readers: Readers | None = None, **options: Any) -> None:
        super().__init__(course, readers=readers or ClassReaders(), **options)
        self.known: dict[tuple[str, str], Result] = {}  # graded ahead, by student and unit
        self._said: dict[tuple[str, str, bytes], tuple[tuple[str, ...], Background]] = {}
        self._plain: Pool | None = None

    @property
    def slots(self) -> int:
        """One, unless more were asked for: nbgrader asks for one submission after the other."""
        return self._jobs or 1

    def plain_pool(self, timeout: float | None) -> Pool:
        """The pool for assignments that are no units, with nbgrader's own timeout for a cell."""
        if self._plain is None:
            own = Pool(self.pool.isolation, assert_cells.limits(timeout))
            self._plain = self._open.enter_context(own)
        return self._plain

    def unit(self, names: Any) -> str:
        """The unit of the course that nbgrader's names mean, "" if none."""
        return gradebook.unit_of(names["assignment"], names["notebook"], units_of(self.course))

    def submission(self, notebook: Any, names: Any, path: Path) -> Submission:
        """What runs of a notebook whose marks are restored, and notes on it as it was handed in."""
        unit = self.unit(names)
        if not unit:
            raise gradebook.no_unit(names["assignment"], names["notebook"], units_of(self.course))
        known = outline(self.oracle(unit).loaded)
        cells = program_cells(notebook, known.grade_cells)
        notes, background = self._said_of(path, known, names["student"])
        return Submission(
            names["student"],
            unit,
            str(path),
            cells,
            notes,
            cells_digest(cells),
            until=last_cells(cells, known.exercises),
            background=background,
        )

    def _said_of(
        self, path: Path, unit: UnitOutline, student: str
    ) -> tuple[tuple[str, ...], Background]:
        """What is said of a notebook as it was handed in, for which the same one is read once."""
        try:
            digest = hashlib.sha256(places.read_file(path)).digest()
        except UnreadableError:
            return (), Background()
        key = (student, unit.name, digest)
        if key not in self._said:
            found, _ = find([path], {unit.name: unit}, unit.name, student, self.readers)
            own = found[0] if found else None
            self._said[key] = (own.notes, own.background) if own else ((), Background())
        return self._said[key]

    def result(self, submission: Submission) -> Result:
        """The result of one submission; kept, so that the same one is not graded twice."""
        known = self.known.get((submission.student, submission.unit))
        return known or next(self.graded([submission]))

    def graded(self, submissions: Iterable[Submission]) -> Generator[Result, None, None]:
        """The results of many, as they come."""
        # Beside the secret seed, which the records hold.
        folder = self.course.root / ".autograder" / "results"
        with contextlib.suppress(OSError):  # told by the next line
            private_folder(folder)
        outbox = Outbox(folder)
        outbox.open()
        for result, _ in self.results(iter(submissions), outbox):
            yield result


_graders: weakref.WeakKeyDictionary[Any, NotebookGrader] = weakref.WeakKeyDictionary()


def grader_of(converter: Any, isolation: Isolation, device: gpu.Device) -> NotebookGrader:
    """The grader that a converter of nbgrader uses for all of its submissions."""
    if converter not in _graders:
        pool = Pool(isolation, backend=asked_for(), gpus=gpu.asked_for(device, 1))
        readers = getattr(converter.exporter, "readers", None)
        course = Course(Path(converter.coursedir.root).resolve())
        lend(converter, NotebookGrader(course, readers, pool=pool))
    return _graders[converter]


def lend(converter: Any, grader: NotebookGrader) -> None:
    """Gives a converter a grader, which ends with it."""
    _graders[converter] = grader
    weakref.finalize(converter, grader.close)


def handed_in(converter: Any, names: Any) -> Path:
    """The notebook as it was handed in."""
    coursedir = converter.coursedir
    folder = coursedir.format_path(
        coursedir.submitted_directory, names["student"], names["assignment"]
    )
    return Path(folder) / f"{names['notebook']}.ipynb"
