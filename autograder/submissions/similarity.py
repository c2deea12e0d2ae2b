"""Notebooks that are suspiciously alike: for a person to look at, never for points.

Winnowing (Schleimer, Wilkerson, Aiken, 2003) by copydetect: names and layout are set aside, what
the course handed out is ignored, and what two notebooks share is counted in tokens.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from autograder.course import first_cell
from autograder.course.course import Course, Lazy
from autograder.course.notebook import clear_solutions
from autograder.course.unit import LoadedUnit
from autograder.submissions.submission import Problem, Submission, find, outline

# Two answers to one stub share a few tokens however they were written; a run of this many is more.
NOISE_TOKENS = 25
OWN_TOKENS = 100  # fewer than this beyond the starter code say nothing
SHARE = 0.7  # of the smaller one's own tokens, from which a pair is shown


@dataclass(frozen=True)
class Pair:
    """Two students of a unit, the share of each one's own code that is the other's, and where.

    `spans` of a side are pairs of positions in its code, in order, that do not overlap.
    """

    unit: str
    students: tuple[str, str]
    shares: tuple[float, float]
    codes: tuple[str, str]
    spans: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]

    @property
    def share(self) -> float:
        """The larger share: a copy with something added is a copy."""
        return max(self.shares)


@dataclass(frozen=True)
class Comparison:
    """The pairs found among so many notebooks, and what could not be compared."""

    pairs: list[Pair]
    notebooks: int
    problems: list[Problem]


def compare(course: Course, paths: Sequence[Path], unit: str | None, share: float) -> Comparison:
    """Compare what was handed in at paths, less what the course handed out.

    Args:
        course: whose units they are.
        paths: notebooks, folders, zips.
        unit: the name or the number of the unit that all of it is for.
        share: from which a pair is shown.

    Raises:
        UserError: a path or the unit does not exist.
    """
    units = Lazy(course.unit_names(), course.load)
    outlines = Lazy(units, lambda name: outline(units[name]))
    name = None if unit is None else course.unit_name(unit)
    submissions, problems = find(paths, outlines, name)
    starter = {one: starter_code(units[one]) for one in units}
    return Comparison(pairs(submissions, starter, share), len(submissions), problems)


def starter_code(loaded: LoadedUnit) -> str:
    """Return the code that students were given."""
    cells = [clear_solutions(cell.source) for cell in loaded.cells if cell.kind == "code"]
    # Names and strings are set aside, so that the first cell is the same for every course.
    return "\n\n".join([first_cell.example(), *cells])


def pairs(
    submissions: Sequence[Submission], starter: Mapping[str, str], share: float = SHARE
) -> list[Pair]:
    """Pairs of submissions that are alike, the most alike first.

    Args:
        submissions: of any number of units.
        starter: by unit, the code that students were given.
        share: from which a pair is told.
    """
    import numpy as np

    by_unit: dict[str, list[Submission]] = {}
    for submission in submissions:
        by_unit.setdefault(submission.unit, []).append(submission)
    found: list[Pair] = []
    for unit, group in by_unit.items():
        own = _fingerprint(starter.get(unit, ""), np.array([]))
        given = np.array(list(own.hashes))
        prints = [(one.student, _code(one)) for one in group]
        known = [(student, code, _fingerprint(code, given)) for student, code in prints]
        found += _alike(
            unit, [item for item in known if item[2].token_coverage >= OWN_TOKENS], share
        )
    return sorted(found, key=lambda pair: (-pair.share, pair.unit, pair.students))


def segments(code: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[bool, str]]:
    """A side's code in pieces, each with whether the other side has it too."""
    at = 0
    for start, end in spans:
        yield False, code[at:start]
        yield True, code[start:end]
        at = end
    yield False, code[at:]


def _alike(unit: str, known: Sequence[tuple[str, str, Any]], share: float) -> Iterator[Pair]:
    from copydetect import compare_files

    for (a, code_a, print_a), (b, code_b, print_b) in combinations(known, 2):
        _, shares, spans = compare_files(print_a, print_b)
        if max(shares) >= share:
            places = (_merged(spans[0]), _merged(spans[1]))
            both = (float(shares[0]), float(shares[1]))
            yield Pair(unit, (a, b), both, (code_a, code_b), places)


def _code(submission: Submission) -> str:
    return "\n\n".join(cell.source for cell in submission.cells if not cell.skip)


def _fingerprint(code: str, given: Any) -> Any:
    from copydetect import CodeFingerprint

    return CodeFingerprint(
        "notebook.py",
        NOISE_TOKENS,
        1,
        boilerplate=given,
        language="python",
        fp=io.StringIO(code),
    )


def _merged(spans: Any) -> tuple[tuple[int, int], ...]:
    """Spans in order, those that touch or overlap as one."""
    merged: list[tuple[int, int]] = []
    if len(spans) < 2:
        return ()
    for start, end in sorted(zip(map(int, spans[0]), map(int, spans[1]), strict=True)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
