"""The grader's own failures."""


class FaultError(Exception):
    """The grader failed; no student is to blame and no point is lost."""
