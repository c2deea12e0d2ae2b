"""Who handed in the folders `submission_123` of an export of Gradescope.

Gradescope writes it into `submission_metadata.yml` beside the folders.  That file also holds what
students' programs printed; only the lines on submitters and times are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from autograder.results.result import Person
from autograder.submissions.labels import Label
from autograder.submissions.names import printable

NAMES = ("submission_metadata.yml", "metadata.yml")
_MAX_TEXT = 2**20  # characters; a submitter takes some 130
_SUBMISSION = re.compile(r"^['\"]?submission_\d{1,20}['\"]?:\s*$")
_KEY = re.compile(r"^  :?\w{1,40}:")
_WANTED = re.compile(r"^  :?(?:submitters|created_at):")


def submitters(data: bytes) -> Mapping[str, Sequence[Label]]:
    """Return who handed in each submission, by its folder's name; empty if it can't be read."""
    text = "\n".join(_wanted(data.decode("utf-8", "replace").splitlines()))
    if len(text) > _MAX_TEXT:
        return {}
    try:
        # Everything is text to this loader: no type that the file names is made.
        found = yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        return {}
    return {
        name: labels
        for name, entry in (found.items() if isinstance(found, dict) else ())
        if isinstance(entry, dict) and (labels := list(_labels(_plain(entry))))
    }


def _wanted(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines on who handed in and when; what is printed lies deeper than these keys."""
    kept = False
    for line in lines:
        if line[:1] not in ("", " ", "-", "#"):
            kept = bool(_SUBMISSION.match(line))
        elif _KEY.match(line):
            kept = bool(_WANTED.match(line))
        if kept:
            yield line


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping by the names of Ruby's symbols: `:name` is `name`."""
    return {str(key).lstrip(":"): value for key, value in entry.items()}


def _labels(entry: dict[str, Any]) -> Iterator[Label]:
    people = entry.get("submitters")
    when = entry.get("created_at", "")
    when = when if isinstance(when, str) else ""
    for one in people if isinstance(people, list) else ():
        if not isinstance(one, dict):
            continue
        # Text alone: a few lines can stand for a list of any length.
        texts = {key: value for key, value in _plain(one).items() if isinstance(value, str)}
        facts = {key: printable(value).strip() for key, value in texts.items()}
        person = Person(
            name=facts.get("name", ""), number=facts.get("sid", ""), email=facts.get("email", "")
        )
        if key := person.email or person.number or person.name:
            yield Label(key, person, attempt=when, when=when[:19])
