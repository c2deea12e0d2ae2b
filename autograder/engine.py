"""Grading a class: durable results, going on where it stopped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.bank import Bank
from autograder.cache import remove_unfinished, versions, write_whole
from autograder.faults import FaultError, UserError
from autograder.findings import Result, share_text
from autograder.grading import grade
from autograder.report import page, record
from autograder.sandbox.pool import Pool
from autograder.slots import Slots
from autograder.submission import Submission

TRIES = 2  # of a submission whose grading failed through the grader's own fault
Attempt = Callable[[Submission, Bank], Result]
_ABANDONED_SECONDS = 3600.0  # after which nobody is still writing a file


class OutputError(UserError):
    """Results can't be written; what was graded before is kept."""


def write_output(path: Path, content: bytes) -> None:
    """Writes a file that a person asked for, whole or not at all.

    Raises:
        OutputError: the disk is full, or the folder can't be written.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise OutputError(f"`{path}` can't be written: {error.strerror}.") from None


@dataclass(frozen=True)
class Outbox:
    """The folder that results are written to, one file each, as soon as they are there."""

    folder: Path

    def open(self) -> None:
        """Makes sure that results can be written.

        Raises:
            OutputError: they can't.
        """
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
        """Writes the record and the student's page.

        Raises:
            OutputError: the disk is full or the folder is gone.
        """
        path = self.record_path(result)
        write_output(path, record.dumps(result).encode())
        write_output(path.with_suffix(".html"), page.student_page(result).encode())

    def earlier(self, submission: Submission, bank: Bank) -> Result | None:
        """The result of the same submission, graded the same way before."""
        probe = Result(submission.student, submission.unit, "graded", 0, 0, path=submission.path)
        try:
            text = self.record_path(probe).read_text(encoding="utf-8")
            result = record.loads(text)
        except (OSError, UnicodeDecodeError, record.RecordError):
            return None
        same = (
            result.submission_hash == submission.hash
            and result.unit_hash == bank.loaded.hash
            and result.seed == bank.seed
            and result.isolation == bank.pool.isolation
            and result.backend == bank.runs_on(submission.program)
            and (result.device != "cpu") == bank.wants_gpu(submission.program)
            and result.versions == dict(versions(result.backend))
            and result.status == "graded"
        )
        return replace(result, path=submission.path, notes=submission.notes) if same else None


def grade_class(
    submissions: Iterable[Submission],
    banks: Callable[[str], Bank],
    outbox: Outbox,
    slots: int,
    fresh: bool = False,
    attempt: Attempt = grade,
    shared: Pool | None = None,
) -> Iterator[tuple[Result, bool]]:
    """Grades submissions on `slots` slots; yields each result once it is safely written.

    `attempt` grades one submission, here or elsewhere.  With `shared`, the banks' pool, slots are
    processes, which are forked now (see `Slots`).  The second of a pair says whether the result was
    there already.  Closing the iterator, or an interrupt, stops after the submissions that are
    being graded.
    """

    def one(submission: Submission) -> tuple[Result, bool]:
        bank = banks(submission.unit)
        earlier = None if fresh else outbox.earlier(submission, bank)
        result = earlier or _graded(submission, bank, attempt)
        try:
            outbox.write(result)
        except OutputError:
            raise
        except Exception as error:  # a result that can't be rendered must not stop the class
            result = _fault(submission, bank, error)
            outbox.write(result)
        return result, earlier is not None

    results = _sharing(Slots(one, slots, shared).results(submissions))
    elsewhere = attempt is not grade
    if elsewhere or not isinstance(submissions, Sequence) or len(submissions) >= slots:
        return results
    return _with_idle_slot(results, {item.unit for item in submissions}, banks)


def _sharing(
    results: Generator[tuple[Result, bool], None, None],
) -> Iterator[tuple[Result, bool]]:
    with contextlib.closing(results):
        for result, earlier in results:
            share_text(result)
            yield result, earlier


def _with_idle_slot(
    results: Iterator[tuple[Result, bool]], units: set[str], banks: Callable[[str], Bank]
) -> Iterator[tuple[Result, bool]]:
    """Lets a slot that has nothing to grade observe references."""
    stopped = threading.Event()

    def observe() -> None:
        with contextlib.suppress(Exception):  # told where the same is asked for
            for unit in units:
                banks(unit).ahead(stopped.is_set)

    thread = threading.Thread(target=observe)
    with contextlib.suppress(RuntimeError):  # the machine gives no thread
        thread.start()
    try:
        yield from results
    finally:
        stopped.set()
        if thread.ident:
            thread.join()


def _graded(submission: Submission, bank: Bank, attempt: Attempt) -> Result:
    """Grades; a result with faults is tried again before it is believed."""
    result = _attempted(submission, bank, attempt)
    for _ in range(TRIES - 1):
        if result.status != "fault":
            break
        result = _attempted(submission, bank, attempt)
    return result


def _attempted(submission: Submission, bank: Bank, attempt: Attempt) -> Result:
    try:
        return attempt(submission, bank)
    except UserError:  # nothing can be graded any more
        raise
    except Exception as error:  # whatever it is, the rest of the class is still graded
        return _fault(submission, bank, error)


def _fault(submission: Submission, bank: Bank, error: Exception) -> Result:
    said = str(error).rstrip(".") or type(error).__name__
    kind = "" if isinstance(error, FaultError) else f"{type(error).__name__}: "
    if isinstance(error, MemoryError):
        kind, said = "", "it ran out of memory"
    problem = f"The grader failed: {kind}{said}. Grade this one again."
    return Result(
        submission.student,
        submission.unit,
        "fault",
        0.0,
        bank.loaded.unit.points,
        problem=problem,
        path=submission.path,
        seed=bank.seed,
        submission_hash=submission.hash,
        unit_hash=bank.loaded.hash,
    )


@contextlib.contextmanager
def banks_for(make: Callable[[str], Bank]) -> Iterator[Callable[[str], Bank]]:
    """Banks by unit, made when first needed and closed in the end."""
    made: dict[str, Bank] = {}
    guard = threading.Lock()

    def bank(unit: str) -> Bank:
        with guard:
            if unit not in made:
                made[unit] = make(unit)
            return made[unit]

    try:
        yield bank
    finally:
        for one in made.values():
            one.close()
