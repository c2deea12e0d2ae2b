"""Grading again after a course was changed: differences first, then, if wanted, the new results.

Only what changed is observed again: evidence is kept by what ran on which cases, so a check that
is as it was costs nothing, whatever happened to its points, its judge or its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.batch import reports
from autograder.batch.grader import Grader
from autograder.batch.outbox import Outbox
from autograder.batch.slots import Watching
from autograder.report import differences, output
from autograder.report.differences import Difference
from autograder.results.result import Result
from autograder.submissions.identify import HandIn


class Earlier:
    """What grading wrote into a folder before, and what grading it again writes beside it."""

    def __init__(self, folder: Path) -> None:
        """Read the results.

        Raises:
            NoResultsError: there is none that can be read.
        """
        self.results, self._unreadable = reports.read(folder)
        self.again = Outbox(folder / ".regraded")
        self._outbox = Outbox(folder)

    def doubts(self, grader: Grader) -> Iterator[str]:
        """Yield why results that a grader gives may differ from these, or have none beside them."""
        yield from self._unreadable
        yield from reports.doubts(self.results, grader.course.unit_names(), grader.seed)

    def graded_again(
        self, grader: Grader, found: Sequence[HandIn], watch: Watching | None = None
    ) -> Iterator[tuple[Result, bool]]:
        """Grade hand-ins; see `Grader.results`.  The earlier results stay as they are."""
        return grader.results(found, self.again, before=self._outbox, watch=watch)


@dataclass(frozen=True)
class Regraded:
    """What grading again gave, beside what there was."""

    before: list[Result]
    after: list[Result]

    @property
    def differences(self) -> list[Difference]:
        return differences.between(self.before, self.after)

    @property
    def other_backends(self) -> list[str]:
        """Units graded on another backend than before, and on which: that alone may differ."""
        earlier = {(one.unit, one.student): one for one in self.before if one.status == "graded"}
        pairs = [(earlier.get((one.unit, one.student)), one) for one in self.after]
        moved = {
            f"{new.unit} ({old.backend}, now {new.backend})"
            for old, new in pairs
            if old is not None and new.status == "graded" and old.backend != new.backend
        }
        return sorted(moved)

    def write_differences(self, folder: Path) -> None:
        """Writes `differences.md` and `differences.csv`; no result is touched.

        Raises:
            OutputError: the folder can't be written.
        """
        found = self.differences
        output.write(folder / "differences.md", differences.markdown(found))
        table = differences.table_csv(found)
        output.write(folder / "differences.csv", table, encoding=reports.EXCEL)

    def apply(self, outbox: Outbox, formats: Sequence[str]) -> None:
        """Writes the new results over the old ones, and the reports on the whole class.

        A result that the grader failed to get leaves the old one in place.

        Raises:
            OutputError: the folder can't be written.
        """
        new = {(one.unit, one.student): one for one in self.after if one.status != "fault"}
        for result in new.values():
            outbox.write(result)
        kept = [one for one in self.before if (one.unit, one.student) not in new]
        reports.write([*new.values(), *kept], outbox.folder, formats, kept=reports.OUTBOX)
