"""What to say of a result whose numbers are of a type that checks do not read.

Which types those are is decided beside the student's code, by `autograder.guest.returned`.
"""

from __future__ import annotations

import re
from typing import Final

from autograder.wire.evidence import UNUSABLE, Failure

_WIDER: Final = (
    "Compute in `float64`, NumPy's default: leave that type out, or begin with "
    "`….astype(np.float64)`."
)

# By kind: what came back, what is read, what to write.
_WORDS: Final = {
    "masked": (
        "a `numpy.ma.MaskedArray`",
        "A plain array: a masked entry has no value.",
        "Return a plain array: `np.asarray(…)`.",
    ),
    "matrix": (
        "a `numpy.matrix`",
        "A plain array: a matrix always has two axes, and `*` multiplies it by other rules.",
        "Return a plain array: `np.asarray(…)`. Write `@` for matrix products.",
    ),
    "sparse": (
        "a sparse matrix of SciPy",
        "A plain array, zeros included.",
        "Return a plain array: `….toarray()`.",
    ),
    "complex": (
        "complex",
        "Real numbers.",
        "Return the real part, `np.real(…)`, or compute with real numbers from the start.",
    ),
    "float16": ("`float16`", "Numbers with more than three correct digits.", _WIDER),
    "bfloat16": ("`bfloat16` or shorter", "Numbers with more than two correct digits.", _WIDER),
}
_PLACE: Final = re.compile(r"(?:\[(?:\d{1,9}|'[\w .:-]{1,80}')\])*")


def unusable(failure: Failure | None) -> tuple[str, str, str] | None:
    """Return what was seen, what was expected and what to do; None for other failures.

    The student's process may have sent anything, and quotes nothing here: names and places that
    are none are left out.
    """
    if failure is None or failure.type_name != UNUSABLE or failure.message not in _WORDS:
        return None
    what, expected, advice = _WORDS[failure.message]
    place = failure.code if _PLACE.fullmatch(failure.code) else ""
    name = failure.function if failure.function.isidentifier() else "f"
    return f"`{name}(…){place}` came back as {what}.", expected, advice
