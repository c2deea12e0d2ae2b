"""What a platform writes into the name of a hand-in, as it is read from there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.results.result import Person


@dataclass(frozen=True)
class Label:
    """What a platform says of one hand-in.

    `key` tells people apart; `file` is the student's own name of a file, "" for a folder.  Of
    several attempts the one whose `attempt` sorts last is the newest; `when` is how to say it.
    `at` is where in the name the platform's mark begins.
    """

    key: str
    person: Person
    file: str = ""
    late: bool = False
    attempt: str = ""
    when: str = ""
    unit: str = ""
    problem: str = ""
    at: int = 0

    @property
    def student(self) -> str:
        """What the student is called in reports."""
        return self.person.name or self.person.login or self.key


@dataclass(frozen=True)
class Top:
    """The name of something directly below a root."""

    name: str
    folder: bool


@dataclass(frozen=True)
class Download:
    """The hand-ins of one root, and what is needed to read their names.

    `submitters` are Gradescope's, by the name of a hand-in; `versions` are the names of folders
    that hold `<assignment>/Version 2/`, as those of Teams do.
    """

    tops: Sequence[Top]
    units: Collection[str]
    submitters: Mapping[str, Sequence[Label]] = field(default_factory=dict)
    versions: Collection[str] = ()
