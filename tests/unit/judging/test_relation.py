"""Relations: told where they hold, not where they don't, never with a wanted number."""

import math
import re
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.trees import hostile_trees

from autograder.judging.relation import relation

rng = np.random.default_rng(3)
B = rng.normal(size=(3, 5))
C = rng.normal(size=(2, 3, 5))
X = rng.normal(size=(4, 7))
INPUTS = {"X": X, "learning_rate": 0.1, "activation": "tanh"}

FACTOR, SIGN, OFFSET = "times what it should be", "opposite sign", "off by the same amount"
TRANSPOSE, AXES, BROADCAST = "is the transpose", "axes in another order", "something was broadcast"
SHAPE, KEEPDIMS, ZERO = "right numbers in shape", "keepdims=True", "is zero everywhere"
REVERSED, SHIFTED = "in reverse order along axis", "is shifted by one along axis"
INPUT, OTHER_CASE = "equals the input `X`", "answer to another case"

FOUND = [
    (np.zeros_like(B), B, ZERO),
    (np.zeros(2), B, ZERO),
    (0.0, 1.5, ZERO),
    (-B, B, SIGN),
    (-2.5, 2.5, SIGN),
    (7 * B, B, "is 7 times what it should be, everywhere; 7 is the number of columns of `X`."),
    (-4 * B, B, "is minus 4 times what it should be, everywhere; 4 is the number of rows of `X`."),
    (B / 7, B, "of what it should be, everywhere; 7 is the number of columns of `X`."),
    (2 * B, B, "is 2 times what it should be, everywhere."),
    (2.5 * B, B, "is 2.5 times what it should be, everywhere."),
    (7 * 1.3, 1.3, "7 is the number of columns of `X`"),
    (B + 0.5, B, OFFSET),
    (B - 0.25, B, OFFSET),
    (B.T, B, TRANSPOSE),
    (C.transpose(2, 0, 1), C, "`transpose(1, 2, 0)` would put them right"),
    (C.transpose(0, 2, 1), C, "`transpose(0, 2, 1)` would put them right"),
    (B[:1], B[0], KEEPDIMS),
    (B[0], B[:1].T, KEEPDIMS),
    (B[:1].T, B[:1], KEEPDIMS),
    (np.tile(B[0], (3, 1)), B[0], BROADCAST),
    (np.full((3, 3), 1.5), 1.5, BROADCAST),
    (B[::-1], B, "is in reverse order along axis 0"),
    (B[:, ::-1], B, "is in reverse order along axis 1"),
    (np.roll(B, 1, axis=1), B, "is shifted by one along axis 1"),
    (np.roll(B, -1, axis=1), B, "is shifted by one along axis 1"),
    (np.r_[0.0, B[0, :-1]], B[0], "is shifted by one along axis 0"),
    (X, X @ np.eye(7) * rng.normal(size=7), INPUT),
]


@pytest.mark.parametrize(("got", "want", "told"), FOUND, ids=range(len(FOUND)))
def test_a_relation_that_holds_is_told(got, want, told):
    assert told in relation(got, want, INPUTS)
    assert relation(got, want, INPUTS).startswith("The result ")
    assert told in relation({"dW": [1.0, got]}, {"dW": [1.0, want]}, INPUTS)
    assert relation({"dW": got}, {"dW": want}, INPUTS).startswith("`dW` ")


@pytest.mark.parametrize(("got", "want", "told"), FOUND, ids=range(len(FOUND)))
def test_rounding_hides_no_relation(got, want, told):
    rounded = np.asarray(got, dtype="float32")
    assert told in relation(rounded, want, INPUTS)


def test_the_value_of_another_output_is_told():
    want = {"W": B, "V": 2 + B * B}
    assert relation({"W": want["V"], "V": want["V"]}, want, {}) == "`W` holds what `V` should hold."


def test_the_answer_to_another_case_is_told():
    others = ({"a": B, "n": 3}, {"a": np.sin(B)}, {"b": np.cos(B)})
    assert OTHER_CASE in relation({"a": np.sin(B)}, {"a": np.exp(B)}, INPUTS, others)
    assert relation({"a": np.cos(B)}, {"a": np.exp(B)}, INPUTS, others) == ""


def test_an_input_inside_a_dict_is_told():
    inputs = {"params": {"W1": B, "b1": 2.0}}
    assert "`params[W1]`" in relation(B, np.exp(B), inputs)


def test_the_first_leaf_that_is_off_is_told():
    want = {"A": B, "Z": C}
    assert relation({"A": B, "Z": -C}, want, {}).startswith("`Z` has the opposite sign")


E1, E4 = np.eye(5)[0], np.eye(5)[4]

NOT_FOUND = [
    (B, B, "The result"),
    (B * 1.0000001, B, "The result"),
    (B * 1.000005, B, "times"),
    (B * 0.999995, B, "of what it should be"),
    (np.where(B > 0, 2 * B, B), B, "times"),
    (np.where(B > 0, B, -B), B, "sign"),
    (np.r_[0.0, 0.0, 7.0], np.r_[0.0, 0.0, 5.0], "times"),
    (np.ones(3), np.full(3, 0.75), "times"),
    (np.ones(3), np.full(3, 0.75), "off by"),
    (3.7, 1.0, "times"),
    (B + B * B * 1e-3, B, "off by"),
    (np.r_[1.5], np.r_[1.0], "off by"),
    (B.reshape(5, 3), B, TRANSPOSE),
    (B.reshape(5, 3), B, KEEPDIMS),
    (B.ravel(), B, KEEPDIMS),
    (np.sort(B.T), B, "The result"),
    (C.reshape(5, 3, 2), C, AXES),
    (B[:2], B, "The result"),
    (np.tile(B[0], (3, 1)) + np.eye(3, 5), B[0], "broadcast"),
    (9 * E1, E4, SHIFTED),
    (3 * E4, 5 * E1, SHIFTED),
    (np.roll(B, 2, axis=1), B, SHIFTED),
    (np.sort(B)[:, ::-1], B, REVERSED),
    (np.zeros((0, 3)), np.zeros((3, 0)), "right numbers"),
    (np.zeros((0, 2**39)), B, "The result"),
    (np.full((3, 5), math.nan), B, "The result"),
    (np.full((3, 5), math.inf), B, "The result"),
    (1j * B, B, "The result"),
    (np.zeros(3), np.zeros(3), ZERO),
    (X + 1e-3 * X**2, np.exp(X), "input"),
    (4.0, 5.0, "input"),
]


@pytest.mark.parametrize(("got", "want", "claim"), NOT_FOUND, ids=range(len(NOT_FOUND)))
def test_a_relation_that_does_not_hold_is_not_told(got, want, claim):
    assert claim not in relation(got, want, INPUTS)


@pytest.mark.parametrize("number", [2, 3, 4, 11, 21, 22, 23, 101])
def test_fractions_are_told_in_english(number):
    told = relation(B / number, B, {})
    assert FACTOR not in told and "of what it should be" in told
    assert not re.search(r"1th|2th|3th|half of|third of", told.replace("one half", "one-half"))


def test_a_factor_is_named_by_no_size_that_it_is_not():
    assert "number of" not in relation(6 * B, B, INPUTS)
    assert "number of" not in relation(7.001 * B, B, INPUTS)
    assert "number of" not in relation(B * 2, B, {"X": np.ones((1, 1))})


PAIR = hnp.arrays(np.float64, (3, 4), elements=st.floats(-10, 10, width=32))


@given(PAIR, PAIR, st.floats(-50, 50))
def test_a_factor_that_is_told_holds(got, want, factor):
    for a in (got, factor * want):
        told = relation(a, want, INPUTS)
        if match := re.search(r"is (minus )?([\d.]+) times", told):
            claimed = float(match[2]) * (-1 if match[1] else 1)
            assert np.allclose(a, claimed * want, rtol=2e-3, atol=1e-5 * np.abs(a).max())


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(2,), (7,), (3, 4), (2, 3, 4), (3, 3)])
def test_unrelated_numbers_have_no_relation(seed, shape):
    numbers = np.random.default_rng(seed)
    got, want, other = (numbers.normal(size=shape) for _ in range(3))
    assert relation(got, want, {"X": numbers.normal(size=shape)}, (other,)) == ""


SECRETS = hnp.arrays(np.float64, (3, 4), elements=st.floats(0.1001, 0.9999))
CHANGES = [
    lambda b: -b,
    lambda b: 4 * b,
    lambda b: b / 7,
    lambda b: b + 0.5,
    lambda b: b.T,
    lambda b: b.ravel(),
    lambda b: b[None],
    lambda b: np.roll(b, 1, 1),
    lambda b: b[::-1],
    lambda b: np.zeros_like(b),
    lambda b: np.tile(b, (2, 1, 1)),
    lambda b: np.ones_like(b),
    lambda b: b * b,
]


@given(SECRETS, st.sampled_from(CHANGES))
def test_no_wanted_number_is_told(want, change):
    told = relation({"a": change(want)}, {"a": want}, INPUTS, ({"a": want * 2},))
    decimals = set(re.findall(r"\d\.\d+", told))
    assert not decimals & {f"{value:.4g}" for value in want.ravel()}


@pytest.mark.parametrize("scale", [5e-324, 2e-311, 1e-300, 1e-17, 1e17, 1e300])
def test_a_factor_beyond_all_sizes_does_not_make_it_raise(scale):
    for want in (B, np.ones(3), 1.0):
        assert isinstance(relation(np.multiply(want, scale), want, INPUTS), str)
        assert isinstance(relation(want, np.multiply(want, scale), INPUTS), str)


def test_the_ratio_of_two_single_numbers_is_not_told():
    assert relation(1.0, 0.7310585786, INPUTS) == ""
    assert relation(np.r_[0.0, 1.0], np.r_[0.0, 0.7310585786], INPUTS) == ""
    assert relation(np.ones(3), np.full(3, 0.7310585786), INPUTS) == ""


HOSTILE = hostile_trees("a", "b", "X", max_dims=5)
WANTED = [B, C, 2.5, 3, None, "word", {"a": B, "b": [C, 1]}, [B, {"a": 2.0}], np.zeros((0, 2))]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE, st.sampled_from(WANTED), HOSTILE)
def test_nothing_that_a_student_sends_makes_it_raise(got, want, other):
    assert isinstance(relation(got, want, INPUTS, (other, want)), str)
    assert isinstance(relation(got, other, {"X": other}, (want,)), str)


LARGE = [
    np.ones((1,) * 32),
    np.ones((2,) * 12),
    np.ones((1, 2, 3, 1, 2, 3, 1, 1)),
    np.zeros((0,) * 20),
    [1] * 200_000,
    {"k" * 200 + str(i): i for i in range(100_000)},
    np.r_[1e308, -1e308],
    np.r_[5e-324, 0.0],
]


@pytest.mark.parametrize("got", LARGE, ids=range(len(LARGE)))
@pytest.mark.parametrize("want", [C, np.ones((1,) * 30), np.r_[-1e308, 1e308], {"a": B}])
def test_nothing_that_a_student_sends_takes_long(got, want):
    began = time.process_time()
    assert isinstance(relation(got, want, INPUTS), str)
    assert time.process_time() - began < 3
