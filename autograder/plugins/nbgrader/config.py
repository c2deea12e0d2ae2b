"""What a course's `nbgrader_config.py` sets."""

from __future__ import annotations

import logging
import re
import warnings
from glob import escape
from pathlib import Path
from typing import Any

from autograder.authoring.release import DATA
from autograder.report import output, plain_matplotlib

# nbgrader's own, which setting the option would otherwise take away.
_IGNORED = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
# What authors write, and what editors leave behind; other files are found where they lie, these are
# kept out wherever they lie.
_SOURCES = ["exercises.py", "exercises", "notebook.py", "figures", ".*"]


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
    config.FileNameCollectorPlugin.named_regexp = _collected(root)
    use_sandbox(config)


def use_sandbox(config: Any) -> None:
    """Puts `autograder` into nbgrader's commands, wherever the course's folders are."""
    plain_matplotlib.install()
    from nbconvert.preprocessors import ClearMetadataPreprocessor
    from nbgrader import apps
    from nbgrader import preprocessors as theirs

    from autograder.plugins.nbgrader.export import GradesExporter
    from autograder.plugins.nbgrader.exporter import SubmissionExporter
    from autograder.plugins.nbgrader.preprocessor import GradeInSandbox
    from autograder.plugins.nbgrader.release import CheckSource, FinishRelease
    from autograder.plugins.nbgrader.restore import RestoreCells

    for name in apps.__all__:  # each command's log has the name of its class
        output.clean_log(logging.getLogger(name))
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
        for unit in _unit_folders(root)
        for path in unit.iterdir()
        if path.suffix != ".ipynb" and path.name != DATA  # which is for students
    }
    return [*_IGNORED, *_SOURCES, *sorted(map(escape, names.difference(_IGNORED, _SOURCES)))]


def _collected(root: Path) -> str:
    """What `zip_collect` takes a file for: `ada_03_optimizers.ipynb`, and what a learning platform
    makes of that when it is handed in twice, `ada_03_optimizers-1.ipynb`."""
    names = sorted((unit.name for unit in _unit_folders(root)), reverse=True)  # longer ones first
    unit = "|".join(map(re.escape, names)) or r"\w+"
    # Students choose these names: each part ends where the next begins, so that no name takes
    # long, and nobody's id breaks a line.
    other = r"/\\\x00-\x1f\x7f"
    student = rf"(?P<student_id>[^{other}]*[^{other}_. -])"
    return rf".*[/\\]{student}[-_. ]+(?P<file_id>{unit})(?![a-zA-Z0-9])"


def _unit_folders(root: Path) -> list[Path]:
    return [path for path in (root / "solutions").glob("*") if path.is_dir()]
