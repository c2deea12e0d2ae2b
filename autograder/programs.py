"""Every other program that the grader starts, and how.

The grader is started in folders that hold students' files, and Python and the shell look for
programs, modules and settings where they are started.  So nothing that is started here is found in
the caller's folder, runs there or gets the caller's environment.  `tests/unit/test_programs.py`
fails for a program that is started in another way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path("/")  # a working directory in which only the machine's administrator can put files
PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Command:
    """A program with all that it is given: its words, its whole environment, its folder."""

    words: list[str]
    environment: Mapping[str, str]
    folder: Path = ROOT

    def run(self, seconds: float | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run it to its end and return what it said and its status, whichever that is.

        Raises:
            OSError: it can't be started.
            subprocess.TimeoutExpired: it took longer than `seconds`.
        """
        return subprocess.run(
            self.words,
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )

    def start(self, *more: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start it with `more` words and don't wait; `options` are those of `subprocess.Popen`.

        Raises:
            OSError: it can't be started.
        """
        return subprocess.Popen(
            [*self.words, *more],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            **options,
        )


def find(name: str, path: str | None = None) -> str | None:
    """Return where a program lies, None if it is nowhere.

    Args:
        name: the program's.
        path: where to look, if not on the PATH.  Entries that are empty or relative are passed
            over: they mean the caller's folder.
    """
    if path is None:
        path = os.environ.get("PATH", os.defpath)
    return shutil.which(name, path=absolute(path))


def absolute(path: str) -> str:
    """Return a list of folders, such as the PATH, without those that are empty or relative."""
    return os.pathsep.join(filter(os.path.isabs, path.split(os.pathsep)))


def keep_absolute() -> None:
    """Take the caller's folder off the PATH, for libraries that start programs themselves.

    jupytext asks for pandoc when it is imported, matplotlib asks `fc-list` for fonts, and nbgrader
    calls `alembic` to make a gradebook.
    """
    os.environ["PATH"] = absolute(os.environ.get("PATH", os.defpath))


def native(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> Command:
    """Return the start of a program that is no Python.

    Of the environment it gets what the linker needs to find its libraries: some clusters have a
    driver's in a place that only this variable tells.
    """
    given = {"PATH": os.defpath, "LANG": "C.UTF-8"}
    if libraries := absolute(environment.get("LD_LIBRARY_PATH", "")):
        given["LD_LIBRARY_PATH"] = libraries
    return Command(list(words), given)


def isolated_python(source: str, environment: Mapping[str, str], folder: Path) -> Command:
    """Return the start of a Python that runs a text and needs nothing of this package.

    It imports from the standard library and the installed packages alone (`-I`).
    """
    words = [sys.executable, "-I", "-c", source]
    return Command(words, {**_basic(folder), **environment}, folder)


def python(
    module: str, *words: str, environment: Mapping[str, str] | None = None, folder: Path = ROOT
) -> Command:
    """Return the start of a Python that runs a module of this package.

    It imports this package and what is installed, and nothing from its working directory (`-P`).

    Args:
        module: such as `autograder.guest.template`.
        words: its arguments.
        environment: what it gets beside the few variables that every Python needs.
        folder: its working directory, and its home.
    """
    given = {**_basic(folder), **python_environment(PACKAGE.parent), **(environment or {})}
    return Command(python_words(sys.executable, module, *words), given, folder)


def python_words(python: str, module: str, *words: str) -> list[str]:
    """Return the words that run a module; also for a Python that another program starts."""
    return [python, "-P", "-s", "-m", module, *words]


def python_environment(package_parent: Path) -> dict[str, str]:
    """Return the variables by which a Python finds this package and nothing else of the caller."""
    return {"PYTHONPATH": str(package_parent), "PYTHONSAFEPATH": "1"}


def _basic(folder: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8"}
