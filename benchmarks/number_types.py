"""Do all checks of an exercise agree on each type that numbers may have?

Every function of a unit's reference is graded as if its author computed in that type: what it
returns has the type, and what the unit's functions get back of it they can use.  A row says what
the checks of one exercise make of one type: `accepted`, `named` (refused, with its name and what to
write), or which checks pass and which do not.  Checks that don't look at the result are left out.

    python benchmarks/number_types.py [UNIT ...] [--types list masked ...]
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.rows import assessed, without_training
from autograder.course.course import Course
from autograder.course.exercise import Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results.result import ExerciseResult
from autograder.sandbox.pool import Pool
from autograder.wire.program import Program

COURSE = Path(__file__).parents[1]

# Each type as an expression of an array `a` of floats; what it needs installed; and "scalars" where
# numbers without axes have the type as well.
TYPES = {
    "list": ("a.tolist() if a.ndim else a", ""),
    "nested tuple": ("_nested(a.tolist()) if a.ndim > 1 else a", ""),
    "TensorFlow tensor": ("_tf.constant(a)", "tensorflow"),
    "Keras variable": ("_keras.Variable(a, dtype='float64')", "keras"),
    "JAX array": ("_jnp.asarray(a)", "jax"),
    "torch tensor": ("_torch.tensor(a, requires_grad=True)", "torch"),
    "pandas": ("{1: _pd.Series, 2: _pd.DataFrame}.get(a.ndim, _np.asarray)(a)", "pandas"),
    "xarray": ("_xr.DataArray(a)", "xarray"),
    "longdouble": ("a.astype(_np.longdouble)", ""),
    "float32": ("a.astype(_np.float32)", ""),
    "0-d array": ("_np.array(a)", ""),
    "array of objects": ("a.astype(object)", ""),
    "list of Fraction": ("_each(_Fraction, a)", ""),
    "list of Decimal": ("_each(_Decimal, a)", ""),
    "subclass": ("a.view(_Own)", ""),
    "Python int, bool": ("a.item() if not a.ndim else a", ""),
    "generator": ("(row for row in a) if a.ndim else a", ""),
    "masked array": ("_np.ma.masked_array(a)", ""),
    "np.matrix": ("_np.matrix(a) if a.ndim in (1, 2) else _np.matrix([[a.flat[0]]])", ""),
    "float16": ("a.astype(_np.float16)", ""),
    "bfloat16": ("a.astype(_ml_dtypes.bfloat16)", "ml_dtypes"),
    "complex": ("a.astype(_np.complex128)", ""),
    "sparse matrix": (
        "_sparse.csr_array(a.reshape(-1, max(1, a.shape[-1] if a.ndim else 1)))",
        "scipy",
    ),
}
UNSEEN = "object()"
IMPORTS = {
    "tensorflow": "import tensorflow as _tf",
    "keras": "import keras as _keras",
    "jax": "import jax.numpy as _jnp",
    "torch": "import torch as _torch",
    "pandas": "import pandas as _pd",
    "xarray": "import xarray as _xr",
    "scipy": "from scipy import sparse as _sparse",
    "ml_dtypes": "import ml_dtypes as _ml_dtypes",
}
IN_TYPE = """
import functools as _functools, types as _types, numpy as _np
from fractions import Fraction as _Fraction
from decimal import Decimal as _Decimal

class _Own(_np.ndarray):
    pass

def _nested(rows):
    return tuple(map(_nested, rows)) if isinstance(rows, list) else rows

def _each(kind, a):
    if not a.ndim:
        return kind(a.item()) if _np.isfinite(a) else a
    return [_each(kind, row) for row in a]

def _typed(value):
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_typed(item) for item in value)
    if isinstance(value, (float, _np.ndarray, _np.generic)):
        a = _np.asarray(value)
        if a.dtype.kind == "f":
            found = TYPED
            _plain[id(found)] = found, value
            return found
    return value

_plain = {}

def _untyped(value):
    if id(value) in _plain and _plain[id(value)][0] is value:
        return _plain[id(value)][1]
    if isinstance(value, dict):
        items = {key: _untyped(item) for key, item in value.items()}
        return items if any(items[key] is not value[key] for key in value) else value
    return value

def _in_type(function, result):
    @_functools.wraps(function)
    def typed(*args, **more):
        more = {key: _untyped(value) for key, value in more.items()}
        return result(function(*map(_untyped, args), **more))
    return typed

for _name in NAMES:
    if isinstance(globals().get(_name), _types.FunctionType):
        _result = _typed if _name == NAME else lambda value: value
        globals()[_name] = _in_type(globals()[_name], _result)
"""


@dataclass(frozen=True)
class Row:
    """What the checks of one exercise make of one type."""

    unit: str
    exercise: str
    type_name: str
    accepted: tuple[str, ...]
    named: tuple[str, ...]
    otherwise: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the type is accepted everywhere, or everywhere refused by name."""
        return not self.otherwise and not (self.named and self.accepted)

    def __str__(self) -> str:
        if self.agrees:
            return "named" if self.named else "accepted"
        parts = (
            ("accepted by", self.accepted),
            ("named by", self.named),
            ("otherwise", self.otherwise),
        )
        return "; ".join(f"{word} {', '.join(checks)}" for word, checks in parts if checks)


def program(loaded: LoadedUnit, exercise: Exercise, typed: str, needed: str = "") -> Program:
    """Return the unit's reference with one exercise's results as an expression of an array `a`."""
    cells = loaded.reference.cells
    source = IN_TYPE.replace("NAMES", repr([other.name for other in loaded.unit.exercises]))
    source = source.replace("NAME", repr(exercise.name)).replace("TYPED", typed)
    last = max(number for number, _ in cells)
    return Program((*cells, (last + 1, IMPORTS.get(needed, "") + source)))


def rows(
    oracle: ReferenceOracle, type_names: Sequence[str], exercises: Sequence[str] = ()
) -> Iterator[Row]:
    """Yield a row for each exercise and each of the types."""
    for exercise in oracle.loaded.unit.exercises:
        if exercises and exercise.name not in exercises:
            continue
        exercise = without_training(exercise)
        blind = assessed(oracle, exercise, program(oracle.loaded, exercise, UNSEEN))
        unseen = {item.check for item in blind.findings if item.verdict in ("passed", "skipped")}
        for type_name in type_names:
            typed = program(oracle.loaded, exercise, *TYPES[type_name])
            yield row(oracle.loaded.name, type_name, assessed(oracle, exercise, typed), unseen)


def row(unit: str, type_name: str, result: ExerciseResult, unseen: Collection[str]) -> Row:
    """Return what the findings of one exercise say, but for the checks that don't look."""
    accepted, named, otherwise = [], [], []
    for finding in result.findings:
        if finding.check in unseen:
            continue
        if finding.verdict == "passed":
            accepted.append(finding.check)
        elif "came back as" in finding.seen:
            named.append(finding.check)
        elif finding.verdict != "skipped":
            otherwise.append(f"{finding.check} ({finding.verdict}: {finding.seen})")
    return Row(unit, result.exercise, type_name, *map(tuple, (accepted, named, otherwise)))


def installed() -> list[str]:
    """Return the types whose libraries are installed here."""
    return [name for name, (_, needed) in TYPES.items() if not needed or _is_there(needed)]


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="*", metavar="UNIT")
    parser.add_argument("--types", nargs="*", choices=installed(), default=installed())
    parser.add_argument("--exercises", nargs="*", default=())
    options = parser.parse_args()
    course = Course(COURSE)
    left_out = [name for name in TYPES if name not in installed()]
    print(f"Not installed here: {', '.join(left_out) or 'nothing'}.\n")
    print("| unit | exercise | type | all checks agree | checks |\n|---|---|---|---|---|")
    disagree = 0
    with Pool() as pool:
        for name in options.units or course.unit_names():
            oracle = ReferenceOracle(course.load(name), "types", pool, EvidenceCache(None))
            for found in rows(oracle, options.types, options.exercises):
                disagree += not found.agrees
                agrees = "yes" if found.agrees else "NO"
                cells = (found.unit, f"`{found.exercise}`", found.type_name, agrees, found)
                print("|", " | ".join(map(str, cells)), "|", flush=True)
            oracle.close()
    print(f"\n{disagree} rows where checks of an exercise disagree.")
    sys.exit(bool(disagree))


if __name__ == "__main__":
    main()
