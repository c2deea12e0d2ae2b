"""All knowledge of nbgrader: its commands stay, and grading is done by this package's sandbox.

A course's `nbgrader_config.py` is three lines:

    from autograder.plugins.nbgrader import configure

    configure(get_config(), __file__, course_id="deep_learning")

What follows is read by nbgrader 0.9.6's own commands:

    generate_assignment   `release`    the same bytes as `autograder release`, no source beside them
    autograde             `reading`    the preconditions, and notebooks that nobody can read
                          `restore`    grade and solution cells as the gradebook has them
                          `execute`    findings and points, from the sandbox
    export                `export`     no zero where nothing was graded
    validate              `validation` what `check` does when nbgrader asks

`classes` is `autograder nbgrade`: nbgrader's own autograding, fed by many slots.  `turn` lets one
of the two commands at a time write a course's gradebook.
"""

from __future__ import annotations

from autograder.plugins.nbgrader.config import configure

__all__ = ["configure"]
