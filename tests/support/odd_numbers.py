"""Right answers whose numbers are of odd types, in the form of `odd_notebooks`."""

from __future__ import annotations

from support.odd_notebooks import Edit, OddNotebook

_RIGHT = "X - X.mean(axis=1, keepdims=True)"
_ACCEPTED = {
    "list": "A.tolist()",
    "tuple": "tuple(map(tuple, A))",
    "rows": "list(A)",
    "generator": "(row for row in A)",
    "longdouble": "A.astype(np.longdouble)",
    "fractions": "[[Fraction(x) for x in row] for row in A]",
    "decimals": "np.array([[Decimal(x) for x in row] for row in A])",
    "float32": "A.astype(np.float32)",
    "memmap": "A.view(np.memmap)",
}
_NAMED = {
    "masked": ("np.ma.masked_array(A)", "a `numpy.ma.MaskedArray`", "`np.asarray(…)`"),
    "matrix": ("np.matrix(A)", "a `numpy.matrix`", "`np.asarray(…)`"),
    "complex": ("A + 0j", "complex", "`np.real(…)`"),
    "float16": ("A.astype(np.float16)", "`float16`", "`….astype(np.float64)`"),
}
_IMPORTS = "from decimal import Decimal\nfrom fractions import Fraction\n"
# Whose own code needs a plain array, so it doesn't call `center`.
_LEARN = f"""\
def learn(X, y, steps, rng):
    centred, w = {_RIGHT}, np.zeros(len(X))
    for i in rng.integers(X.shape[1], size=steps):
        if y[i] * (w @ centred[:, i]) <= 0:
            w = w + y[i] * centred[:, i]
    return w
"""
_HEAD = f"{_IMPORTS}def center(X):\n    A = {_RIGHT}\n    return "


def _answered(result: str) -> bytes:
    return Edit().answer(_HEAD + result).answer(_LEARN, "learn").json


NUMBERS = (
    *(
        OddNotebook(f"numbers-{name}", 14, _answered(result), 5, (), ("came back as",))
        for name, result in _ACCEPTED.items()
    ),
    *(
        OddNotebook(
            f"numbers-{name}",
            14,
            _answered(result),
            3,
            (f"`center(…)` came back as {seen}.", advice),
        )
        for name, (result, seen, advice) in _NAMED.items()
    ),
)
