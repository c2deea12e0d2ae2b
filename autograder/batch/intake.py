"""What a class handed in, and what there is to say of it before and beside the grading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.results.result import ABSENT, Person, Result
from autograder.submissions import roster as rosters
from autograder.submissions.identify import Found, HandIn
from autograder.submissions.layouts import PLAIN
from autograder.submissions.names import several

_MANY = 20  # names that one line of a terminal may hold


@dataclass(frozen=True)
class Intake:
    """The hand-ins of a class; with a roster, who handed in nothing and who isn't known."""

    found: Found
    absent: tuple[Person, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def hand_ins(self) -> Sequence[HandIn]:
        return self.found.hand_ins

    @property
    def remarks(self) -> Iterator[str]:
        """What to tell the person who grades, a line each."""
        plain = all(one.name == PLAIN for one in self.found.layouts)
        if self.found.layouts and not (plain and not self.found.passed_over):
            read_as = " and ".join(f"{one.said} (`{one.name}`)" for one in self.found.layouts)
            count = len(self.hand_ins)
            over = dict.fromkeys(self.found.passed_over)  # each unit's folder may have a README
            aside = f" Passed over: {several(over)}." if over else ""
            plural = "" if count == 1 else "s"
            yield f"Read as {read_as}: {count} hand-in{plural}.{aside} `--layout` says otherwise."
        if late := [one.student for one in self.hand_ins if one.late]:
            yield f"Handed in late: {several(late, _MANY)}."
        if again := [one.student for one in self.hand_ins if one.again]:
            yield f"Handed in several times, of which the newest counts: {several(again, _MANY)}."
        if self.absent:
            names = several([rosters.called(person) for person in self.absent], _MANY)
            yield f"In the roster and handed in nothing: {names}."
        if self.unknown:
            yield f"Handed in and not in the roster: {several(self.unknown, _MANY)}."

    def absent_rows(self, results: Iterable[Result]) -> list[Result]:
        """Return a row for each person who handed in nothing, and each unit of the results.

        They are for reports on the class alone: nothing was graded, so that there is no record.
        """
        units: dict[str, float] = {}
        for result in results:
            if result.unit:
                units[result.unit] = max(result.max_points, units.get(result.unit, 0.0))
        times = Counter(map(rosters.called, self.absent))
        return [
            Result(
                _name(person, times[rosters.called(person)] == 1),
                unit,
                "ungradable",
                0.0,
                points,
                problem=ABSENT,
                person=person,
            )
            for unit, points in units.items()
            for person in self.absent
        ]


def with_roster(found: Found, path: Path | None) -> Intake:
    """Return what was found, with the people of a roster if one is named.

    Raises:
        RosterError: it can't be read, or is none.
    """
    if path is None:
        return Intake(found)
    matched = rosters.match(found, rosters.read(path))
    return Intake(matched.found, matched.absent, matched.unknown)


def _name(person: Person, alone: bool) -> str:
    own = person.login or person.number or person.email
    return rosters.called(person) if alone or not own else f"{rosters.called(person)} ({own})"
