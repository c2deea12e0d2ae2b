"""How each platform names hand-ins: from the names of a download to what they say.

A platform names each hand-in itself: a folder, or a file before whose own name it puts the
student's.  That part says who, how late, and which attempt.  The rest, the name of the file, is the
student's, and says nothing of whose it is.  docs/hand-ins.md has the table.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from autograder.results.result import Person
from autograder.submissions.labels import Download, Label
from autograder.submissions.names import named_unit, stem, without_units

_MOODLE = re.compile(r"_(\d{1,15})_assignsubmission_([a-z]{1,40})_")


def moodle(download: Download) -> dict[str, list[Label]]:
    """`Ada Moreau_2034111_assignsubmission_file_`, before a file's name or as a folder's."""
    found = {}
    for top in download.tops:
        marks = list(_MOODLE.finditer(top.name))
        if not marks or not marks[0].start():
            continue
        # Behind a folder's mark stands nothing of the student's; behind a file's, its name.
        mark = marks[-1] if top.folder else marks[0]
        number, file = mark[1], top.name[mark.end() :]
        name = top.name[: mark.start()].replace("_", " ").strip()
        person = Person(
            name=f"{name} {number}" if name == "Participant" else name, moodle_id=number
        )
        problem = ""
        if len(marks) > 1:
            problem = (
                "Its name holds Moodle's mark more than once, so that it can't be told whose it "
                "is. Download the submissions with Moodle's option for folders."
            )
        key = f"{name}/{number}"
        found[top.name] = [Label(key, person, file, problem=problem, at=mark.start())]
    return _one_name_each(found, lambda person: person.moodle_id)


def is_hand_in(folder: str) -> bool:
    """Return whether a platform gave a folder its name, as one person's hand-in."""
    marks = list(_MOODLE.finditer(folder))
    return bool(marks and marks[-1].end() == len(folder)) or bool(_EXCHANGE.match(folder))


# The name is the student's sortable one without anything but letters and digits.
_CANVAS = re.compile(
    r"^(?P<name>[^_]{1,200})_(?P<late>LATE_)?(?P<user>\d{1,20})_(?P<file>\d{1,20})_(?P<own>.+)$"
)
_CANVAS_TEXT = re.compile(
    r"^(?P<name>[^_]{1,200})_(?P<late>LATE_)?(?P<user>\d{1,20})_(?P<own>(?:text|link|media)\.html?)$"
)
_CANVAS_ANONYMOUS = re.compile(
    r"^anon_(?P<name>[A-Za-z0-9]{5})_(?P<late>LATE_)?(?P<file>\d{1,20})_(?P<own>.+)$"
)
_AGAIN = re.compile(r"-\d{1,3}(?=\.[A-Za-z0-9]{1,10}$)")  # what Canvas adds to a name it has


def canvas(download: Download) -> dict[str, list[Label]]:
    """`moreauada_LATE_20341_9911_name-2.ipynb`."""
    found: dict[str, list[Label]] = {}
    for top in download.tops:
        match = _canvas_match(top.name)
        if top.folder or match is None or not _ids_are_apart(top.name, download.units):
            continue
        parts = match.groupdict()
        user = parts.get("user") or ""
        name = parts["name"] if user else f"anon {parts['name']}"
        number = parts.get("file") or ""
        label = Label(
            key=f"{name}/{user}",
            person=Person(name=name, canvas_id=user),
            file=_AGAIN.sub("", parts["own"]),
            late=bool(parts["late"]),
            attempt=number.zfill(20),
            when=f"file {number}",
            at=match.end("name"),
        )
        found[top.name] = [label]
    return _one_name_each(found, lambda person: person.canvas_id)


def _canvas_match(name: str) -> re.Match[str] | None:
    return _CANVAS_ANONYMOUS.match(name) or _CANVAS.match(name) or _CANVAS_TEXT.match(name)


def _ids_are_apart(name: str, units: Collection[str]) -> bool:
    """Return whether the ids are no part of a unit's name, as in `ada_2024_01_lines.ipynb`."""
    own = _AGAIN.sub("", name)
    whole = stem(own)
    rest = without_units(whole, units)
    return rest == whole or _canvas_match(f"{rest}_x") is not None


def _one_name_each(
    found: Mapping[str, Sequence[Label]], number: Callable[[Person], str]
) -> dict[str, list[Label]]:
    """Refuse a platform's number under two names: one of them would get the other's points."""
    names: dict[str, set[str]] = {}
    for (label,) in found.values():
        names.setdefault(number(label.person), set()).add(label.person.name)
    twice = {own for own, under in names.items() if own and len(under) > 1}
    problem = (
        "The platform's number {} stands beside two names here, so that it can't be told whose "
        "this is. Compare with the platform, and rename what is wrong."
    )
    return {
        top: [
            replace(label, problem=problem.format(number(label.person)))
            if number(label.person) in twice
            else label
        ]
        for top, (label,) in found.items()
    }


_BLACKBOARD = re.compile(r"_attempt_(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)")


def blackboard(download: Download) -> dict[str, list[Label]]:
    """`Assignment_login_attempt_2024-01-02-03-04-05_file.ipynb`, and a receipt, `….txt`."""
    marks = {
        top.name: mark
        for top in download.tops
        if not top.folder and (mark := _BLACKBOARD.search(top.name)) and mark.start()
    }
    before = {name: name[: mark.start()] for name, mark in marks.items()}
    assignment = _common_start(sorted(set(before.values())))
    found = {}
    for name, mark in marks.items():
        login = before[name].removeprefix(assignment)
        rest = name[mark.end() :]
        label = Label(
            key=login,
            person=Person(name="", login=login),
            file="" if rest == ".txt" else rest.removeprefix("_"),  # Blackboard's own receipt
            attempt=mark[0],
            when=f"{mark[1]} {mark[2]}:{mark[3]}:{mark[4]}",
            at=mark.start(),
        )
        found[name] = [label]
    return found


def _common_start(names: Sequence[str]) -> str:
    """Return what names have in common up to a `_`: an assignment's name, before the logins."""
    if len(names) < 2:
        return names[0][: names[0].rfind("_") + 1] if names else ""
    pairs = zip(names[0], names[-1], strict=False)
    same = "".join(a for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    return same[: same.rfind("_") + 1]


def gradescope(download: Download) -> dict[str, list[Label]]:
    """`submission_123`, whose submitters the export's `submission_metadata.yml` lists."""
    return {
        top.name: list(download.submitters[top.name])
        for top in download.tops
        if top.name in download.submitters
    }


_EXCHANGE = re.compile(
    r"^(?P<login>[^+]+)\+(?P<unit>[^+]+)\+(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[^+]*(?:\+.*)?$"
)


def exchange(download: Download) -> dict[str, list[Label]]:
    """`ada+01_lines+2024-01-02 03:04:05 UTC`, as nbgrader's exchange keeps what comes in."""
    return {
        top.name: [
            Label(
                match["login"],
                Person(name="", login=match["login"]),
                attempt=match["when"],
                when=match["when"],
                unit=match["unit"] if match["unit"] in download.units else "",
            )
        ]
        for top in download.tops
        if top.folder and (match := _EXCHANGE.match(top.name))
    }


def github(download: Download) -> dict[str, list[Label]]:
    """`01-lines-ada`: a repository named by the assignment and a login."""
    slugs = {_slug(unit): unit for unit in download.units}
    found = {}
    for top in download.tops:
        low = _slug(top.name)
        fits = [slug for slug in slugs if low.startswith(f"{slug}-")]
        if top.folder and fits:
            slug = max(fits, key=len)
            login = top.name[len(slug) + 1 :]
            found[top.name] = [Label(login, Person(name="", login=login), unit=slugs[slug])]
    return found


def _slug(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "-", name.lower())


def classroom(download: Download) -> dict[str, list[Label]]:
    """`Ada Moreau - 01_lines.ipynb`, as Google Classroom names each student's copy."""
    found = {}
    for top in download.tops:
        name, between, file = top.name.partition(" - ")
        if not top.folder and between and named_unit(file, download.units):
            name = stem(name)
            found[top.name] = [Label(name, Person(name=name), file)]
    return found


def teams(download: Download) -> dict[str, list[Label]]:
    """`Ada Moreau/Homework 1/Version 2/`."""
    return {
        top.name: [Label(top.name, Person(name=top.name))]
        for top in download.tops
        if top.name in download.versions
    }


def by_place(download: Download) -> dict[str, list[Label]]:
    """Nothing is in the names: whose it is, the place says."""
    return {}
