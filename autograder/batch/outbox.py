"""The folder that results are written to: one file each, whole, as soon as they are there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.files import PRIVATE, OutputError, remove_unfinished, write_whole
from autograder.grading.fingerprint import versions
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.report import output, page
from autograder.results import record
from autograder.results.result import Result
from autograder.submissions.submission import Problem, Submission

_ABANDONED_SECONDS = 3600.0  # after which nobody is still writing a file


@dataclass(frozen=True)
class Outbox:
    """The folder that results are written to, one file each, as soon as they are there."""

    folder: Path

    def open(self, graded: Iterable[Path] = ()) -> None:
        """Make sure that results can be written, and nowhere but here.

        Args:
            graded: what is to be graded; a link in there may be a student's.

        Raises:
            OutputError: they can't.
        """
        place = self.folder.parent.resolve() / self.folder.name
        inside = [path for path in graded if path.resolve() in place.parents]
        links = [place, *(place.iterdir() if place.is_dir() else ())]
        if inside and any(path.is_symlink() for path in links):
            raise OutputError(
                f"`{self.folder}` lies in `{inside[0]}`, which is to be graded, and is or holds a "
                "link, which may be a student's. Name another folder with `--out DIR`."
            )
        try:
            write_whole(self.folder / ".writable", b"")
            (self.folder / ".writable").unlink()
            remove_unfinished(self.folder, _ABANDONED_SECONDS)
        except OSError as error:
            raise OutputError(
                f"Results can't be written to `{self.folder}`: {error.strerror}. Name another "
                "folder with `--out DIR`, or make this one writable."
            ) from None

    def record_path(self, result: Result) -> Path:
        return self.folder / page.page_path(result, ".json")

    def write(self, result: Result) -> None:
        """Write the record, which names the seed, and the student's page, which is for others.

        Raises:
            OutputError: the disk is full or the folder is gone.
        """
        path = self.record_path(result)
        output.write(path, record.dumps(result), mode=PRIVATE)
        output.write(path.with_suffix(".html"), page.student_page(result))

    def refusal(self, found: Submission | Problem) -> Problem | None:
        """Return why a hand-in may not replace the result that there is, None if it may.

        Otherwise a student could hand in for one unit, say that it is for another, and get a new
        grade there long after its deadline.  Where nothing could be graded, nothing is replaced.
        """
        if not found.claimed or not found.unit:
            return None
        there = self._result(found.student, found.unit)
        if there is None or there.status == "ungradable":
            return None
        if _same_place(there.path, found.path):
            return None
        message = (
            f"Nothing but this hand-in itself says that it is for `{found.unit}`, and a result for "
            f"that unit is there, of `{there.path}`. It stays. To grade this one instead, name the "
            f"unit: `--unit {found.unit}`."
        )
        return Problem(found.student, "", found.path, message)

    def earlier(self, submission: Submission, oracle: ReferenceOracle) -> Result | None:
        """The result of the same submission, graded the same way before."""
        result = self._result(submission.student, submission.unit)
        same = result is not None and (
            result.submission_hash == submission.digest
            and result.unit_hash == oracle.loaded.digest
            and result.seed == oracle.seed
            and result.isolation == oracle.pool.isolation
            and result.backend == oracle.runs_on(submission.program)
            and (result.device != "cpu") == oracle.wants_gpu(submission.program)
            and result.versions == dict(versions(result.backend))
            and result.status == "graded"
        )
        if result is None or not same:
            return None
        return replace(result, path=submission.path, notes=submission.notes)

    def _result(self, student: str, unit: str) -> Result | None:
        """The result of a student for a unit that is there."""
        probe = Result(student, unit, "graded", 0, 0)
        try:
            return record.loads(self.record_path(probe).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, record.RecordError):
            return None


def _same_place(one: str, other: str) -> bool:
    return one == other or Path(one).resolve() == Path(other).resolve()
