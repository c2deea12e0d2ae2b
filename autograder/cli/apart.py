"""Keeps the command line apart from the folder in which it is called: that may be a student's.

So it does from another package that has this import name, where both were installed.

Importing this does it, once and for the whole process.  The command line imports it before anything
else, so that this module uses only what every Python has loaded by the time it runs a program.
"""

import os
import sys


def without_caller(path: list[str], given: str) -> list[str]:
    """Return `sys.path` without the caller's folder.

    Python puts that folder there for each part of PYTHONPATH, `given`, that is empty or relative,
    and writes it out in full.  What is imported from there already, this package perhaps, goes on
    to find its own submodules.
    """
    parts = given.split(os.pathsep) if given else []
    unwanted = {os.path.abspath(part) for part in parts if not os.path.isabs(part)}
    unwanted -= {os.path.abspath(part) for part in parts if os.path.isabs(part)}
    return [entry for entry in path if os.path.isabs(entry) and entry not in unwanted]


sys.path[:] = without_caller(sys.path, os.environ.get("PYTHONPATH", ""))

import autograder  # not before
from autograder import programs
from autograder.errors import DISTRIBUTION

# Two packages of one import name are installed into one folder, where the later one's `__init__`
# counts, and none is left when that one is uninstalled.
if "check" not in getattr(autograder, "__all__", ()):
    sys.exit(
        f"autograder: `{next(iter(autograder.__path__))}` holds files of another package with this "
        "import name; only one of the two can be installed. Type `pip uninstall -y autograder`, "
        f"then `pip install --force-reinstall --no-deps {DISTRIBUTION}`."
    )
programs.keep_absolute()
