"""A deep-learning course in notebooks, and the grader that makes it trustworthy.

Students use `check` and `digit_pictures`, and a notebook's first cell `prepare`; programs use
`Grader` and `Result`; authors of exercises use the rest, and `digit_pictures`, too.
Nothing heavy is imported until it is used, and no framework ever is.
"""

# Nothing else: `python -m autograder` runs this while the caller's folder is first on `sys.path`,
# and this one module is loaded already then.
import importlib

__version__ = "0.1.0"

TYPE_CHECKING = False  # by which type checkers know it; `typing` would be one import more
if TYPE_CHECKING:
    from autograder.batch.grader import Grader as Grader
    from autograder.course import ready_made as ready_made
    from autograder.course.check import Case as Case
    from autograder.course.exercise import Exercise as Exercise
    from autograder.course.exercise import Unit as Unit
    from autograder.course.observation_source import ExerciseError as ExerciseError
    from autograder.digits import digit_pictures as digit_pictures
    from autograder.guest import probes as probes
    from autograder.judging.closeness import float32 as float32
    from autograder.judging.closeness import float64 as float64
    from autograder.judging.detection import average_precision as average_precision
    from autograder.judging.detection import recall as recall
    from autograder.judging.judges import close as close
    from autograder.judging.judges import exact as exact
    from autograder.judging.judges import unchanged as unchanged
    from autograder.judging.laws import equal_sides as equal_sides
    from autograder.judging.statistical import accuracy as accuracy
    from autograder.judging.statistical import at_most as at_most
    from autograder.judging.statistical import within as within
    from autograder.results.result import Result as Result
    from autograder.student.check import check as check
    from autograder.student.prepare import prepare as prepare

_HOME = {
    "Case": "autograder.course.check",
    "Exercise": "autograder.course.exercise",
    "ExerciseError": "autograder.course.observation_source",
    "Grader": "autograder.batch.grader",
    "Result": "autograder.results.result",
    "Unit": "autograder.course.exercise",
    "accuracy": "autograder.judging.statistical",
    "at_most": "autograder.judging.statistical",
    "average_precision": "autograder.judging.detection",
    "check": "autograder.student.check",
    "close": "autograder.judging.judges",
    "digit_pictures": "autograder.digits",
    "equal_sides": "autograder.judging.laws",
    "exact": "autograder.judging.judges",
    "float32": "autograder.judging.closeness",
    "float64": "autograder.judging.closeness",
    "prepare": "autograder.student.prepare",
    "probes": "autograder.guest.probes",
    "ready_made": "autograder.course.ready_made",
    "recall": "autograder.judging.detection",
    "unchanged": "autograder.judging.judges",
    "within": "autograder.judging.statistical",
}

__all__ = sorted([*_HOME, "__version__"])


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'autograder' has no attribute {name!r}")
    module = importlib.import_module(_HOME[name])
    return module if name in ("probes", "ready_made") else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
