"""`autograder doctor`: what this machine can do to isolate student code."""

from __future__ import annotations

import click

from autograder.cli import options

MARKS = {True: "ok", False: "NO", None: "--"}


@click.command()
@options.on_linux
def doctor() -> int:
    """Says what this machine can do to isolate student code, and how to fix what it can't."""
    from autograder.backends import asked_for
    from autograder.cli.console import consoles, line
    from autograder.sandbox.diagnosis import diagnose

    console, _ = consoles()
    held = []
    for tried in diagnose(asked_for()):
        line(console, f"{MARKS[tried.holds]}   {tried.what}")
        for text in tried.advice:
            line(console, f"    {text}")
        held.append(tried.holds is not False)
    return 0 if all(held) else 1
