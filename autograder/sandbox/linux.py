"""Grading needs Linux; elsewhere this says so, and how to get one."""

from __future__ import annotations

import sys

from autograder.errors import DISTRIBUTION, UserError, pip_install

_SYSTEMS = {"win32": "Windows", "darwin": "macOS"}
# As in the Dockerfile, which says why.
_DOCKER = (
    "docker run --rm --cap-drop ALL --security-opt no-new-privileges --security-opt "
    'seccomp=unconfined --security-opt apparmor=unconfined --volume "${PWD}:/course"'
)


class LinuxError(UserError):
    """What was asked for runs student code in a sandbox, which only Linux has."""


def need_linux(command: str, but: str = "") -> None:
    """Make sure that this is Linux.

    Args:
        command: The word after `autograder` that a person typed.
        but: What of the command works everywhere, if anything.

    Raises:
        LinuxError: It isn't; the message says what to type instead.
    """
    if sys.platform == "linux":
        return
    here = _SYSTEMS.get(sys.platform, sys.platform)
    docker = (
        f"With Docker, once in this grader's repository: `docker build --target grader --tag "
        f"{DISTRIBUTION} .`; then in the course's folder: `{_DOCKER} {DISTRIBUTION} "
        f"autograder {command} …`."
    )
    wsl = (
        "In WSL 2 (`wsl --install` makes one), in the course's folder: `python3 -m venv ~/grader "
        f"&& ~/grader/bin/{pip_install('grade')}`, then `~/grader/bin/autograder {command} …`."
    )
    raise LinuxError(
        "\n".join(
            [
                f"`autograder {command}` runs programs in a sandbox, which needs Linux. "
                + (f"Here, on {here}, it {but}." if but else f"This is {here}."),
                *([f"  {wsl}"] if sys.platform == "win32" else []),
                f"  {docker}",
                "`check`, `autograder report` and `autograder release --check` work everywhere.",
            ]
        )
    )
