"""Grading a class: durable results, going on where it stopped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from autograder.batch.slots import Slots
from autograder.errors import FaultError, UserError
from autograder.files import remove_unfinished, write_whole
from autograder.grading.fingerprint import versions
from autograder.grading.grade import grade, ungradable
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.report import page
from autograder.results import record
from autograder.results.result import Result, share_text
from autograder.sandbox.pool import Pool
from autograder.submissions.identify import HandIn
from autograder.submissions.submission import Problem, Submission

TRIES = 2  # of a submission whose grading failed through the grader's own fault
Attempt = Callable[[Submission, ReferenceOracle], Result]
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
        """Writes the record and the student's page.

        Raises:
            OutputError: the disk is full or the folder is gone.
        """
        path = self.record_path(result)
        write_output(path, record.dumps(result).encode())
        write_output(path.with_suffix(".html"), page.student_page(result).encode())

    def refusal(self, found: Submission | Problem) -> Problem | None:
        """Return why a hand-in may not replace the result that there is, None if it may.

        Otherwise a student could hand in for one unit, say that it is for another, and get a new
        grade there long after its deadline.
        """
        if not found.claimed or not found.unit:
            return None
        there = self._result(found.student, found.unit)
        if there is None or _same_place(there.path, found.path):
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


Item = TypeVar("Item", Submission, HandIn)
Read = tuple[Sequence[Submission], Sequence[Problem]]


def _same_place(one: str, other: str) -> bool:
    return one == other or Path(one).resolve() == Path(other).resolve()


def grade_class(
    items: Iterable[Item],
    oracles: Callable[[str], ReferenceOracle],
    outbox: Outbox,
    slots: int,
    fresh: bool = False,
    attempt: Attempt = grade,
    shared: Pool | None = None,
    read: Callable[[HandIn], Read] | None = None,
    before: Outbox | None = None,
) -> Iterator[tuple[Result, bool]]:
    """Grade submissions on `slots` slots; yield each result once it is safely written.

    Closing the iterator, or an interrupt, stops after the submissions that are being graded.

    Args:
        items: submissions, or hand-ins, which are read in the slots.
        oracles: gives a unit's oracle by its name.
        outbox: where results are written.
        slots: how many submissions are graded at a time.
        fresh: whether to grade again what was graded before.
        attempt: grades one submission, here or elsewhere.
        shared: the oracles' pool if slots are to be processes, which are forked now (see `Slots`).
        read: gives the submissions and problems of one hand-in.
        before: where the results lie that a hand-in's own word may not replace (the outbox).

    Yields:
        A result, and whether it was there already.
    """
    work = _Work(oracles, outbox, fresh, attempt, before or outbox)

    def graded(item: Item) -> list[tuple[Result, bool]]:
        if isinstance(item, Submission):
            return [work.submission(item)]
        return work.hand_in(item, read)

    results = _flat(Slots(graded, slots, shared).results(items))
    elsewhere = attempt is not grade
    if elsewhere or not isinstance(items, Sequence) or len(items) >= slots:
        return results
    return _with_idle_slot(results, {item.unit for item in items if item.unit}, oracles)


@dataclass(frozen=True)
class _Work:
    """What a slot does with one item."""

    oracles: Callable[[str], ReferenceOracle]
    outbox: Outbox
    fresh: bool
    attempt: Attempt
    before: Outbox

    def hand_in(
        self, hand_in: HandIn, read: Callable[[HandIn], Read] | None
    ) -> list[tuple[Result, bool]]:
        """Return the results of what one student handed in."""
        if read is None:
            raise TypeError("Hand-ins must be read.")
        try:
            submissions, problems = read(hand_in)
        except UserError:  # the course's own fault: nothing can be graded
            raise
        except Exception as error:  # whatever it is, the rest of the class is still graded
            return [(self._unread(hand_in, error), False)]
        refused = [self.before.refusal(one) or one for one in problems]
        allowed = []
        for submission in submissions:
            if problem := self.before.refusal(submission):
                refused.append(problem)
            else:
                allowed.append(submission)
        return [(self._ungraded(one, allowed), False) for one in refused] + [
            self.submission(one) for one in allowed
        ]

    def submission(self, submission: Submission) -> tuple[Result, bool]:
        """Return a submission's result, written, and whether it was there already."""
        oracle = self.oracles(submission.unit)
        earlier = None if self.fresh else self.outbox.earlier(submission, oracle)
        result = earlier or _graded(submission, oracle, self.attempt)
        try:
            self.outbox.write(result)
        except OutputError:
            raise
        except Exception as error:  # a result that can't be rendered must not stop the class
            result = _fault(submission, oracle, error)
            self.outbox.write(result)
        return result, earlier is not None

    def _unread(self, hand_in: HandIn, error: Exception) -> Result:
        claimed = not all(placed.decided for placed in hand_in.files)
        path = hand_in.files[0].file.path
        problem = Problem(hand_in.student, hand_in.unit, path, _failed(error), claimed)
        if refused := self.before.refusal(problem):
            return self._ungraded(refused, ())
        result = replace(ungradable(problem, self._points(hand_in.unit)), status="fault")
        self.outbox.write(result)
        return result

    def _points(self, unit: str) -> float:
        return self.oracles(unit).loaded.unit.points if unit else 0.0

    def _ungraded(self, problem: Problem, graded: Sequence[Submission]) -> Result:
        result = ungradable(problem, self._points(problem.unit))
        # A broken file beside a good one of the same student has a row, but no page.
        if (result.student, result.unit) not in {(one.student, one.unit) for one in graded}:
            self.outbox.write(result)
        return result


def _flat(
    results: Generator[list[tuple[Result, bool]], None, None],
) -> Iterator[tuple[Result, bool]]:
    with contextlib.closing(results):
        for of_one in results:
            for result, earlier in of_one:
                share_text(result)
                yield result, earlier


def _with_idle_slot(
    results: Iterator[tuple[Result, bool]],
    units: set[str],
    oracles: Callable[[str], ReferenceOracle],
) -> Iterator[tuple[Result, bool]]:
    """Lets a slot that has nothing to grade observe references."""
    stopped = threading.Event()

    def observe() -> None:
        with contextlib.suppress(Exception):  # told where the same is asked for
            for unit in units:
                oracles(unit).ahead(stopped.is_set)

    thread = threading.Thread(target=observe)
    with contextlib.suppress(RuntimeError):  # the machine gives no thread
        thread.start()
    try:
        yield from results
    finally:
        stopped.set()
        if thread.ident:
            thread.join()


def _graded(submission: Submission, oracle: ReferenceOracle, attempt: Attempt) -> Result:
    """Grades; a result with faults is tried again before it is believed."""
    result = _attempted(submission, oracle, attempt)
    for _ in range(TRIES - 1):
        if result.status != "fault":
            break
        result = _attempted(submission, oracle, attempt)
    return result


def _attempted(submission: Submission, oracle: ReferenceOracle, attempt: Attempt) -> Result:
    try:
        return attempt(submission, oracle)
    except UserError:  # nothing can be graded any more
        raise
    except Exception as error:  # whatever it is, the rest of the class is still graded
        return _fault(submission, oracle, error)


def _fault(submission: Submission, oracle: ReferenceOracle, error: Exception) -> Result:
    return Result(
        submission.student,
        submission.unit,
        "fault",
        0.0,
        oracle.loaded.unit.points,
        problem=_failed(error),
        path=submission.path,
        seed=oracle.seed,
        submission_hash=submission.digest,
        unit_hash=oracle.loaded.digest,
    )


def _failed(error: Exception) -> str:
    """What to say of the grader's own failure."""
    said = str(error).rstrip(".") or type(error).__name__
    kind = "" if isinstance(error, FaultError) else f"{type(error).__name__}: "
    if isinstance(error, MemoryError):
        kind, said = "", "it ran out of memory"
    return f"The grader failed: {kind}{said}. Grade this one again."


@contextlib.contextmanager
def banks_for(make: Callable[[str], ReferenceOracle]) -> Iterator[Callable[[str], ReferenceOracle]]:
    """Banks by unit, made when first needed and closed in the end."""
    made: dict[str, ReferenceOracle] = {}
    guard = threading.Lock()

    def oracle(unit: str) -> ReferenceOracle:
        with guard:
            if unit not in made:
                made[unit] = make(unit)
            return made[unit]

    try:
        yield oracle
    finally:
        for one in made.values():
            one.close()
