"""A deep-learning course in notebooks, and the grader that makes it trustworthy.

Students use `check`; authors of `exercises.py` use the rest.  Nothing heavy is imported until it
is used, and no framework ever is.
"""

# Nothing else: `python -m autograder` runs this while the caller's folder is first on `sys.path`,
# and this one module is loaded already then.
import importlib

__version__ = "0.1.0"

_HOME = {
    "Case": "autograder.exercise",
    "Unit": "autograder.exercise",
    "accuracy": "autograder.judge",
    "at_most": "autograder.judge",
    "check": "autograder.notebook_check",
    "close": "autograder.judge",
    "equal_sides": "autograder.judge",
    "exact": "autograder.judge",
    "float32": "autograder.judge",
    "float64": "autograder.judge",
    "unchanged": "autograder.judge",
    "within": "autograder.judge",
}

__all__ = sorted([*_HOME, "__version__"])


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'autograder' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
