"""nbgrader for this course: its commands stay, `autograder` grades; see docs/nbgrader.md."""

from autograder.plugins.nbgrader import configure

configure(get_config(), __file__, course_id="deep_learning")  # noqa: F821 - nbgrader gives it
