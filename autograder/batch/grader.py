"""Grading from a program: `Grader` opens a course and grades what was handed in.

    from autograder import Grader

    with Grader("~/deep_learning") as grader:
        for result in grader.grade("submissions/", unit="03_optimizers"):
            print(result.student, result.points, "of", result.max_points)

The command `autograder`, nbgrader's plugin and this are the same grading.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from autograder.batch.intake import Intake, with_roster
from autograder.batch.outbox import Outbox
from autograder.batch.run import Attempt, Item, Read, grade_class, oracles_by_unit
from autograder.batch.slots import Watching
from autograder.course.course import Course, Lazy
from autograder.course.unit import LoadedUnit
from autograder.grading import prepared
from autograder.grading.cache import EvidenceCache, evidence_cache
from autograder.grading.grade import grade as grade_here
from autograder.grading.prepared import Prepared
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import Result
from autograder.sandbox.machine import this_machine
from autograder.sandbox.pool import Pool
from autograder.submissions.identify import HandIn, discover
from autograder.submissions.reader import Readers
from autograder.submissions.submission import Submission, UnitOutline, outline, read

_LOG = logging.getLogger(__name__)

# Submissions for each slot, from which on slots are processes.  With two of them a class of 4 took
# 1.8 s either way, a class of 8 2.0 s instead of 2.1.
MIN_PER_SLOT = 2


class Engine(AbstractContextManager["Engine"], Protocol):
    """What grades submissions elsewhere, a `batch.cluster.Cluster` say."""

    @property
    def on_gpu(self) -> bool:
        """Whether networks are trained on GPUs."""

    @property
    def in_flight(self) -> int:
        """How many submissions are handed over before the first result is there."""

    def grading(self, course: Course, keep_evidence: bool) -> Attempt:
        """Return what grades one submission of a course."""


class Grader:
    """What grading needs of one course, kept warm until it is closed."""

    def __init__(
        self,
        course: Course | Path | str,
        *,
        seed: str | None = None,
        jobs: int | None = None,
        keep_evidence: bool = True,
        fresh: bool = False,
        pool: Pool | None = None,
        readers: Readers | None = None,
        engine: Engine | None = None,
    ) -> None:
        """Open a course.

        Args:
            course: the course, or a folder in it.
            seed: what the hidden cases are drawn from (the course's secret seed).
            jobs: how many submissions are graded at a time (as many as the machine has cores).
            keep_evidence: whether evidence is kept between runs.
            fresh: whether to grade again what was graded before.
            pool: the sandbox's processes; closed with the grader.
            readers: the processes that read hand-ins; closed with the grader.
            engine: what grades submissions elsewhere; closed with the grader.

        Raises:
            CourseError: there is no course.
        """
        self.course = (
            course if isinstance(course, Course) else Course.find(Path(course).expanduser())
        )
        self.fresh = fresh
        self._seed = seed
        self._jobs = jobs
        self._open = ExitStack()
        self.pool = self._open.enter_context(pool or Pool())
        self.readers = self._open.enter_context(readers or Readers())
        self._keep_evidence = keep_evidence
        self._engine = engine
        self._attempt: Attempt = grade_here
        if engine is not None:
            self._attempt = self._open.enter_context(engine).grading(self.course, keep_evidence)
        self.oracle = self._open.enter_context(oracles_by_unit(self._oracle))

    @cached_property
    def seed(self) -> str:
        """What the hidden cases are drawn from."""
        return self._seed or self.course.seed()

    @cached_property
    def _cache(self) -> EvidenceCache:
        """What is kept, opened where the first oracle needs it: it may make the course's seed."""
        secret = self.course.secret(self._seed) if self._keep_evidence else ""
        cache = evidence_cache(self._keep_evidence, secret)
        self._open.callback(cache.warn_of_refused)
        return cache

    @cached_property
    def units(self) -> Mapping[str, LoadedUnit]:
        """The course's units by name, each loaded when it is asked for."""
        return Lazy(self.course.unit_names(), self.course.load)

    @cached_property
    def _outlines(self) -> Mapping[str, UnitOutline]:
        """What reading hand-ins needs to know of the units, made once for all of them."""
        return Lazy(self.units, lambda name: outline(self.units[name]))

    @cached_property
    def _prepared(self) -> Mapping[str, Prepared | None]:
        """The evidence that was prepared for units, each read when it is asked for."""
        return Lazy(self.units, self._read_prepared)

    @property
    def slots(self) -> int:
        """How many submissions are graded at a time."""
        if self._jobs:
            return self._jobs
        if self._engine is not None:
            return self._engine.in_flight
        return self.pool.gpus.slots if self.pool.gpus else this_machine().cores

    def grade(
        self,
        *paths: Path | str,
        unit: str | None = None,
        student: str | None = None,
        out: Path | str | None = None,
    ) -> list[Result]:
        """Grade what lies at paths and return the results, by student and unit.

        Args:
            paths: notebooks, folders, zips, or nbgrader's `submitted/<student>/<unit>/`.
            unit: the unit that all of it is for, by name or number, whatever it says itself.
            student: who handed in all of it.
            out: a folder for records and pages; none are kept without one.

        Raises:
            UserError: a path or the unit does not exist, or `out` can't be written.
        """
        found = self.hand_ins([Path(path) for path in paths], unit, student)
        with tempfile.TemporaryDirectory(prefix="autograder-") as nowhere:
            outbox = Outbox(Path(out or nowhere))
            outbox.open()
            results = [result for result, _ in self.results(found, outbox)]
        return sorted(results, key=lambda result: (result.student, result.unit))

    def grade_one(self, submission: Submission) -> Result:
        """Grade a submission that has been read, and keep nothing of it.

        Raises:
            FaultError: the grader failed, or another exception that it failed with.
        """
        result = self._attempt(submission, self.oracle(submission.unit))
        self._cache.warn_of_refused()
        return result

    def hand_ins(
        self, paths: Sequence[Path], unit: str | None = None, student: str | None = None
    ) -> list[HandIn]:
        """Find what was handed in at paths; see `intake`."""
        return list(self.intake(paths, unit, student).hand_ins)

    def intake(
        self,
        paths: Sequence[Path],
        unit: str | None = None,
        student: str | None = None,
        layout: str | None = None,
        roster: Path | None = None,
        out: Path | None = None,
    ) -> Intake:
        """Find what was handed in at paths, and whose it is.

        Args:
            paths: as `grade` takes them.
            unit: what all of it is for, by name or number, whatever it says itself.
            student: who handed in all of it.
            layout: which platform named the hand-ins (the one that the names show).
            roster: a CSV file of the people of the course.
            out: a folder for results, which is none of what was handed in.

        Raises:
            UserError: a path, the unit or the layout does not exist, there is no hand-in, or the
                roster is none.
        """
        name = None if unit is None else self.course.unit_name(unit)
        found = discover(paths, list(self.units), name, student, layout, out)
        return with_roster(found, roster)

    def results(
        self,
        items: Iterable[Item],
        outbox: Outbox,
        before: Outbox | None = None,
        watch: Watching | None = None,
    ) -> Iterator[tuple[Result, bool]]:
        """Grade hand-ins or submissions; see `run.grade_class` for what is yielded.

        Args:
            items: of one kind.
            outbox: where results are written.
            before: where earlier results lie, if not there.
            watch: is called with how far the grading is.
        """
        shared = None
        if isinstance(items, Sequence):
            for name in sorted({item.unit for item in items} - {""}):
                self.units[name]  # here, once, where slots are forked from this process
                if self._engine is None:
                    self._prepared[name]
            # What one process has observed of the unit's own programs the others find on disk,
            # and who has which share of a GPU only one process knows.
            local = self._engine is None and self._cache.lasting and not self.pool.gpus
            shared = self.pool if local and len(items) >= MIN_PER_SLOT * self.slots else None
        return grade_class(
            items,
            self.oracle,
            outbox,
            self.slots,
            self.fresh,
            self._attempt,
            shared,
            read=self._read,
            before=before,
            watch=watch,
        )

    def close(self) -> None:
        """End the processes."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _oracle(self, unit: str) -> ReferenceOracle:
        on_gpu = None if self._engine is None else self._engine.on_gpu
        return ReferenceOracle(
            self.units[unit], self.seed, self.pool, self._cache, on_gpu, self._prepared[unit]
        )

    def _read_prepared(self, unit: str) -> Prepared | None:
        """Return the evidence that was prepared for a unit; say so where it can't be used."""
        loaded = self.units[unit]
        path = prepared.path_of(self.course.root, unit)
        bound = prepared.binding(loaded.digest, self.seed, loaded.unit.backend(self.pool.backend))
        try:
            return Prepared.read(path, self.seed, bound)
        except prepared.UnfitError as error:
            _LOG.warning("%s Until then grading computes it, which takes longer.", error)
        except FileNotFoundError:
            pass
        return None

    def _read(self, hand_in: HandIn) -> Read:
        return read(hand_in, self._outlines, self.readers)
