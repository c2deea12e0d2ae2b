"""Evidence as a program gives it, for tests of what is made of it."""

from __future__ import annotations

from typing import Any

from autograder.wire.evidence import Evidence


def answers(*values: Any) -> list[Evidence]:
    """Return the evidence of a program that answers each case."""
    return [Evidence("ok", value) for value in values]
