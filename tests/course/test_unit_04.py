"""Unit 04: the reference against implementations that share nothing with it.

Independent are: exact fractions, autodiff and layers of Keras with their known differences, SciPy's
image shift, laws counted out over all outcomes, and sequences worked out by hand.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import ndimage, stats
from support.closeness import distance
from support.places import ROOT

from autograder.authoring.rows import assessed
from autograder.course.cases import draw
from autograder.course.course import Course
from autograder.wire.program import Program

UNIT = "04_regularization"
ROUNDING = 1e-13


# --------------------------------------------------------------------------------------- dropout


@pytest.mark.parametrize("keep_prob", [0.8, 0.5, 0.3])
def test_kept_entries_follow_a_binomial_law(reference: SimpleNamespace, keep_prob: float) -> None:
    A = np.ones((200, 300))
    out, mask = reference.dropout_forward(A, keep_prob, np.random.default_rng(0), True)
    assert set(np.unique(mask)) == {0, 1}
    assert distance(out, mask / keep_prob) < ROUNDING
    kept = int(mask.sum())
    assert stats.binomtest(kept, mask.size, keep_prob).pvalue > 1e-4
    # The numbers of kept entries of the columns are spread as those of independent draws are.
    spread = mask.sum(axis=0).var(ddof=1) / (200 * keep_prob * (1 - keep_prob))
    assert 0.7 < spread < 1.4


def test_dropout_in_use_is_the_identity(reference: SimpleNamespace) -> None:
    A = np.random.default_rng(0).normal(size=(4, 5))
    out, mask = reference.dropout_forward(A, 0.3, np.random.default_rng(0), False)
    assert np.array_equal(out, A) and np.array_equal(mask, np.ones((4, 5)))
    out, mask = reference.dropout_forward(A, 1.0, np.random.default_rng(0), True)
    assert np.array_equal(out, A) and np.array_equal(mask, np.ones((4, 5)))


def test_backward_is_the_transpose_of_forward(reference: SimpleNamespace) -> None:
    # With the mask held, dropout is linear: <dA, forward(A)> = <backward(dA), A>.
    A, dA = np.random.default_rng(1).normal(size=(2, 6, 7))
    out, mask = reference.dropout_forward(A, 0.4, np.random.default_rng(2), True)
    back = reference.dropout_backward(dA, mask, 0.4)
    assert np.vdot(dA, out) == pytest.approx(np.vdot(back, A), rel=1e-12)


@pytest.mark.slow
def test_keras_dropout_scales_alike_and_takes_the_other_probability(
    reference: SimpleNamespace,
) -> None:
    keras = pytest.importorskip("keras")
    ones = np.ones((50, 400))
    for keep_prob in (0.8, 0.3):
        layer = keras.layers.Dropout(1 - keep_prob, seed=1, dtype="float64")
        theirs = keras.ops.convert_to_numpy(layer(ones, training=True))
        ours, _ = reference.dropout_forward(ones, keep_prob, np.random.default_rng(1), True)
        assert np.unique(ours).tolist() == [0, 1 / keep_prob]
        np.testing.assert_allclose(np.unique(theirs), np.unique(ours), rtol=1e-6)  # float32 rate
        assert abs(np.mean(theirs > 0) - keep_prob) < 5 * math.sqrt(0.25 / ones.size)


# ------------------------------------------------------------------------------------- penalties

PARAMS = {
    "W1": np.array([[1.0, -2.0], [0.5, 0.0]]),
    "b1": np.array([[9.0], [9.0]]),
    "W2": np.array([[-3.0, 4.0]]),
    "b2": np.array([[9.0]]),
}


def test_penalties_by_hand(reference: SimpleNamespace) -> None:
    squares, sizes = Fraction(121, 4), Fraction(21, 2)  # 1 + 4 + 1/4 + 9 + 16, 1 + 2 + 1/2 + 3 + 4
    assert reference.l2_penalty(PARAMS, 3.0, 6) == float(Fraction(3, 12) * squares)
    assert reference.l1_penalty(PARAMS, 3.0, 6) == float(Fraction(3, 6) * sizes)
    assert reference.l2_grad(PARAMS["W1"], 3.0, 6).tolist() == [[0.5, -1.0], [0.25, 0.0]]
    assert reference.l1_grad(PARAMS["W1"], 3.0, 6).tolist() == [[0.5, -0.5], [0.5, 0.0]]


def test_the_l2_gradient_is_the_complex_step(reference: SimpleNamespace) -> None:
    W = np.random.default_rng(0).normal(size=(3, 4))
    gradient = np.zeros(W.shape)
    for index in np.ndindex(W.shape):
        moved = W.astype(complex)
        moved[index] += 1e-30j
        gradient[index] = (0.7 / 10 * np.sum(moved**2)).imag / 1e-30
    assert distance(reference.l2_grad(W, 0.7, 5), gradient) < ROUNDING


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")
def test_keras_regularizers_have_no_half_and_no_m(reference: SimpleNamespace) -> None:
    keras = pytest.importorskip("keras")
    import tensorflow as tf

    W, lam, m = np.random.default_rng(0).normal(size=(3, 4)), 0.7, 5
    variable = tf.Variable(W)
    for theirs, penalty, gradient in (
        (keras.regularizers.L2(lam / (2 * m)), reference.l2_penalty, reference.l2_grad),
        (keras.regularizers.L1(lam / m), reference.l1_penalty, reference.l1_grad),
    ):
        with tf.GradientTape() as tape:
            cost = theirs(variable)
        assert float(cost) == pytest.approx(penalty({"W1": W}, lam, m), rel=1e-6)
        slope = tape.gradient(cost, variable).numpy()
        np.testing.assert_allclose(slope, gradient(W, lam, m), rtol=1e-6)


# --------------------------------------------------------------------------------- EarlyStopper


def played(stopper: Any, values: list[float]) -> list[bool]:
    return [bool(stopper.update(value, [np.array([value])])) for value in values]


def test_stopping_by_hand(reference: SimpleNamespace) -> None:
    stopper = reference.EarlyStopper(2)
    assert played(stopper, [3, 2, 2, 1, 1.5, 1]) == [False] * 5 + [True]
    assert (stopper.best_value, stopper.best_epoch) == (1, 3)
    assert stopper.best_weights == [np.array([1])]
    stopper = reference.EarlyStopper(2, 0.5)
    assert played(stopper, [3, 2.75, 2.25, 2, 1.75]) == [False] * 4 + [True]
    assert stopper.best_epoch == 2  # 1.75 lies exactly 0.5 below: not more
    stopper = reference.EarlyStopper(2)
    assert played(stopper, [math.nan, 1, math.nan, math.nan]) == [False] * 3 + [True]
    assert stopper.best_epoch == 1


def test_every_short_sequence(reference: SimpleNamespace) -> None:
    """All sequences of 5 values out of 3, against the definition read literally."""
    for patience, values in itertools.product((1, 2, 3), itertools.product((1, 2, 3), repeat=5)):
        said = played(reference.EarlyStopper(patience), list(map(float, values)))
        improved = [all(v < w for w in values[:k]) for k, v in enumerate(values)]
        wanted = [
            k + 1 >= patience and not any(improved[k + 1 - patience : k + 1]) for k in range(5)
        ]
        assert said == wanted, (patience, values)


def test_weights_are_copied(reference: SimpleNamespace) -> None:
    W = np.array([1.0])
    for weights in ([W], {"W1": W}):
        stopper = reference.EarlyStopper(1)
        stopper.update(0.5, weights)
        W += 1
        kept = stopper.best_weights
        assert type(kept) is type(weights)
        assert (kept["W1"] if isinstance(kept, dict) else kept[0]) == W - 1


# The attributes are there, the answers are constant: what course_check's hollow rows can't know.
CONSTANT = """
class EarlyStopper:
    def __init__(self, patience, min_delta=0.0):
        self.best_value, self.best_epoch, self.best_weights = {start}

    def update(self, value, weights):
        return {answer}
"""


@pytest.mark.slow
@pytest.mark.parametrize("start", ["np.inf, 0, None", "0.0, 0, []"])
@pytest.mark.parametrize("answer", ["False", "True"])
def test_a_class_without_memory_gets_nothing(start: str, answer: str) -> None:
    from autograder.grading.cache import EvidenceCache
    from autograder.grading.reference_oracle import ReferenceOracle
    from autograder.sandbox.pool import Pool

    loaded = Course.find(ROOT).load(UNIT)
    exercise = next(e for e in loaded.unit.exercises if e.name == "EarlyStopper")
    cells = loaded.reference.cells
    last = (cells[-1][0] + 1, CONSTANT.format(start=start, answer=answer))
    with Pool() as pool:
        oracle = ReferenceOracle(loaded, "constant", pool, EvidenceCache(None))
        result = assessed(oracle, exercise, Program((*cells, last)))
        oracle.close()
    assert result.points == 0


# --------------------------------------------------------------------------------- augmentation


def test_shifts_are_those_of_scipy(reference: SimpleNamespace) -> None:
    images = np.random.default_rng(0).uniform(0.1, 1, (60, 6, 7, 2))
    moved = reference.random_shift(images, 2, np.random.default_rng(1))
    shifts = list(itertools.product(range(-2, 3), repeat=2))
    found = []
    for old, new in zip(images, moved, strict=True):
        theirs = [ndimage.shift(old, (*shift, 0), order=0, prefilter=False) for shift in shifts]
        [index] = [k for k, image in enumerate(theirs) if np.array_equal(image, new)]
        found.append(shifts[index])
    assert {down for down, _ in found} == {right for _, right in found} == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_augmentation_keeps_the_type(reference: SimpleNamespace, dtype: str) -> None:
    images = np.ones((5, 4, 4, 1), dtype=dtype)
    assert reference.random_shift(images, 1, np.random.default_rng(0)).dtype == dtype
    flipped, _ = reference.random_flip(images, np.zeros(5, int), np.random.default_rng(0), {0})
    assert flipped.dtype == dtype


def test_flips_by_hand(reference: SimpleNamespace) -> None:
    images = np.arange(1.0, 2001).reshape(1000, 1, 2, 1)
    labels = np.arange(1000) % 4
    new, new_labels = reference.random_flip(images, labels, np.random.default_rng(0), {1, 3})
    flipped = new[:, 0, 0, 0] == images[:, 0, 1, 0]
    kept = new[:, 0, 0, 0] == images[:, 0, 0, 0]
    assert np.array_equal(flipped, ~kept)
    assert not flipped[labels % 2 == 0].any()
    assert stats.binomtest(int(flipped.sum()), 500).pvalue > 1e-4
    assert np.array_equal(new_labels, labels)
    none, _ = reference.random_flip(images, labels, np.random.default_rng(0), set())
    assert np.array_equal(none, images)


# ------------------------------------------------------------------------------ laws and digits


def test_the_laws_of_the_checks_are_those_of_all_outcomes() -> None:
    """The expected shares and their standard errors, by enumeration of a small case."""
    loaded = Course.find(ROOT).load(UNIT)
    forward = loaded.unit.exercises[0].checks[0]
    case = draw(forward, "law", UNIT, "dropout_forward")[0]
    p, pairs = case.inputs["keep_prob"], 4
    outcomes = list(itertools.product((0, 1), repeat=pairs + 1))
    weights = [math.prod(p if kept else 1 - p for kept in outcome) for outcome in outcomes]
    shares = [np.mean([a & b for a, b in itertools.pairwise(outcome)]) for outcome in outcomes]
    mean = np.average(shares, weights=weights)
    variance = np.average((np.array(shares) - mean) ** 2, weights=weights)
    expected, error = case.truth["share of kept pairs, units"]
    assert expected == pytest.approx(mean)
    # The formula counts two neighbours for each pair; the ends of this short row lack one.
    covariances = p**3 - p**4
    exact = (pairs * p**2 * (1 - p**2) + 2 * (pairs - 1) * covariances) / pairs**2
    assert variance == pytest.approx(exact)
    units, examples = case.inputs["shape"]
    many = (units - 1) * examples
    assert error == pytest.approx(math.sqrt((p**2 * (1 - p**2) + 2 * covariances) / many))


def test_the_law_of_the_middle_pixel_is_that_of_all_shifts() -> None:
    loaded = Course.find(ROOT).load(UNIT)
    exercise = next(e for e in loaded.unit.exercises if e.name == "random_shift")
    law = next(check for check in exercise.checks if check.name == "shift_law")
    for case in draw(law, "law", UNIT, "random_shift"):
        (n, H, W, _), k = case.inputs["shape"], case.inputs["max_px"]
        addresses = np.arange(1, H * W + 1).reshape(H, W)
        shifts = itertools.product(range(-k, k + 1), repeat=2)
        seen = [addresses[H // 2 - down, W // 2 - right] for down, right in shifts]
        expected, error = case.truth["mean of the middle pixel"]
        assert expected == pytest.approx(np.mean(seen))
        assert error == pytest.approx(np.std(seen) / math.sqrt(n))


def test_labels_to_judge_by_stay_with_the_grader() -> None:
    loaded = Course.find(ROOT).load(UNIT)
    training = [check for e in loaded.unit.exercises for check in e.checks if check.tries > 1]
    assert len(training) == 3
    for check in training:
        (case,) = check.draw(np.random.default_rng(0))
        assert case.inputs["X"].shape == (64, 150) and case.inputs["X_new"].shape == (64, 1000)
        assert "labels" not in case.inputs and case.truth["labels"].shape == (1000,)
        assert np.array_equal(case.truth["train_labels"], case.inputs["y"])
