"""Judges: what is equal enough, what is not, and that nothing a student sends makes one fail."""

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.trees import hostile_trees

from autograder.judging.comparison import PASS, Comparison, Wanted
from autograder.judging.detection import average_precision, recall
from autograder.judging.judge import CORRECT_FORM, WRONG_VARIANT
from autograder.judging.judges import Close, Exact, Unchanged, close, exact, unchanged
from autograder.judging.laws import EqualSides, equal_sides
from autograder.judging.registry import KINDS, from_data, to_data
from autograder.judging.statistical import Accuracy, AtMost, accuracy, at_most, within
from autograder.wire.codec import Opaque, pack, unpack

A = np.array([[1.0, -2.0, 3.0], [0.5, 0.25, 4.0]])
UNIT = {"float64": 1e-9 / 64, "float32": 2.0**-23}  # one unit, relative to the largest entry


def judged(got: Any, want: Any, judge: Any = None, sensitivity: Any = None) -> Comparison:
    return (judge or Close())(got, Wanted(want, sensitivity))


def passes(got: Any, want: Any, judge: Any = None, sensitivity: Any = None) -> bool:
    comparison = judged(got, want, judge, sensitivity)
    assert comparison.passed == (comparison.deviation <= PASS)
    return comparison.passed


def moved(array: Any, units: float, dtype: str = "float64") -> Any:
    """`array` with its last entry off by a number of units."""
    other = array.astype(np.float64).copy()
    other.flat[-1] += units * UNIT[dtype] * np.abs(array).max()
    return other


EQUAL = [A, A[0], np.float64(0.1), 3, True, "word", None, [1.0, A], {"a": A, "b": [2, "c"]}, [], {}]


@pytest.mark.parametrize("value", EQUAL, ids=range(len(EQUAL)))
@pytest.mark.parametrize("judge", [Close(), Close("float32"), Exact(), Unchanged()])
def test_the_same_value_passes_without_deviation(value, judge):
    comparison = judged(unpack(pack(value)), unpack(pack(value)), judge)
    assert comparison.passed and comparison.deviation == 0


def test_the_certificate_leaves_room_on_both_sides():
    assert CORRECT_FORM * 3 < PASS and PASS * 10 <= WRONG_VARIANT


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_rounding_error_passes(dtype):
    got = np.nextafter(A.astype(dtype), np.inf).astype(dtype)
    assert 0 < judged(got, A.astype(dtype), Close(dtype)).deviation <= 1


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("units", "expected"), [(1, True), (63.9, True), (64.1, False)])
def test_64_units_pass_and_no_more(dtype, units, expected):
    comparison = judged(moved(A, units, dtype), A, Close(dtype))
    assert comparison.deviation == pytest.approx(units, rel=1e-3)
    assert comparison.passed is expected


@pytest.mark.parametrize("scale", [1e-250, 1e-12, 1.0, 1e12, 1e300])
@pytest.mark.parametrize("sign", [1, -1])
def test_deviation_does_not_depend_on_scale_or_sign(scale, sign):
    want = A * scale * sign
    assert judged(moved(want, 10), want).deviation == pytest.approx(10, rel=1e-3)


def test_a_small_entry_may_be_off_by_what_a_large_one_may():
    want = np.array([1e6, 1e-6])
    assert passes(np.add(want, [0.0, 5e-4]), want)
    assert not passes(np.add(want, [0.0, 5e-3]), want)


def test_each_array_of_a_result_has_its_own_scale():
    want = {"large": A * 1e6, "small": A * 1e-6}
    assert not passes({"large": want["large"], "small": want["small"] + 1e-7}, want)


def test_an_entry_that_cancels_is_widened_by_the_sensitivity_of_the_reference():
    want = {"x": np.array([1e-9])}
    got = {"x": np.array([1e-9 + 1e-12])}
    assert not passes(got, want)
    assert passes(got, want, sensitivity={"x": 1.0})
    assert not passes(got, want, sensitivity={"x": 1e-6})


@pytest.mark.parametrize(
    ("judge", "answer"),
    [(Close(), lambda x: x), (EqualSides("law"), lambda x: {"left": x, "right": x})],
)
def test_the_sensitivity_is_found_out_where_an_answer_is_more_than_a_unit_off(judge, answer):
    found = []

    def moves():
        found.append(1)
        return answer({"x": 1.0})

    def far(units):
        got = answer({"x": np.array([1e-9 * (1 + units * UNIT["float64"])])})
        return judge(got, Wanted(answer({"x": np.array([1e-9])}), moves))

    assert far(0).passed and far(0.9).passed and not found
    assert far(0.9).deviation == pytest.approx(0.9, rel=0.01)
    assert far(1.1).deviation < 1e-6 and len(found) == 1
    assert far(1e6).passed and not far(1e15).passed and len(found) == 3


@pytest.mark.parametrize("sensitivity", [None, {}, {"x": None}, {"x": math.nan}, {"x": math.inf}])
def test_a_sensitivity_that_is_not_known_widens_nothing(sensitivity):
    want = {"x": np.array([1.0])}
    assert not passes({"x": np.array([1.0 + 2e-9])}, want, sensitivity=sensitivity)


def test_sensitivities_in_lists_belong_to_their_own_entry():
    want, got = [np.array([1e-9]), np.array([1e-9])], [np.array([1e-9]), np.array([2e-9])]
    assert passes(got, want, sensitivity=[0.0, 10.0])
    assert not passes(got, want, sensitivity=[10.0, 0.0])


def test_zeros_beside_numbers_may_hold_their_rounding_errors():
    want = {"gradient": np.zeros(3), "value": np.array([2.0, -0.1])}

    def answer(error):
        return want | {"gradient": np.array([0.0, error, 0.0])}

    assert passes(answer(4e-16), want)
    assert passes(answer(1.9e-9), want)
    assert not passes(answer(2.1e-9), want)
    assert passes(answer(1.9e-9), want, sensitivity={"gradient": 1e-3, "value": 0.0})
    law = equal_sides("one is the other")
    sides = {"left": answer(4e-16), "right": answer(-4e-16)}
    assert passes(sides, {"left": want, "right": want}, law)
    sides = {"left": answer(1e-9), "right": answer(-1.1e-9)}
    assert not passes(sides, {"left": want, "right": want}, law)
    listed = [np.zeros(2), 3.0, None, "text", [1.0, [2.0]]]
    assert passes([np.array([0.0, 1e-15]), *listed[1:]], listed)


def test_wanted_zeros_must_be_zeros():
    assert passes(np.zeros(3), np.zeros(3))
    assert passes(np.array([0.0, -0.0, 0.0]), np.zeros(3))
    comparison = judged(np.array([0.0, 1e-30, 0.0]), np.zeros(3))
    assert not comparison.passed and comparison.deviation == math.inf


NUMBERS = [2, 2.0, np.array(2.0), np.float64(2.0), np.float32(2.0)]


@pytest.mark.parametrize("got", NUMBERS, ids=repr)
@pytest.mark.parametrize("want", [2.0, np.array(2.0)], ids=repr)
def test_a_number_is_a_number_as_python_or_numpy_has_it(got, want):
    assert passes(unpack(pack(got)), want)
    assert not passes(unpack(pack(got)), want + 1)


def test_a_whole_number_is_asked_for_as_an_integer():
    assert passes(np.array(3), 3) and passes(3, np.array(3, dtype="uint8"))
    assert not passes(3.0, 3)
    assert not passes(4, 3)


WRONG_SHAPES = [
    (np.ones(3), np.ones((3, 1))),
    (np.ones((3, 1)), np.ones(3)),
    (np.ones((1, 3)), np.ones((3, 1))),
    (np.ones(3), np.ones(4)),
    (1.0, np.ones(3)),
    (np.array(1.0), np.ones((1, 1))),
    (np.ones(1), 1.0),
    (np.ones((2, 3)), 1.0),
    (np.ones((0, 3)), np.ones((3, 0))),
    (np.ones(0), 1.0),
]


@pytest.mark.parametrize(("got", "want"), WRONG_SHAPES, ids=range(len(WRONG_SHAPES)))
@pytest.mark.parametrize("judge", [Close(), Exact(), Unchanged()])
def test_nothing_is_broadcast(got, want, judge):
    comparison = judged(got, want, judge)
    assert not comparison.passed and comparison.deviation == math.inf


def test_a_wrong_shape_is_told_with_both_shapes():
    difference = judged({"db": np.ones(3)}, {"db": np.ones((3, 1))}).difference
    assert difference.where == "`db`"
    assert "`(3,)`" in difference.seen and "`(3, 1)`" in difference.expected


DTYPES = ["bool", "int64", "float64", "complex128"]


@pytest.mark.parametrize("got", DTYPES)
@pytest.mark.parametrize("want", DTYPES)
def test_arrays_hold_the_kind_of_numbers_that_is_asked_for(got, want):
    assert passes(np.ones(3, dtype=got), np.ones(3, dtype=want)) is (got == want)


@pytest.mark.parametrize(("got", "want"), [("uint8", "int64"), ("float32", "float64")])
def test_the_width_of_numbers_is_not_judged(got, want):
    assert passes(np.ones(3, dtype=got), np.ones(3, dtype=want))
    assert passes(np.ones(3, dtype=want), np.ones(3, dtype=got))


def test_float32_work_is_judged_as_such_and_remarked():
    want = np.linspace(0.1, 1, 7)
    got = judged({"A": want.astype("float32")}, {"A": want})
    assert got.passed and "`A` is float32" in got.remark
    assert not passes(moved(want, 65, "float32").astype("float32"), want)
    assert not judged(want, want).remark
    assert not judged(want.astype("float32"), want, Close("float32")).remark


def test_what_is_wanted_in_float32_may_come_in_float64():
    want = np.linspace(-3, 3, 12)
    comparison = judged(want, want.astype("float32"))
    assert comparison.passed and not comparison.remark


def test_what_is_nearly_right_is_told_so():
    almost = judged(moved(A, 60, "float32"), A)
    assert not almost.passed and "five digits" in almost.difference.advice
    for judge, units in ((Close(), 70), (Close("float32"), 70)):
        assert judged(moved(A, units, "float32"), A, judge).difference.advice == ""


def test_less_than_float32_is_too_little():
    want = np.linspace(0.1, 1, 7)
    assert not passes(want.astype("float16"), want)
    assert not passes(want.astype("float16"), want, Close("float32"))


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("judge", [Close(), Close("float32"), EqualSides("law")])
def test_what_is_not_finite_fails_where_numbers_are_wanted(odd, judge):
    want: Any = A.copy()
    got: Any = A.copy()
    got[1, 2] = odd
    if isinstance(judge, EqualSides):
        want, got = {"left": want, "right": want}, {"left": got, "right": got}
    comparison = judged(got, want, judge)
    assert not comparison.passed and comparison.deviation == math.inf


def test_what_is_not_finite_is_told_with_its_place():
    got = A.copy()
    got[1, 0] = got[1, 2] = math.nan
    difference = judged({"A1": got}, {"A1": A}).difference
    assert difference.where == "`A1[1, 0]`"
    assert "nan" in difference.seen and "2 of 6" in difference.seen


@pytest.mark.parametrize("got", [1.0, -math.inf, math.nan])
def test_a_wanted_infinity_must_be_the_same_one(got):
    want = np.array([math.inf, 1.0])
    assert passes(want.copy(), want)
    assert not passes(np.array([got, 1.0]), want)


def test_the_place_told_is_not_that_of_a_wanted_infinity():
    difference = judged(np.array([math.inf, math.nan]), np.array([math.inf, 1.0])).difference
    assert "[1]" in difference.where and "nan" in difference.seen


def test_finite_entries_beside_a_wanted_infinity_are_compared():
    assert not passes(np.array([math.inf, 2.0]), np.array([math.inf, 1.0]))


def test_nan_equals_nan_only_between_two_mistakes():
    odd = np.array([1.0, math.nan])
    assert not passes(odd, odd)
    assert Close().same(odd, odd.copy()) and Exact().same(odd, odd.copy())
    assert not Close().same(odd, np.array([math.nan, 1.0]))


@pytest.mark.parametrize("judge", [Close(), Close("float32"), Exact(), Unchanged(), Accuracy(1, 1)])
@pytest.mark.parametrize("got", [1.0, -math.inf, math.nan])
def test_mistakes_with_other_infinities_are_not_the_same(judge, got):
    want = np.array([math.inf, 1.0])
    assert judge.same(want, want.copy())
    assert not judge.same(np.array([got, 1.0]), want)


def test_mistakes_are_the_same_as_strictly_as_the_judge_is():
    slightly = moved(A, 10, "float32")
    assert Close("float32").same(slightly, A) and EqualSides("", "float32").same(slightly, A)
    assert not Close().same(slightly, A) and not Exact().same(slightly, A)


def test_the_largest_numbers_are_compared_without_overflow():
    assert not passes(np.array([1e308, 1.0]), np.array([-1e308, 1.0]))
    assert passes(np.array([1e308, 1.0]), np.array([1e308, 1.0]))
    assert not passes(np.array([1e308 + 1e308j]), np.array([-1e308 + 0j]))


def test_the_smallest_numbers_are_compared():
    assert passes(np.array([5e-324]), np.array([5e-324]))
    assert not passes(np.array([1.0]), np.array([5e-324]))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_arrays_equal_those_of_their_shape(shape):
    assert passes(np.zeros(shape), np.zeros(shape))
    assert not passes(np.zeros((0, 7)), np.zeros(shape))


LEAVES = [None, True, 2, 2.5, 2j * np.ones(()), "word", "", A, A[:1] > 0, [1, "a"], {"a": 1}]


@pytest.mark.parametrize("got", range(len(LEAVES)))
@pytest.mark.parametrize("want", range(len(LEAVES)))
@pytest.mark.parametrize("judge", [Close(), Exact(), Unchanged()])
def test_values_of_one_kind_never_pass_for_another(got, want, judge):
    assert passes(LEAVES[got], LEAVES[want], judge) is (got == want)


TEXTS = [["a"], ["a", "a"], ["a", "b"], "b", "a ", "a\0", "", np.array(1.0), [], None, Opaque("a")]


@pytest.mark.parametrize("got", TEXTS, ids=repr)
@pytest.mark.parametrize("judge", [Close(), Exact()])
def test_text_must_be_that_text(got, judge):
    assert passes("a", "a", judge)
    assert not passes(got, "a", judge)


def test_a_list_of_numbers_is_an_array():
    assert passes([1.0, 2.0], np.array([1.0, 2.0]))
    assert not passes([[1.0], [1.0, 2.0]], np.array([1.0, 2.0]))


def test_keys_may_be_added_and_not_left_out():
    want = {"W": A, "b": {"x": 1.0}}
    assert passes(want | {"cache": "anything"}, want)
    difference = judged({"W": A, "b": {"y": 1.0}}, want).difference
    assert difference.where.strip("`") == "b[x]"
    assert "`x`" in difference.expected and "`y`" in difference.seen


@pytest.mark.parametrize(
    "got", [[1.0], [1.0, np.ones(2), 3.0], [], np.ones(2), {"0": 1.0}, None, 1.0]
)
def test_lists_have_the_wanted_length(got):
    assert not passes(got, [1.0, np.ones(2)])


def test_the_first_difference_is_told_with_its_path():
    want = {"grads": [{"dW": A}, {"dW": A}]}
    got = {"grads": [{"dW": A}, {"dW": np.add(A, [0.0, 1.0, 0.0])}]}
    difference = judged(got, want).difference
    assert difference.where == "`grads[1][dW][0, 1]`"
    assert difference.seen == "`grads[1][dW][0, 1]` is `-1`."


@pytest.mark.parametrize("judge", [Exact(), Unchanged()])
def test_exact_means_the_last_bit(judge):
    assert not passes(np.nextafter(A, 9), A, judge)
    assert passes(np.array([1.0, math.nan]), np.array([1.0, math.nan]), judge)
    assert not passes(np.array([3, 1, 2]), np.array([3, 2, 1]), judge)
    assert not passes(np.array([True, False]), np.array([True, True]), judge)


def test_a_changed_argument_is_named_with_what_to_do():
    difference = judged({"X": A, "Y": A + 1}, {"X": A, "Y": A}, Unchanged()).difference
    assert difference.where == "`Y[0, 0]`"
    assert "changed" in difference.seen and "copy" in difference.advice
    assert not difference.wanted


def sides(left: Any, right: Any, wanted: Any = A, **options: Any) -> Comparison:
    judge = EqualSides("f(2x) = 2 f(x)", **options)
    return judge({"left": left, "right": right}, Wanted({"left": wanted, "right": wanted}))


def test_a_law_that_holds_passes():
    assert sides(A, A).passed and sides(moved(A, 20), moved(A, -20)).passed


def test_a_broken_law_fails_and_is_quoted():
    difference = sides(A, np.add(A, [0.0, 0.0, 1.0])).difference
    assert "[0, 2]" in difference.where
    assert "f(2x) = 2 f(x)" in difference.expected and "`3`" in difference.seen


@pytest.mark.parametrize("wrong", [np.zeros_like(A), np.ones_like(A), 2 * A, A[0], 0.0, None])
def test_sides_that_are_equal_and_wrong_fail(wrong):
    assert not sides(wrong, wrong).passed


@pytest.mark.parametrize("got", [None, {}, {"left": A}, {"right": A}, [A, A], "left right"])
def test_a_law_needs_both_sides(got):
    assert not EqualSides("law")(got, Wanted({"left": A, "right": A})).passed


@pytest.mark.parametrize("right", [A[0], A[:1], A.T, None, {}, [], "A", {"a": A}, [A], Opaque("A")])
def test_sides_have_the_same_form(right):
    assert not sides(A, right).passed
    assert not sides({"a": A}, {"b": right}, {"a": A}).passed


@pytest.mark.parametrize("right", [{}, {"a": A}, {"a": A, "b": None}])
def test_a_side_leaves_nothing_out(right):
    both = {"a": A, "b": A}
    assert sides(both, dict(both), both).passed
    assert not sides(both, right, both).passed


def test_sides_of_complex_numbers_agree_in_both_parts():
    assert sides(A + 1j, A + 1j, A + 1j).passed
    assert not sides(A + 1j, A + 2j, A + 1j).passed


def test_sides_may_hold_text_and_none():
    both = {"order": "a b", "bias": None, "W": A}
    assert sides(both, dict(both), both).passed
    assert not sides(both, both | {"order": "b a"}, both).passed


def test_a_law_that_holds_nearly_has_its_own_tolerance():
    assert not sides(A, A + 1e-7).passed
    assert sides(A, A + 1e-7, rtol=1e-6).passed
    assert not sides(A, A + 1e-4, rtol=1e-6).passed
    assert not sides(A + 1e-7, A + 1e-7, rtol=1e-6).passed


def test_the_gap_of_a_law_is_measured_against_what_is_wanted():
    small = np.array([1e-12, 1e-12])
    assert not sides(small, small + 1e-18, small).passed
    judge, want = EqualSides("law"), Wanted({"left": small, "right": small}, {"left": 1.0})
    assert judge({"left": small, "right": small + 1e-18}, want).passed


def test_sides_may_differ_by_more_than_the_largest_number():
    large = np.array([1e308])
    assert not sides(large, -large, large).passed


def bound(value: Any, of: Any = lambda got: got, limit: float = 0.5) -> Comparison:
    return AtMost(limit, of, "The loss")(value, Wanted())


def test_at_most_includes_the_bound():
    assert bound(0.5).passed and bound(0.5).deviation == PASS
    assert bound(0.0).passed and bound(-1.0).passed and bound(np.array(0.25)).passed
    assert not bound(np.nextafter(0.5, 1)).passed


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_measure_that_is_not_finite_fails(value):
    assert not bound(value).passed


@pytest.mark.parametrize("value", [None, "x", {}, [], [1], np.ones(3), Opaque("x"), 1j])
def test_what_cannot_be_measured_fails(value):
    comparison = bound(value, lambda got: float(got["loss"][-1]))
    assert not comparison.passed and "can't be measured" in comparison.difference.seen


ERRORS = [ZeroDivisionError, OverflowError, RecursionError, MemoryError, np.linalg.LinAlgError]


@pytest.mark.parametrize("error", [*ERRORS, AssertionError, StopIteration, RuntimeError])
def test_whatever_measuring_raises_is_a_failed_check(error):
    def of(got):
        raise error("on what was sent")

    assert not bound(1.0, of).passed


def test_a_bound_of_zero_is_a_bound():
    assert bound(0, limit=0).passed and bound(0.0, limit=0).deviation <= PASS
    assert not bound(1, limit=0).passed and bound(1, limit=0).deviation > PASS


LABELS = np.arange(10) % 3


def accurate(predictions: Any, floor: float = 0.8) -> Comparison:
    judge = Accuracy(floor, 0.95)
    return judge({"predictions": predictions}, Wanted(truth={"labels": LABELS}))


def test_accuracy_includes_the_floor():
    got = LABELS.copy()
    got[:2] = 7
    assert accurate(got).passed and accurate(got).deviation == pytest.approx(PASS)
    got[2] = 7
    assert not accurate(got).passed and accurate(got).deviation > PASS


def test_accuracy_tells_what_was_reached_and_what_is_usual():
    difference = accurate(np.full(10, 9)).difference
    assert "0.0%" in difference.seen
    assert "80%" in difference.expected and "95%" in difference.expected


def test_predictions_may_be_any_kind_of_whole_numbers():
    for got in (LABELS.astype("float32"), LABELS.astype("uint8"), LABELS.tolist()):
        assert accurate(got).passed and accurate(got).deviation == 0


def test_a_floor_of_one_asks_for_all():
    assert accurate(LABELS, 1.0).passed
    assert not accurate(np.where(LABELS == 2, 1, LABELS), 1.0).passed


WRONG_PREDICTIONS = [
    LABELS[:, None],
    LABELS[None],
    LABELS[:-1],
    np.eye(3)[LABELS],
    np.full(10, math.nan),
    LABELS + 0j,
    1.0,
    None,
    "0120120120",
    list("0120120120"),
    [None] * 10,
    [[0], [1, 2]],
    {},
    Opaque("EagerTensor"),
]


@pytest.mark.parametrize("got", WRONG_PREDICTIONS, ids=range(len(WRONG_PREDICTIONS)))
def test_predictions_of_another_form_fail(got):
    assert not accurate(got).passed


@pytest.mark.parametrize("got", [None, {}, [], LABELS, {"labels": LABELS}, "predictions"])
def test_accuracy_needs_predictions(got):
    assert not Accuracy(0.1, 0.9)(got, Wanted(truth={"labels": LABELS})).passed


HOSTILE = hostile_trees("left", "right", "predictions", "a", "b")
JUDGES = [
    Close(),
    Close("float32"),
    Exact(),
    Unchanged(),
    EqualSides("law"),
    EqualSides("law", "float32", 1e-6),
    AtMost(1.0, lambda got: np.max(got["a"]) / got["b"], "The loss"),
    Accuracy(0.5, 0.9),
]
WANTED = [
    A,
    3,
    2.5,
    "word",
    None,
    {"a": A, "b": [1.0, None, "x"]},
    [A, {"a": np.array([math.inf, math.nan])}],
    A + 1j,
    np.zeros((0, 2)),
]
SENSITIVE = {"a": 1.0, "b": [2.0, None, None]}


def assert_judged(got: Any, value: Any, judge: Any) -> None:
    sensitivity = SENSITIVE if isinstance(value, dict) else 1.0
    if isinstance(judge, EqualSides):
        value = {"left": value, "right": value}
        sensitivity = {"left": sensitivity, "right": sensitivity}
    comparison = judge(got, Wanted(value, sensitivity, {"labels": np.arange(3)}))
    assert comparison.deviation >= 0
    if comparison.difference is not None:
        told = comparison.difference
        assert all(type(text) is str for text in vars(told).values()) and told.seen
    judge.same(got, value)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE, st.sampled_from(WANTED), st.sampled_from(JUDGES))
def test_judges_never_raise_on_what_a_student_sends(got, want, judge):
    assert_judged(got, want, judge)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE, HOSTILE, st.sampled_from(WANTED))
def test_laws_never_raise_on_what_a_student_sends(left, right, want):
    assert_judged({"left": left, "right": right}, want, EqualSides("law"))


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE, HOSTILE, st.sampled_from([Close(), Exact(), EqualSides("law")]))
def test_any_two_mistakes_can_be_compared(got, other, judge):
    assert judge.same(got, other) in (True, False)


@given(HOSTILE.filter(lambda tree: "Opaque" not in repr(tree)))
def test_a_mistake_is_the_same_as_itself(tree):
    assert Exact().same(tree, unpack(pack(tree)))
    assert Close().same(tree, unpack(pack(tree)))


FLOATS = hnp.arrays(np.float64, (4,), elements=st.floats(-1e6, 1e6))


@given(FLOATS, FLOATS)
def test_close_is_symmetric_but_for_which_side_gives_the_scale(a, b):
    there, back = judged(a, b).deviation, judged(b, a).deviation
    sizes = np.abs(a).max(), np.abs(b).max()
    if min(sizes) > 1e-200:
        assert there * sizes[1] == pytest.approx(back * sizes[0], rel=1e-9)


@given(FLOATS, st.permutations(range(4)))
def test_close_does_not_depend_on_the_order_of_entries(a, order):
    b = a + np.array([1e-9, 0, 3e-9, 1.0])
    assert judged(a[order], b[order]).deviation == judged(a, b).deviation


def test_a_long_text_among_many_does_not_take_memory():
    got = ["a" * 2**16] + [""] * 1000
    tracemalloc.start()
    try:
        for judge in (Close(), Exact(), EqualSides("law"), Accuracy(0.5, 0.9)):
            assert_judged(got, A, judge)
            assert_judged({"left": got, "predictions": got, "right": got}, A, judge)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("judge", [Close(), Exact(), Unchanged(), EqualSides("law")])
def test_what_is_told_does_not_grow_with_what_is_sent(judge):
    got = {"k" * 200 + str(i): "v" * 1000 for i in range(5000)} | {"left": "x" * 10**6}
    want = {"left": {"a": A}, "right": {"a": A}}
    for sent in (got, {"left": got, "right": got}, {"left": "x" * 10**6, "right": "y" * 10**6}):
        difference = judge(sent, Wanted(want)).difference
        assert sum(map(len, vars(difference).values())) < 3000


SECRET = 0.7310585786
HIDING = [
    (Close(), np.array([SECRET, 2.0]), np.array([1.0, 2.0])),
    (Close(), SECRET, 1.0),
    (Close(), np.array([SECRET]), np.ones((1, 1))),
    (Close(), np.array([SECRET]), np.array([1])),
    (Close(), np.array([SECRET]), np.array([math.nan])),
    (Close(), np.array([SECRET]), "text"),
    (Exact(), np.array([SECRET]), np.array([1.0])),
    (Exact(), "0.7310585786", "0.5"),
    (Exact(), [SECRET], [1.0]),
    (Unchanged(), {"X": SECRET}, {"X": 1.0}),
]


@pytest.mark.parametrize(("judge", "want", "got"), HIDING, ids=range(len(HIDING)))
def test_a_wanted_number_is_told_in_its_own_field_only(judge, want, got):
    difference = judge(got, Wanted(want)).difference
    told = " ".join([difference.where, difference.seen, difference.expected, difference.advice])
    assert "0.73" not in told
    assert "0.73" in difference.wanted or not difference.wanted


def test_a_wanted_side_of_a_law_is_not_told():
    difference = sides(A, A + 1, A).difference
    assert not difference.wanted
    difference = sides(A, A, np.full_like(A, SECRET)).difference
    assert "0.73" not in difference.seen + difference.expected


def test_the_wanted_number_is_kept_for_public_cases():
    assert judged(np.array([1.0, 3.0]), np.array([1.0, SECRET])).difference.wanted == "`0.731059`"


def test_lists_of_numbers_keep_laws_up_to_rounding():
    left, right = A[0].tolist(), (A[0] * (1 + 1e-15)).tolist()
    assert sides(left, right, A[0]).passed
    assert not sides(left, [1.0, -2.0, 4.0], A[0]).passed


def plain(got: Any) -> float:
    return 0.25


MADE = [
    close(),
    close("float32"),
    exact(),
    exact(secret=False),
    unchanged(),
    equal_sides("law"),
    equal_sides("law", "float32", 1e-5),
    at_most(0.5, plain, "The loss"),
    accuracy(0.9, 0.96),
    within(),
    recall(0.8, 0.9, 3),
    average_precision(0.7, 0.8),
]


@pytest.mark.parametrize("judge", MADE, ids=range(len(MADE)))
def test_a_judge_comes_back_from_plain_data(judge):
    data = to_data(judge, lambda function: function.__name__)
    back = from_data(unpack(pack(data)), {"plain": plain}.__getitem__)
    assert back == judge and type(back) is type(judge)


# Those of `declared` below that hold.
FACTS = [
    (close(), "ref var alone secret float64"),
    (close("float32"), "ref var alone secret"),
    (exact(), "ref var alone secret"),
    (exact(secret=False), "ref var"),
    (unchanged(), "ref var secret"),
    (equal_sides("law"), "ref var secret law float64"),
    (equal_sides("law", "float32"), "ref var secret law"),
    (at_most(0.5, plain, "The loss"), "secret"),
    (accuracy(0.9, 0.96), "alone secret trains"),
    (within(), "var secret"),
    (recall(0.8, 0.9, 3), "alone secret trains"),
    (average_precision(0.7, 0.8), "alone secret trains"),
]


@pytest.mark.parametrize(("judge", "facts"), FACTS, ids=range(len(FACTS)))
def test_a_judge_says_what_it_is(judge, facts):
    declared = {
        "ref": judge.needs_reference,
        "var": judge.recognises_variants,
        "alone": judge.counts_alone,
        "secret": judge.secret,
        "law": judge.is_law,
        "trains": judge.trains,
        "float64": judge.compares_float64,
    }
    assert {name for name, holds in declared.items() if holds} == set(facts.split())
    assert {type(judge) for judge, _ in FACTS} == set(KINDS.values())


def test_a_wrong_variant_is_wrong_in_float32_as_well():
    for judge in (close("float32"), exact(), unchanged(), at_most(0.5, plain, "The loss")):
        assert judge.least_wrong == WRONG_VARIANT
    off = moved(A, 1.1 * PASS, "float32")
    assert judged(off, A).deviation >= close().least_wrong == equal_sides("law").least_wrong
    assert within().least_wrong == 2 * PASS


def test_an_earlier_release_repeats_facts_that_the_class_declares_now():
    fields = {"dtype": "float32", "equal_nan": False, "needs_reference": False, "trains": True}
    back = from_data({"kind": "Close", "fields": fields}, lambda source: None)
    assert back == close("float32") and back.needs_reference and not back.trains


@pytest.mark.parametrize("name", ["Wanted", "Judge", "Difference", "print", "__import__", ""])
def test_only_judges_come_back_from_data(name):
    with pytest.raises(KeyError):
        from_data({"kind": name, "fields": {}}, lambda source: None)


@pytest.mark.parametrize("dtype", ["int64", "float16", "U3", "complex128"])
def test_judges_work_in_the_two_floating_point_types(dtype):
    with pytest.raises(ValueError, match="float64"):
        close(dtype)
    with pytest.raises(ValueError, match="float64"):
        equal_sides("law", dtype)


def test_an_array_is_taken_for_the_list_of_its_rows() -> None:
    wanted = Wanted({"points": [np.array([1.0, 2.0]), np.array([3.0, 4.0])], "costs": [0.5, 0.25]})
    rows, costs = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, 0.25])
    assert close()({"points": rows, "costs": costs}, wanted).passed
    assert not close()({"points": rows[::-1], "costs": costs}, wanted).passed
    fewer = close()({"points": rows[:1], "costs": costs}, wanted).difference
    assert fewer is not None and fewer.seen == "`points` has 1 entries."
    assert not close()({"points": np.array(1.0), "costs": costs}, wanted).passed


def test_no_numbers_are_of_no_kind() -> None:
    for judge in (exact(), close()):
        assert judge([], Wanted(np.zeros(0, dtype=int))).passed
        assert judge(np.zeros(0), Wanted(np.zeros(0, dtype=int))).passed
        assert not judge(np.zeros(1), Wanted(np.zeros(1, dtype=int))).passed
        assert not judge(np.zeros((0, 3)), Wanted(np.zeros(0, dtype=int))).passed
