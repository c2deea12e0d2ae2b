"""What a course's `nbgrader_config.py` sets."""

from __future__ import annotations

import warnings
from glob import escape
from pathlib import Path
from typing import Any

from autograder.release import DATA

# nbgrader's own, which setting the option would otherwise take away.
_IGNORED = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
# What authors write, and what editors leave behind; other files are found where they lie, these are
# kept out wherever they lie.
_SOURCES = ["exercises.py", "notebook.py", "figures", ".*"]

# What `zip_collect` takes a file for: `ada_03_optimizers.ipynb`.
_COLLECTED = r".*[/\\](?P<student_id>[^/\\]+?)[-_. ]+(?P<file_id>\d\d_[a-z0-9_]+)"


def configure(config: Any, config_file: str, course_id: str = "") -> None:
    """Makes nbgrader's commands work on a course of `autograder`.

    Args:
        config: what `get_config()` gives in `nbgrader_config.py`.
        config_file: that file, `__file__`; the course is the folder that it lies in.
        course_id: the course's name in the exchange.
    """
    root = Path(config_file).resolve().parent
    config.CourseDirectory.root = str(root)
    if course_id:
        config.CourseDirectory.course_id = course_id
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "assignments"
    config.CourseDirectory.ignore = _ignored(root)
    # The release is there already, generated and under version control; nbgrader would skip it and
    # put nothing into the gradebook.
    config.GenerateAssignment.force = True
    config.FileNameCollectorPlugin.named_regexp = _COLLECTED
    use_sandbox(config)


def use_sandbox(config: Any) -> None:
    """Puts `autograder` into nbgrader's commands, wherever the course's folders are."""
    from nbconvert.preprocessors import ClearMetadataPreprocessor
    from nbgrader import preprocessors as theirs

    from autograder.plugins.nbgrader.execute import GradeInSandbox
    from autograder.plugins.nbgrader.export import GradesExporter
    from autograder.plugins.nbgrader.reading import SubmissionExporter
    from autograder.plugins.nbgrader.release import CheckSource, FinishRelease
    from autograder.plugins.nbgrader.restore import RestoreCells

    # nbgrader 0.9.6 adds a submission to the gradebook after it has given it to its student, and
    # SQLAlchemy says so, harmlessly and in three paragraphs.
    warnings.filterwarnings("ignore", message="Object of type <Submitted")
    config.GenerateAssignment.preprocessors = [
        CheckSource,
        theirs.IncludeHeaderFooter,
        theirs.InstantiateTests,
        theirs.LockCells,
        theirs.ClearSolutions,
        theirs.ClearOutput,
        theirs.CheckCellMetadata,
        theirs.ComputeChecksums,
        theirs.SaveCells,
        theirs.ClearHiddenTests,
        theirs.ClearMarkScheme,
        theirs.ComputeChecksums,
        theirs.CheckCellMetadata,
        FinishRelease,
    ]
    config.Autograde.exporter_class = SubmissionExporter
    config.Autograde.sanitize_preprocessors = [
        theirs.ClearOutput,
        RestoreCells,
        theirs.OverwriteKernelspec,
        theirs.CheckCellMetadata,
    ]
    config.Autograde.autograde_preprocessors = [
        GradeInSandbox,
        theirs.IgnorePattern,
        ClearMetadataPreprocessor,
        theirs.LimitOutput,
        theirs.SaveAutoGrades,
        theirs.AssignLatePenalties,
        theirs.CheckCellMetadata,
    ]
    config.ExportApp.plugin_class = GradesExporter


def _ignored(root: Path) -> list[str]:
    """What nbgrader must not copy: it would put every file of a source folder into the release,
    and again beside each submission.  It compares names, not paths."""
    names = {
        path.name
        for unit in (root / "solutions").glob("*")
        if unit.is_dir()
        for path in unit.iterdir()
        if path.suffix != ".ipynb" and path.name != DATA  # which is for students
    }
    return [*_IGNORED, *_SOURCES, *sorted(map(escape, names.difference(_IGNORED, _SOURCES)))]
