"""Whose failure it is: the grader's own, or something that its user can mend."""


class FaultError(Exception):
    """The grader failed; no student is to blame and no point is lost."""


class UserError(Exception):
    """What was asked for can't be done; the message says why, and what to do."""
