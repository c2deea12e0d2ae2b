"""Who owns what stands below a root: what a platform's names say, or the places alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.results.result import NOBODY, Person
from autograder.submissions import gradescope_export, layouts, places
from autograder.submissions.attempts import Attempts, has_versions, newest_version
from autograder.submissions.file import File
from autograder.submissions.labels import Download, Label, Top
from autograder.submissions.layouts import Layout
from autograder.submissions.names import code, identifier, stem, without_units
from autograder.submissions.notebook_file import UnreadableError
from autograder.submissions.open_zips import Archives
from autograder.submissions.spots import SUBMITTED, Spot

# What lies beside hand-ins and is none: a teacher's own files, and what a notebook works with.
_BYSTANDER = re.compile(
    r"^(?:readme|licen[sc]e|requirements|makefile|notes|todo|roster|students|grades|index|utils?"
    r"|helpers?|setup|conftest|thumbs|desktop)\b",
    re.IGNORECASE,
)
_DATA = re.compile(
    r"\.(?:csv|tsv|xlsx?|ods|json|ya?ml|toml|ini|cfg|log|db|sqlite\d?|npy|npz|h5|keras|pkl|lock)$",
    re.IGNORECASE,
)
_RESOURCES = re.compile(
    r"^(?:data(?:sets?)?|images?|img|figures?|assets|media|models?|checkpoints?|weights|utils?"
    r"|helpers?|src|lib|tests?|docs?|venv|env|node_modules|__pycache__|logs?|lightning_logs"
    r"|outputs?|results|grades|tmp|temp)$",
    re.IGNORECASE,
)
# What lies beside a folder that holds hand-ins: nbgrader's folders, and what Teams' students have
# not handed in.
_ASIDE = {
    SUBMITTED: {"source", "release", "autograded", "feedback", "solutions", "exchange"},
    "Submitted files": {"Working files"},
}
_SCRATCH = re.compile(
    r"^(?:untitled|unbenannt|sans titre|sin t[ií]tulo|scratch|draft|playground|sandbox|test|tmp"
    r"|temp|backup|old|notes)[ _-]?\d*$",
    re.IGNORECASE,
)
_NAME = 70  # characters of a name that something is put behind
_LATE = "Handed in late: the platform has put `LATE` into the name."


@dataclass(frozen=True)
class Owned:
    """A file and its owner; `names` are those that the owner has chosen, down to the file's.

    `hand_in` tells apart what stands at several places, less what a platform says is of one person.
    `again` says that it is the newest of several attempts.
    """

    file: File
    student: str
    names: tuple[str, ...]
    hand_in: tuple[str, ...]
    decided: str = ""
    nbgrader: bool = False
    person: Person = NOBODY
    late: bool = False
    again: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Owners:
    """All files with owners, the layouts that said so, and the names of what has none."""

    owned: tuple[Owned, ...]
    layouts: tuple[Layout, ...]
    passed_over: tuple[str, ...]


def of(spots: Sequence[Spot], units: Collection[str], layout: str | None) -> Owners:
    """Return whose each file is.

    Args:
        spots: the files, and where they stand.
        units: the names of the course's units.
        layout: the layout that all of them have (the one that their names show).
    """
    roots: dict[tuple[str, ...], list[Spot]] = {}
    for spot in spots:
        roots.setdefault(spot.root, []).append(spot)
    aside = {root[:-1]: _ASIDE[root[-1]] for root in roots if root[-1:] and root[-1] in _ASIDE}
    found = [
        _Root(below, units, layout, aside.get(root, set())).owners()
        for root, below in roots.items()
    ]
    seen = {one.name: one for owners in found for one in owners.layouts}
    return Owners(
        tuple(one for owners in found for one in owners.owned),
        tuple(seen.values()),
        tuple(name for owners in found for name in owners.passed_over),
    )


class _Root:
    """The hand-ins below one root."""

    def __init__(
        self,
        spots: Sequence[Spot],
        units: Collection[str],
        layout: str | None,
        aside: Collection[str],
    ) -> None:
        self._units = units
        self._tops: dict[str, list[Spot]] = {}
        for spot in spots:
            self._tops.setdefault(spot.top, []).append(spot)
        self._aside = aside
        tops = [Top(name, below[0].folder) for name, below in self._tops.items() if name]
        candidates = {top.name for top in tops if not self._is_bystander(top.name)}
        download = Download(
            tops,
            units,
            _submitters(self._tops),
            {n for n in candidates if has_versions(self._tops[n])},
        )
        self._layout, self._labels = layouts.chosen(layout, download, candidates)

    def owners(self) -> Owners:
        if self._is_one_students():
            return self._as_one()
        passed = [
            name for name in self._tops if name not in self._labels and self._is_bystander(name)
        ]
        left = {name: below for name, below in self._tops.items() if name not in passed}
        if not self._labels and all(self._is_loose_other(name) for name in left):
            return Owners((), (), tuple(self._tops))
        return Owners(tuple(self._owned(left)), self._layouts(left), tuple(passed))

    def _layouts(self, left: Collection[str]) -> tuple[Layout, ...]:
        spots = [spot for name in left for spot in self._tops[name]]
        if not self._labels and not any(spot.rest or len(left) > 1 for spot in spots):
            return ()  # one file
        if any(spot.nbgrader for spot in spots):
            return (layouts.BY_NAME[layouts.NBGRADER],)
        return (self._layout,)

    # ------------------------------------------------------------------------ what is no hand-in

    def _is_bystander(self, name: str) -> bool:
        """Return whether something is none of a student's, by its name, and holds no notebook."""
        below = self._tops[name]
        if name in self._aside:
            return True
        if any(not spot.file.other for spot in below):
            return False
        if below[0].rest:
            return bool(_RESOURCES.match(name)) and self._is_flat()
        return bool(_BYSTANDER.match(name) or _DATA.search(name))

    def _is_flat(self) -> bool:
        """Return whether notebooks lie directly below the root, as in one student's folder."""
        return any(
            not spot.rest and not spot.file.other for below in self._tops.values() for spot in below
        )

    def _is_loose_other(self, name: str) -> bool:
        return name != "" and all(
            spot.file.other and not spot.rest and not spot.file.named for spot in self._tops[name]
        )

    # -------------------------------------------------------------------- one student's own folder

    def _is_one_students(self) -> bool:
        """Return whether what was given is one student's folder, not one with hand-ins.

        Then a unit's notebook lies in it under the unit's name alone, and no other but copies
        and such as people try things in.
        """
        if self._labels or self._layout.name != layouts.PLAIN or "" in self._tops:
            return False
        loose = []
        for name, below in self._tops.items():
            if any(spot.nbgrader or spot.file.named for spot in below):
                return False
            if all(spot.file.other for spot in below):
                continue
            if below[0].rest:
                return False
            loose.append(stem(name))
        named = [name for name in loose if name in self._units]
        return bool(named) and all(name in named or _SCRATCH.match(name) for name in loose)

    def _as_one(self) -> Owners:
        spots = [spot for below in self._tops.values() for spot in below]
        owned = (
            Owned(spot.file, spot.holder or stem(spot.top), _names(spot), spot.root, spot.decided)
            for spot in spots
            if not spot.file.other
        )
        return Owners(tuple(owned), (), ())

    # ------------------------------------------------------------------------------------- owners

    def _owned(self, left: Mapping[str, Sequence[Spot]]) -> Iterator[Owned]:
        attempts = Attempts(self._labels, self._layout.by_file)
        shown = self._shown_names()
        for name, below in left.items():
            labels = self._labels.get(name)
            if labels is None:
                yield from self._by_place(name, below, set(shown.values()))
                continue
            for label in labels:
                if attempts.superseded(label):
                    continue
                newest, versions = newest_version(below, self._layout)
                again = (*attempts.notes(label), *versions)
                for spot in newest:
                    yield _labelled(spot, label, shown[label.key], again)

    def _shown_names(self) -> dict[str, str]:
        """Return what each labelled person is called; people of one name have their ids shown."""
        people = {label.key: label for labels in self._labels.values() for label in labels}
        called: dict[str, list[str]] = {}
        for key, label in people.items():
            called.setdefault(identifier(label.student)[0], []).append(key)
        return {
            key: name if len(keys) == 1 else f"{name[:_NAME]} ({_id_of(people[key])})"
            for name, keys in called.items()
            for key in keys
        }

    def _by_place(self, name: str, below: Sequence[Spot], labelled: set[str]) -> Iterator[Owned]:
        for spot in below:
            student = self._student(spot)
            file = spot.file
            if identifier(student)[0] in labelled:
                problem = (
                    f"It can't be told whether {code(name)} belongs to `{student}`: it is not "
                    f"named as {self._layout.said} names hand-ins. Rename or remove it."
                )
                file = replace(file, problem=problem, other=False)
                student = f"{name[:_NAME]} (unidentified)"
            place = (*spot.root, spot.top)
            yield Owned(file, student, _names(spot), place, spot.decided, spot.nbgrader)

    def _student(self, spot: Spot) -> str:
        if not spot.top or spot.folder or spot.nbgrader:
            return spot.top
        own = Path(spot.top).stem if spot.file.other and not spot.rest else stem(spot.top)
        if own in self._units:
            return spot.holder or own
        return without_units(own, self._units)


def _names(spot: Spot) -> tuple[str, ...]:
    return spot.rest or ((spot.top,) if spot.top else ())


def _id_of(label: Label) -> str:
    person = label.person
    return next(
        (one for one in (person.canvas_id, person.moodle_id, person.number, person.login) if one),
        label.key,
    )


def _submitters(tops: Mapping[str, Sequence[Spot]]) -> Mapping[str, Sequence[Label]]:
    """Return what an export of Gradescope says of its folders; nothing where there is none."""
    for name in gradescope_export.NAMES:
        for spot in tops.get(name, ()):
            archives = Archives()
            try:
                data = places.read(replace(spot.file, problem=""), archives)
            except UnreadableError:
                continue
            finally:
                archives.close()
            return gradescope_export.submitters(data)
    return {}


def _labelled(spot: Spot, label: Label, student: str, again: tuple[str, ...]) -> Owned:
    file = spot.file
    if label.problem:
        file = replace(file, problem=label.problem, other=False)
    names = spot.rest or (label.file or spot.top,)
    late = (_LATE,) if label.late else ()
    return Owned(
        file,
        student,
        names,
        (*spot.root, "", label.key),
        spot.decided or label.unit,
        person=label.person,
        late=label.late,
        again=bool(again),
        notes=(*late, *again),
    )
