"""Which platform named the hand-ins of a download; `platforms` reads its names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from autograder.errors import UserError
from autograder.submissions import platforms
from autograder.submissions.labels import Download, Label
from autograder.submissions.names import printable

PLAIN, NBGRADER, TEAMS = "plain", "nbgrader", "teams"


class LayoutError(UserError):
    """There is no such layout, or it can't be told which of two it is."""


Labels = Callable[[Download], Mapping[str, Sequence[Label]]]


@dataclass(frozen=True)
class Layout:
    """How one platform names hand-ins."""

    name: str
    said: str
    labels: Labels
    by_file: bool = False  # attempts are of files, not of people


def chosen(
    name: str | None, download: Download, candidates: Collection[str]
) -> tuple[Layout, Mapping[str, Sequence[Label]]]:
    """Return the layout of a download, and the labels of what it names, by name.

    Without a name it is the first that most of the hand-ins follow.  One file that is
    uploaded to a folder of others' can't change what theirs mean.

    Args:
        name: of the layout, if somebody has said it.
        download: all names below one root.
        candidates: those of them that are hand-ins, and not a teacher's own files.
    """
    if name is not None:
        layout = BY_NAME[name]
        return layout, layout.labels(download)
    fits = []
    for layout in LAYOUTS:
        labels = layout.labels(download)
        if 2 * len(labels) > len({*candidates, *labels}):
            fits.append((layout, labels))
    return _first(fits) if fits else (BY_NAME[PLAIN], {})


Fit = tuple[Layout, Mapping[str, Sequence[Label]]]


def _first(fits: Sequence[Fit]) -> Fit:
    """Return the layout whose marks come first in the names.

    Behind a platform's mark stands what a student has chosen, which may look like another
    platform's; before it nothing of a student's does.

    Raises:
        LayoutError: the names can be read in two ways.
    """
    best = fits[0]
    for other in fits[1:]:
        if best[0].name not in _FILES or other[0].name not in _FILES:
            continue
        common = [
            (label.at, rival.at)
            for name in best[1]
            if name in other[1]
            for label, rival in zip(best[1][name], other[1][name], strict=False)
        ]
        if {best[0].name, other[0].name} == {"blackboard", "canvas"}:
            # `Week_1_20341_attempt_…`: an assignment's name, in which Canvas' ids would be one.
            if _people(other[1]) < _people(best[1]):
                continue
            raise LayoutError(
                f"The names can be those of {best[0].said} or of {other[0].said}. Say which: "
                f"`--layout {best[0].name}` or `--layout {other[0].name}`."
            )
        if all(theirs < mine for mine, theirs in common):
            best = other
    return best


def _people(labels: Mapping[str, Sequence[Label]]) -> int:
    return len({label.key for of_one in labels.values() for label in of_one})


def require(name: str | None) -> None:
    """Raise LayoutError if a layout doesn't exist."""
    if name is not None and name not in BY_NAME:
        names = ", ".join(f"`{one}`" for one in BY_NAME)
        raise LayoutError(f"There is no layout `{printable(name)}`. The layouts are {names}.")


# Those that name files, behind whose mark a student's own name stands.
_FILES = {"moodle", "blackboard", "canvas"}
# In the order in which they are tried.
LAYOUTS = (
    Layout("gradescope", "an export of Gradescope", platforms.gradescope),
    Layout("moodle", "a download of Moodle", platforms.moodle),
    Layout("blackboard", "a download of Blackboard", platforms.blackboard),
    Layout("canvas", "a download of Canvas", platforms.canvas, by_file=True),
    Layout("exchange", "nbgrader's exchange", platforms.exchange),
    Layout("github", "repositories of GitHub Classroom", platforms.github),
    Layout(TEAMS, "submitted files of Microsoft Teams", platforms.teams),
    Layout("classroom", "copies of Google Classroom", platforms.classroom),
)
BY_NAME = {
    **{layout.name: layout for layout in LAYOUTS},
    NBGRADER: Layout(NBGRADER, "nbgrader's `submitted/<student>/<unit>/`", platforms.by_place),
    PLAIN: Layout(PLAIN, "a folder or file for each student", platforms.by_place),
}
