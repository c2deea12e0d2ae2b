"""The people of a course, as a platform exports them or a teacher lists them, and their hand-ins.

A roster is a CSV file with a heading.  The columns are those of Canvas' gradebook, of Moodle's
participants, gradebook or grading worksheet, of Blackboard's Grade Center, of nbgrader's
`students.csv`, or `id,name,email,…`; docs/hand-ins.md lists the headings.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import UserError
from autograder.results.result import NOBODY, Person
from autograder.submissions.file import MIB
from autograder.submissions.identify import Found, HandIn
from autograder.submissions.names import code, printable, several

_MAX_BYTES = 16 * MIB
_PARTICIPANT = re.compile(r"^Participant (\d{1,15})$")

# The headings of each field, lower case; the first that a file has counts.
_HEADINGS: dict[str, tuple[str, ...]] = {
    "login": ("sis login id", "username", "user name", "login", "login id", "github username"),
    "number": ("sis user id", "id number", "student id", "sid", "student number", "lms_user_id"),
    "email": ("email address", "email", "e-mail", "e-mail address", "mail"),
    "name": ("student", "full name", "name", "display name"),
    "first": ("first name", "first_name", "firstname", "given name"),
    "last": ("last name", "last_name", "lastname", "surname", "family name"),
    "moodle": ("identifier",),
    "id": ("id",),
}
# Rows of Canvas' export that are no people.
_NO_PEOPLE = ("points possible", "student, test")


class RosterError(UserError):
    """A file is no roster."""


@dataclass(frozen=True)
class Roster:
    """The people of a course, and where it says so."""

    path: str
    people: tuple[Person, ...]


@dataclass(frozen=True)
class Matched:
    """Hand-ins with the people whose they are, who handed in nothing, and who isn't known."""

    found: Found
    absent: tuple[Person, ...]
    unknown: tuple[str, ...]


def read(path: Path) -> Roster:
    """Return the roster in a file.

    Raises:
        RosterError: it can't be read, or has no column that tells people apart.
    """
    rows = _rows(path)
    heading, columns = next(rows, ([], []))
    if not {"login", "number", "email", "name", "last", "id", "moodle"} & {*columns}:
        seen = several([one for one in heading if one.strip()]) or "nothing"
        raise RosterError(
            f"`{path}` is no roster: its first line holds {seen}. Expected the names of columns, "
            "such as `id,name,email`, or the export of Canvas, Moodle, Blackboard or nbgrader."
        )
    canvas = {one.strip().lower() for one in heading} >= {"student", "id", "section"}
    people = [_person(dict(zip(columns, row, strict=False)), canvas) for row, _ in rows]
    known = [one for one in people if one != NOBODY and not _is_nobody(one)]
    if not known:
        raise RosterError(f"`{path}` has a heading and no people below it.")
    return Roster(str(path), tuple(dict.fromkeys(known)))


def match(found: Found, roster: Roster) -> Matched:
    """Return hand-ins with the people of a roster.

    A person is found by what the platform or the place says: a number, a login, an address, else
    the name, where it is one person's alone.  Where two hand-ins lead to one person, neither is
    given to anybody.
    """
    index = _Index(roster.people)
    pairs = [(one, index.person(one)) for one in found.hand_ins]
    name = code(Path(roster.path).name)
    claims: dict[Person, set[str]] = {}
    for hand_in, person in pairs:
        if person is not None:
            claims.setdefault(person, set()).add(hand_in.student)
    matched = []
    for hand_in, person in pairs:
        if person is None:
            note = f"Not found in the roster {name}, or not as one person alone."
            matched.append(replace(hand_in, notes=(*hand_in.notes, note)))
        elif len(claims[person]) > 1:
            matched.append(_refused(hand_in, person, claims[person]))
        else:
            matched.append(replace(hand_in, person=_together(person, hand_in.person)))
    unknown = dict.fromkeys(hand_in.student for hand_in, person in pairs if person is None)
    absent = tuple(one for one in roster.people if one not in claims)
    return Matched(replace(found, hand_ins=tuple(matched)), absent, tuple(unknown))


def called(person: Person) -> str:
    """Return what somebody who handed in nothing is called in reports."""
    return next(
        (one for one in (person.name, person.login, person.email, person.number) if one),
        person.moodle_id or person.canvas_id,
    )


# ----------------------------------------------------------------------------------------- reading


def _rows(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Yield each row of a file; with the first, which fields its columns are."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RosterError(f"`{path}` is larger than {_MAX_BYTES // MIB} MiB: no roster.")
        data = path.read_bytes()
    except OSError as error:
        raise RosterError(f"The roster `{path}` can't be read: {error.strerror}.") from None
    text = _decoded(data)
    first = text.split("\n", 1)[0]
    between = max(",;\t", key=first.count)
    columns: list[str] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=between):
            if not any(cell.strip() for cell in row):
                continue
            columns = columns or _fields(row)
            yield [printable(cell.strip()) for cell in row], columns
    except csv.Error as error:
        raise RosterError(f"`{path}` is no CSV file: {error}.") from None


def _decoded(data: bytes) -> str:
    """Return a file's text: UTF-8, or what spreadsheets and Blackboard write."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _fields(heading: Sequence[str]) -> list[str]:
    """Return which field each column is, "" for those that are none."""
    names = [one.strip().lower() for one in heading]
    fields = [""] * len(names)
    for field, known in _HEADINGS.items():
        if at := next((names.index(one) + 1 for one in known if one in names), 0):
            fields[at - 1] = fields[at - 1] or field
    return fields


def _person(row: dict[str, str], canvas: bool) -> Person:
    own = row.get("id", "")
    name = row.get("name", "")
    if not name:
        name = f"{row.get('first', '')} {row.get('last', '')}".strip()
    elif canvas and name.count(", ") == 1:  # `Moreau, Ada`
        name = " ".join(reversed(name.split(", ")))
    participant = _PARTICIPANT.match(row.get("moodle", ""))
    return Person(
        name=name,
        login=row.get("login", "") or ("" if canvas else own),
        email=row.get("email", ""),
        number=row.get("number", ""),
        canvas_id=own if canvas else "",
        moodle_id=participant[1] if participant else "",
    )


def _is_nobody(person: Person) -> bool:
    name = person.name.lower().strip()
    return name.startswith(_NO_PEOPLE) or name == "test student"


# ---------------------------------------------------------------------------------------- matching


@dataclass(frozen=True)
class _Key:
    """Something that tells people apart: what a hand-in says of it, and what a person has.

    `given` says that a platform gave it out.  Somebody else may well have the same name as a person
    whose number is another.
    """

    of_hand_in: Callable[[HandIn], str]
    of_person: Callable[[Person], Iterable[str]]
    given: bool = False


class _Index:
    """Finds people by what is known of a hand-in."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._people: list[tuple[_Key, dict[str, set[Person]]]] = []
        for key in _KEYS:
            found: dict[str, set[Person]] = {}
            for person in people:
                for value in key.of_person(person):
                    found.setdefault(value, set()).add(person)
            found.pop("", None)
            self._people.append((key, found))

    def person(self, hand_in: HandIn) -> Person | None:
        """Return whose a hand-in is; None if nobody's, or if it could be that of several."""
        for key, people in self._people:
            value = key.of_hand_in(hand_in)
            found = people.get(value, set())
            if len(found) == 1:
                return next(iter(found))
            if key.given and value and people:
                return None
        return None


def _plain(text: str) -> str:
    """Return text as it is compared: case, accents' spelling and spaces aside."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _letters(text: str) -> str:
    """Return a name as Canvas puts it into a file's: letters and digits alone."""
    return "".join(c for c in _plain(text) if c.isalnum())


def _names(person: Person) -> Iterator[str]:
    """Yield a name in both orders."""
    words = person.name.split()
    for at in range(len(words)):
        yield _plain(" ".join([*words[at:], *words[:at]]))


def _squashed(person: Person) -> Iterator[str]:
    yield from map(_letters, _names(person))


_KEYS = (  # in the order in which they are tried
    _Key(lambda one: one.person.canvas_id, lambda person: [person.canvas_id], given=True),
    _Key(lambda one: one.person.moodle_id, lambda person: [person.moodle_id], given=True),
    _Key(lambda one: _plain(one.person.email), lambda person: [_plain(person.email)], given=True),
    _Key(lambda one: _plain(one.person.number), lambda person: [_plain(person.number)], given=True),
    _Key(lambda one: _plain(one.person.login), lambda person: [_plain(person.login)], given=True),
    _Key(lambda one: _plain(one.student), lambda person: [_plain(person.login)]),
    _Key(lambda one: _plain(one.student), lambda person: [_plain(person.email)]),
    _Key(lambda one: _plain(one.student), lambda person: [_plain(person.number)]),
    _Key(lambda one: _plain(one.person.name or one.student), _names),
    _Key(lambda one: _letters(one.person.name or one.student), _squashed),
)


def _together(person: Person, own: Person) -> Person:
    """Return what a roster and a platform say of somebody, the roster first."""
    return Person(**{field: value or getattr(own, field) for field, value in vars(person).items()})


def _refused(hand_in: HandIn, person: Person, students: set[str]) -> HandIn:
    names = " and ".join(f"`{one}`" for one in sorted(students))
    problem = (
        f"The hand-ins {names} are all `{called(person)}`'s by the roster, so that it can't be "
        "told which counts. Remove or rename one."
    )
    files = [replace(one, file=replace(one.file, problem=problem)) for one in hand_in.files[:1]]
    return replace(hand_in, files=tuple(files))
