"""What functions return, as checks see it: plain arrays, lists that act as such, or a name."""

from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from support.places import ROOT

from autograder.guest import probes
from autograder.guest.returned import ready
from autograder.guest.unusable import UnusableResult
from autograder.guest.worker import MissingName, ObservedNamespace, ProgramView
from autograder.wire.evidence import Evidence

A = np.random.default_rng(5).normal(size=(3, 4))


class Own(np.ndarray):
    """A student's own kind of array."""


class Frame:
    """An array of another library."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return A.astype(dtype or float)


def view(**names: Any) -> ProgramView:
    return ProgramView(names)


def read(value: Any, *args: Any) -> Any:
    """What a check sees of a function's result."""
    return view(f=lambda *_: value).f(*args)


def observed(source: str, **names: Any) -> Evidence:
    return ObservedNamespace(names, lambda _: 0).observe(source, {})


@pytest.mark.parametrize(
    "value",
    [
        A,
        A.astype(np.longdouble),
        A.view(Own),
        A.astype(object),
        np.array([[Fraction(x) for x in row] for row in A]),
        Frame(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arrays_of_any_kind_are_read_as_plain_ones(value: Any) -> None:
    found = read(value)
    assert type(found) is np.ndarray and found.dtype == np.float64
    np.testing.assert_array_equal(found, A)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        (np.longdouble("0.5"), 0.5),
        (np.array(0.5), 0.5),
        (Fraction(1, 2), 0.5),
        (Decimal("0.5"), 0.5),
        (3, 3),
        (True, True),
        (np.bool_(True), True),
    ],
)
def test_numbers_of_any_kind_are_numbers(value: Any, number: float) -> None:
    found = read(value)
    assert found == number and np.asarray(found).dtype.kind == np.asarray(number).dtype.kind


@pytest.mark.parametrize("value", [A, 0.5, "text", None, len, {"a": A, "b": "text"}, (A, {"a": A})])
def test_what_is_plain_stays_the_same_object(value: Any) -> None:
    assert read(value) is value


def test_tensors_are_read_unless_the_function_was_given_some() -> None:
    import keras

    tensor = keras.ops.convert_to_tensor(A)
    for given in (tensor, keras.Variable(A, dtype="float64")):
        np.testing.assert_array_equal(read(given, A), A)
        assert read(given, tensor) is given
        assert read({"cache": [given]}, {"a": tensor})["cache"][0] is given


IN_JAX = """
import jax, numpy as np
from autograder.guest.worker import ProgramView

def read(f):
    return ProgramView({"f": f}).f()

found = read(lambda: {"Z": jax.numpy.ones(3)})["Z"]
assert type(found) is np.ndarray and found.dtype == np.float32
np.testing.assert_array_equal(read(jax.jit(lambda: jax.numpy.zeros(3))) - 1, -np.ones(3))
assert read(lambda: jax.numpy.ones(2, "bfloat16"))._what[2] == "bfloat16"
"""


def test_jax_arrays_are_read() -> None:
    pytest.importorskip("jax")  # in a process of its own: it minds forks
    subprocess.run([sys.executable, "-c", IN_JAX], check=True, cwd=ROOT)


@pytest.mark.parametrize("make", [np.ndarray.tolist, list, lambda a: [Fraction(x) for x in a]])
def test_a_list_of_numbers_does_what_an_array_does(make: Callable[[Any], Any]) -> None:
    a, b = A[0], A[1]
    assert isinstance(read(make(a)), list) and type(read(make(a))).__name__ == "list"
    found, other = read(make(a)), read(make(b))
    for got, want in [
        (found - other, a - b),
        (found + other, a + b),
        (found * 2, a * 2),
        (2 * found, a * 2),
        (found / b, a / b),
        (b / found, b / a),
        (-found, -a),
        (abs(found), abs(a)),
        (found**2, a**2),
        (found @ other, a @ b),
        (found > 0, a > 0),
        (found == 0, a == 0),
        (found[[1, 0]], a[[1, 0]]),
        (found[found > 0], a[a > 0]),
        (found[1:] - 1, a[1:] - 1),
        (found.copy() - 1, a - 1),
        (found.sum(), a.sum()),
        (found.shape, a.shape),
    ]:
        np.testing.assert_allclose(got, want)
    found += b
    np.testing.assert_allclose(found, a + b)


def test_rows_in_lists_or_tuples_are_indexed_as_arrays_are() -> None:
    for rows in (A.tolist(), tuple(map(tuple, A)), [tuple(row) for row in A], list(A)):
        found = read(rows)
        np.testing.assert_array_equal(found[:, [1, 0]], A[:, [1, 0]])
        np.testing.assert_array_equal(found[0] - 1.0, A[0] - 1.0)
        np.testing.assert_array_equal(found.T, A.T)


def test_a_list_is_a_list_all_the_same() -> None:
    found, more = read([1, 2, 3]), [4]
    assert found == [1, 2, 3] and (found + more) == [1, 2, 3, 4] and [0, *found] == [0, 1, 2, 3]
    assert found < [2] and found.index(2) == 1 and found[:2] == [1, 2]
    found.append(4)
    assert len(found) == 4
    label, end = read((1, 2)), (3,)
    assert label == (1, 2) and {label: "here"}[1, 2] == "here" and label + end == (1, 2, 3)
    assert read([]) == [] and read(["a", 1]) == ["a", 1]


def test_other_sequences_are_read_as_lists() -> None:
    Pair = namedtuple("Pair", "out mask")
    for value in (range(3), (n for n in range(3)), map(int, "012"), {0: 0, 1: 1, 2: 2}.keys()):
        np.testing.assert_array_equal(read(value) + 1, [1, 2, 3])
    pair = read(Pair([1.0], Frame()))
    assert pair.out == [1.0] and type(pair.mask) is np.ndarray


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.ma.masked_array(A), "masked"),
        (np.ma.masked, "masked"),
        (np.matrix(A), "matrix"),
        (sparse.csr_array(A), "sparse"),
        (A.astype(complex), "complex"),
        (1j, "complex"),
        (np.complex64(1), "complex"),
        (A.astype(np.float16), "float16"),
        (np.float16(1), "float16"),
    ],
)
@pytest.mark.parametrize(
    "use",
    ["{}", "{} + 1", "1 - {}", "np.sum({})", "{}[:, 0]", "{}.T", "float({})", "{} > 0",
     "bool(np.array_equal({}, 3))"],
)  # fmt: skip
def test_what_cannot_be_read_fails_by_name_when_it_is_used(value: Any, kind: str, use: str) -> None:
    source = "def check(program):\n    return " + use.format("program.f()['Z'][1]")
    failure = observed(source, f=lambda: {"Z": [0, value]}).failure
    assert failure is not None
    assert (failure.type_name, failure.message) == ("UnusableResult", kind)
    assert (failure.function, failure.code) == ("f", "['Z'][1]")


def test_what_is_not_used_fails_nowhere() -> None:
    def f() -> Any:
        return {"Z": A, "own": np.ma.masked_array(A)}

    evidence = observed("def check(program):\n    return program.f()['Z']", f=f)
    assert evidence.status == "ok"
    np.testing.assert_array_equal(evidence.value, A)


def test_numbers_of_the_kind_that_was_given_may_come_back() -> None:
    for kind in (complex, np.float16):
        given = A.astype(kind)
        assert read(given, {"x": given}) is given


def test_an_exercise_about_a_type_gets_what_was_returned() -> None:
    program = view(f=lambda: np.ma.masked_array(A))
    assert type(probes.as_returned(program.f)()) is np.ma.MaskedArray


def test_a_function_gets_back_what_it_made() -> None:
    """A cache may hold tensors that `backward` uses as such."""
    cache = {"Z": Frame(), "own": np.ma.masked_array(A)}
    seen: list[Any] = []
    program = view(forward=lambda: (A, cache), backward=seen.append)
    found = program.forward()[1]
    assert type(found["Z"]) is np.ndarray
    program.backward(found)
    program.backward({"inside": found})
    program.backward(found["own"])
    assert seen[0] is cache and seen[1]["inside"] is cache and seen[2] is cache["own"]
    found["Z"] = A + 1  # the check's own
    program.backward(found)
    np.testing.assert_array_equal(seen[3]["Z"], A + 1)


def test_an_observation_may_return_tensors_and_wide_numbers() -> None:
    import keras

    found = ready({"t": keras.ops.convert_to_tensor(A), "w": np.longdouble(1), "f": len})
    assert type(found["t"]) is np.ndarray and found["w"].dtype == np.float64 and found["f"] is len
    with pytest.raises(UnusableResult):
        ready([read(np.ma.masked_array(A))])


def test_functions_that_were_decorated_or_compiled_are_read_as_well() -> None:
    import functools

    import tensorflow as tf

    functions = [
        functools.lru_cache(lambda: [1.0]),
        functools.partial(lambda x: x, [1.0]),
        tf.function(lambda: tf.constant([1.0])),
    ]
    for function in functions:
        np.testing.assert_array_equal(view(f=function).f() + 1, [2.0])


def test_names_of_the_view_are_not_the_program_s() -> None:
    for name in ("unusable", "reader", "__class_getitem__"):
        with pytest.raises(MissingName):
            getattr(view(), name)
