"""`autograder doctor`: what this machine can do to isolate student code."""

from __future__ import annotations

import click


@click.command()
def doctor() -> int:
    """Says what this machine can do to isolate student code, and how to mend what it can't."""
    from autograder.backends import asked_for
    from autograder.cli.console import consoles
    from autograder.cli.diagnosis import diagnose

    console, _ = consoles()
    return diagnose(console, asked_for())
