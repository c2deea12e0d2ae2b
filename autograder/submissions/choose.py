"""Which of several notebooks of a student counts, and what is said of the others.

A unit's notebook is known by its name, `<unit>.ipynb`, else by what it says of itself: metadata,
grade ids.  One that neither names nor shows a unit, as the `Untitled.ipynb` that people try things
in, never stands in the way of the one that does.  Where two could be meant, none is graded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from autograder.submissions.names import code, named_unit, without_ending


@dataclass(frozen=True)
class Candidate:
    """A notebook of one student's.

    `number` tells it from all others, `hand_in` is alike for what stands at one place.  `name` is
    the file's own, `digest` is of what runs, "" if it can't be graded, for which `problem` is the
    reason.  `marked` says that the notebook itself says what it is for.
    """

    number: int
    hand_in: str
    name: str
    unit: str
    digest: str = ""
    marked: bool = False
    problem: str = ""

    @property
    def exact(self) -> bool:
        """Whether it is named as its unit alone, as nbgrader expects."""
        return without_ending(self.name) == self.unit != ""

    @property
    def named(self) -> bool:
        """Whether its name names its unit."""
        return bool(named_unit(self.name, [self.unit] if self.unit else []))


@dataclass(frozen=True)
class Choice:
    """What counts for one unit: one notebook, or several of which nobody can tell which is meant.

    The chosen one may be one that can't be graded.  `beside` are those that don't count.
    """

    chosen: Sequence[Candidate]
    beside: Sequence[Candidate] = field(default_factory=tuple)

    @property
    def notes(self) -> Iterator[str]:
        """What to say of the others where one is graded."""
        for other in self.beside:
            yield f"{code(other.name)} lies beside it and is not graded{_why(other)}"


def choices(candidates: Sequence[Candidate]) -> list[Choice]:
    """Return what counts of one student's notebooks, for each unit that they are for.

    Those of which the unit isn't known stand beside the first unit's.
    """
    units = dict.fromkeys(one.unit for one in candidates)
    lost: list[Candidate] = []
    if len(units) > 1 and units.pop("", 0) is None:
        lost = [one for one in candidates if not one.unit]
    found = []
    for number, unit in enumerate(units):
        own = [one for one in candidates if one.unit == unit]
        chosen = _chosen(own)
        beside = [one for one in [*own, *(lost if number == 0 else ())] if one not in chosen]
        found.append(Choice(chosen, beside))
    return found


def _chosen(own: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return what counts of the notebooks for one unit.

    What stands at several places may be of several people, whatever the names there are: then
    nothing makes one of them count more than another.
    """
    places: dict[str, list[Candidate]] = {}
    for one in own:
        places.setdefault(one.hand_in, []).append(one)
    chosen = [_chosen_at_one_place(group) for group in places.values()]
    readable = [group for group in chosen if group[0].digest]
    return [one for group in readable for one in group] or chosen[0]


def _chosen_at_one_place(own: Sequence[Candidate]) -> Sequence[Candidate]:
    proper = [one for one in own if one.named or one.marked]
    readable = [one for one in proper or own if one.digest]
    if not readable:
        return sorted(proper or own, key=lambda one: not one.exact)[:1]
    exact = [one for one in readable if one.exact]
    named = [one for one in readable if one.named]
    if exact:
        # A copy of which nothing differs is no other answer.
        same = all(one.digest == exact[0].digest for one in named)
        return exact[:1] if same else named
    return named or readable


def _why(other: Candidate) -> str:
    if other.problem:
        return f": {other.problem}"
    if other.marked or other.named:
        return "."
    return ": neither its name nor what is in it says that it is for this unit."
