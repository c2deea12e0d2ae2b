"""Grading a class: each result written at once, going on where it stopped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from autograder.batch.outbox import Outbox
from autograder.batch.slots import Slots, Watching
from autograder.errors import FaultError, UserError
from autograder.files import OutputError
from autograder.grading.grade import grade, ungradable
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import NOBODY, Person, Result, share_text
from autograder.sandbox.pool import Pool
from autograder.submissions.identify import HandIn
from autograder.submissions.submission import Problem, Submission

TRIES = 2  # of a submission whose grading failed through the grader's own fault
Attempt = Callable[[Submission, ReferenceOracle], Result]


Item = TypeVar("Item", Submission, HandIn)
Read = tuple[Sequence[Submission], Sequence[Problem]]


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
    watch: Watching | None = None,
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
        watch: is called with how far the grading is.

    Yields:
        A result, and whether it was there already.
    """
    work = _Work(oracles, outbox, fresh, attempt, before or outbox)

    def graded(item: Item) -> list[tuple[Result, bool]]:
        if isinstance(item, Submission):
            return [work.submission(item)]
        return work.hand_in(item, read)

    results = _flat(Slots(graded, slots, shared).results(items, watch))
    elsewhere = attempt is not grade
    if elsewhere or not isinstance(items, Sequence) or len(items) >= slots:
        return results
    return _with_idle_slot(results, {item.unit for item in items if item.unit}, oracles)


@dataclass(frozen=True)
class _Owner:
    """What is known of who handed in, beside the name; what reading adds to the notes it has."""

    person: Person = NOBODY
    late: bool = False
    notes: tuple[str, ...] = ()

    def of(self, result: Result) -> Result:
        """Return a result with its owner."""
        return replace(result, person=self.person, late=self.late)


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
        owner = _Owner(hand_in.person, hand_in.late, hand_in.notes)
        refused = [self.before.refusal(one) or one for one in problems]
        allowed = []
        for submission in submissions:
            if problem := self.before.refusal(submission):
                refused.append(problem)
            else:
                allowed.append(submission)
        return [(self._ungraded(one, allowed, owner), False) for one in refused] + [
            self.submission(one, owner) for one in allowed
        ]

    def submission(
        self, submission: Submission, owner: _Owner | None = None
    ) -> tuple[Result, bool]:
        """Return a submission's result, written, and whether it was there already."""
        owner = owner or _Owner()
        oracle = self.oracles(submission.unit)
        earlier = None if self.fresh else self.outbox.earlier(submission, oracle)
        result = owner.of(earlier or _graded(submission, oracle, self.attempt))
        try:
            self.outbox.write(result)
        except OutputError:
            raise
        except Exception as error:  # a result that can't be rendered must not stop the class
            result = owner.of(_fault(submission, oracle, error))
            self.outbox.write(result)
        return result, earlier is not None

    def _unread(self, hand_in: HandIn, error: Exception) -> Result:
        claimed = not all(placed.decided for placed in hand_in.files)
        path = hand_in.files[0].file.path
        problem = Problem(hand_in.student, hand_in.unit, path, _failed(error), claimed)
        owner = _Owner(hand_in.person, hand_in.late, hand_in.notes)
        if refused := self.before.refusal(problem):
            return self._ungraded(refused, (), owner)
        result = ungradable(problem, self._points(hand_in.unit))
        result = owner.of(replace(result, status="fault"))
        self.outbox.write(result)
        return result

    def _points(self, unit: str) -> float:
        return self.oracles(unit).loaded.unit.points if unit else 0.0

    def _ungraded(self, problem: Problem, graded: Sequence[Submission], owner: _Owner) -> Result:
        result = ungradable(problem, self._points(problem.unit))
        result = owner.of(replace(result, notes=owner.notes))
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
def oracles_by_unit(
    make: Callable[[str], ReferenceOracle],
) -> Iterator[Callable[[str], ReferenceOracle]]:
    """Give the oracle of a unit by its name, made when first needed and closed in the end."""
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
