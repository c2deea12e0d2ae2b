"""Of several attempts of one person the newest counts: by the platform's names, or its folders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from autograder.submissions.labels import Label
from autograder.submissions.layouts import TEAMS, Layout
from autograder.submissions.spots import Spot

_VERSION = re.compile(r"^Version (\d{1,6})$")


def has_versions(spots: Sequence[Spot]) -> bool:
    """Return whether a hand-in has folders as Teams makes them: `<assignment>/Version 2/`."""
    return any(map(_version, spots))


def newest_version(spots: Sequence[Spot], layout: Layout) -> tuple[Sequence[Spot], tuple[str, ...]]:
    """Return the files in the newest of Teams' folders `<assignment>/Version 2/`, and a note."""
    if layout.name != TEAMS:
        return spots, ()
    found: dict[str, set[int]] = {}
    for spot in spots:
        if number := _version(spot):
            found.setdefault(spot.rest[0], set()).add(number)
    newest = {assignment: max(numbers) for assignment, numbers in found.items()}
    notes = tuple(
        f"Handed in {len(numbers)} times: the newest counts (version {max(numbers)})."
        for numbers in found.values()
        if len(numbers) > 1
    )
    return [spot for spot in spots if _version(spot) == newest.get(spot.rest[0], 0)], notes


def _version(spot: Spot) -> int:
    match = _VERSION.match(spot.rest[1]) if len(spot.rest) > 2 else None
    return int(match[1]) if match else 0


class Attempts:
    """Which of several attempts of each person counts: the newest."""

    def __init__(self, labels: Mapping[str, Sequence[Label]], by_file: bool) -> None:
        """Compare attempts of people, or of each of their files by its name."""
        self._by_file = by_file
        self._found: dict[tuple[str, ...], dict[str, str]] = {}
        for label in (one for of_one in labels.values() for one in of_one):
            self._found.setdefault(self._key(label), {})[label.attempt] = label.when

    def superseded(self, label: Label) -> bool:
        return label.attempt != max(self._found[self._key(label)])

    def notes(self, label: Label) -> tuple[str, ...]:
        attempts = self._found[self._key(label)]
        if len(attempts) == 1:
            return ()
        return (f"Handed in {len(attempts)} times: the newest counts ({label.when}).",)

    def _key(self, label: Label) -> tuple[str, ...]:
        return (label.key, label.unit, label.file if self._by_file else "")
