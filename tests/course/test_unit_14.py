"""Unit 14: the reference against implementations that share nothing with it.

Independent are: sums over all paths, collapsed by `itertools.groupby`; decimal arithmetic with 60
digits where floats would underflow; central differences; Keras' CTC and its gradient, which
TensorFlow computes in float32; and labellings that can be counted by hand.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections import defaultdict
from decimal import Decimal, localcontext
from itertools import groupby, product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile
from support.places import ROOT

from autograder.course.course import Course
from autograder.guest.probes import numerical_gradient

UNIT = "14_ctc"

COURSE = Course.find(ROOT)
ROUNDING = 1e-13
FLOAT32 = 1e-5  # what TensorFlow's kernel can keep: it computes in float32 whatever it is given

pytestmark = [
    pytest.mark.slow,  # the notebook imports Keras
    # TensorFlow's tensors don't know NumPy 2's `copy` keyword yet.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy"),
]


def outputs(T: int, V: int, seed: int = 0, size: float = 1.0) -> Any:
    """Log-probabilities of a network."""
    logits = size * np.random.default_rng(seed).normal(size=(T, V))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def labellings(log_probs: Any, blank: int) -> dict[tuple[int, ...], float]:
    """The probability of every labelling, added up path by path."""
    T, V = log_probs.shape
    found: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for path in product(range(V), repeat=T):
        labels = tuple(symbol for symbol, _ in groupby(path) if symbol != blank)
        found[labels].append(math.exp(math.fsum(log_probs[range(T), path])))
    return {labels: math.fsum(parts) for labels, parts in found.items()}


def decimal_loss(log_probs: Any, labels: list[int], blank: int) -> float:
    """-ln p by a recursion over probabilities, with so many digits that nothing is lost."""
    places = [blank]
    for label in labels:
        places += [label, blank]
    with localcontext() as context:
        context.prec, context.Emin = 60, -999_999
        probs = [[Decimal(float(x)).exp() for x in row[places]] for row in log_probs]
        alpha = [p if s < 2 else Decimal(0) for s, p in enumerate(probs[0])]
        for row in probs[1:]:
            ways = [alpha[s] + (alpha[s - 1] if s else 0) for s in range(len(places))]
            for s in range(3, len(places), 2):
                if places[s] != places[s - 2]:
                    ways[s] += alpha[s - 2]
            alpha = [way * p for way, p in zip(ways, row, strict=True)]
        return float(-sum(alpha[-2:]).ln())


def log_softmax(logits: Any) -> Any:
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def test_the_notes_example(reference: SimpleNamespace) -> None:
    assert reference.ctc_collapse("__c_oo_o_kk___b_ooooo__oo__kkk", "_") == "cookbook"
    deleted_first = "__c_oo_o_kk___b_ooooo__oo__kkk".replace("_", "")
    assert "".join(letter for letter, _ in groupby(deleted_first)) == "cokbok"  # the erratum


def test_collapse_is_groupby_without_blanks(reference: SimpleNamespace) -> None:
    for path in product(range(3), repeat=6):
        for blank in range(3):
            wanted = [symbol for symbol, _ in groupby(path) if symbol != blank]
            assert reference.ctc_collapse(list(path), blank) == wanted
            text = "".join(map(str, path))
            assert reference.ctc_collapse(text, str(blank)) == "".join(map(str, wanted))
    assert reference.ctc_collapse([], 0) == []
    assert reference.ctc_collapse("", "_") == ""


def test_collapse_again_changes_only_repeats(reference: SimpleNamespace) -> None:
    assert reference.ctc_collapse(reference.ctc_collapse("k_o_kk", "_"), "_") == "kok"
    assert reference.ctc_collapse(reference.ctc_collapse("b_oo_o_k", "_"), "_") == "bok"


def test_paths_counted_by_hand(reference: SimpleNamespace) -> None:
    # Nine paths of six frames over four symbols read "book", as the notebook says.
    same = np.full((6, 4), -math.log(4))
    paths = math.exp(-reference.ctc_nll(same, [1, 2, 2, 3], 0)) * 4**6
    spelled = ["".join(s for s, _ in groupby(p) if s != "_") for p in product("_bok", repeat=6)]
    assert paths == pytest.approx(spelled.count("book"), rel=ROUNDING)
    assert spelled.count("book") == 9
    # One frame, one label; two frames: `_a`, `a_`, `aa`.
    table = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert reference.ctc_nll(table[:1], [1], 0) == pytest.approx(-math.log(0.4), rel=ROUNDING)
    assert reference.ctc_nll(table, [1], 0) == pytest.approx(-math.log(0.64), rel=ROUNDING)
    assert reference.ctc_prefix_beam(table, 3, 0) == [
        ((1,), pytest.approx(math.log(0.64), rel=ROUNDING)),
        ((), pytest.approx(math.log(0.36), rel=ROUNDING)),
    ]
    assert reference.ctc_greedy_decode(table, 0) == []


def test_extended_labels(reference: SimpleNamespace) -> None:
    assert reference.ctc_extend([3, 3, 1], 0).tolist() == [0, 3, 0, 3, 0, 1, 0]
    assert reference.ctc_extend([], 4).tolist() == [4]
    assert reference.ctc_extend([1], 0).dtype.kind == "i"


@pytest.mark.parametrize(("T", "V", "blank"), [(1, 3, 0), (4, 3, 0), (6, 3, 2), (5, 4, 1)])
def test_loss_is_the_sum_over_all_paths(
    reference: SimpleNamespace, T: int, V: int, blank: int
) -> None:
    log_probs = outputs(T, V, seed=T)
    every = labellings(log_probs, blank)
    for labels, probability in every.items():
        loss = reference.ctc_nll(log_probs, list(labels), blank)
        assert math.exp(-loss) == pytest.approx(probability, rel=ROUNDING)
    assert math.fsum(every.values()) == pytest.approx(1, rel=ROUNDING)
    symbols = [k for k in range(V) if k != blank]
    longer = [list(labels) for labels in product(symbols, repeat=T + 1)][:20]
    repeated = [[symbols[0]] * U for U in range((T + 1) // 2 + 1, T + 1)]
    assert all(reference.ctc_nll(log_probs, x, blank) == math.inf for x in longer + repeated)


@pytest.mark.parametrize(("T", "V", "U"), [(300, 30, 20), (300, 40, 3), (500, 12, 30)])
def test_long_losses_do_not_underflow(reference: SimpleNamespace, T: int, V: int, U: int) -> None:
    labels = [int(k) for k in np.random.default_rng(U).integers(1, V, U)]
    labels[1] = labels[0]
    log_probs = outputs(T, V, seed=U)
    wanted = decimal_loss(log_probs, labels, 0)
    assert wanted > 708  # its exponential is no float64
    assert reference.ctc_nll(log_probs, labels, 0) == pytest.approx(wanted, rel=1e-12)


def test_frames_that_are_certain(reference: SimpleNamespace) -> None:
    with np.errstate(divide="ignore"):
        certain = np.log(np.eye(3)[[1, 0, 1, 2]])
    assert reference.ctc_nll(certain, [1, 1, 2], 0) == 0
    assert reference.ctc_nll(certain, [1, 2], 0) == math.inf
    assert reference.ctc_prefix_beam(certain, 10, 0) == [((1, 1, 2), 0.0)]


@pytest.mark.parametrize("labels", [[], [1], [1, 2], [2, 2], [1, 2, 1], [3, 3, 1]])
def test_gradient_is_the_measured_slope(reference: SimpleNamespace, labels: list[int]) -> None:
    logits = np.random.default_rng(len(labels)).normal(size=(6, 4))
    gradient = reference.ctc_grad(logits, labels, 0)

    def loss(moved: Any) -> float:
        return float(reference.ctc_nll(log_softmax(moved), labels, 0))

    gap = np.abs(gradient - numerical_gradient(loss, logits)).max()
    assert gap < 1e-9 * max(1, np.abs(gradient).max()) * 10
    assert np.abs(gradient.sum(axis=1)).max() < ROUNDING
    moved = gradient + 0  # adding a constant to a row's logits changes nothing
    assert np.allclose(reference.ctc_grad(logits + 300.0, labels, 0), moved, rtol=0, atol=1e-10)


def test_gradient_asks_for_shares_of_paths(reference: SimpleNamespace) -> None:
    """Gamma, counted path by path: which share of them shows a symbol in a frame."""
    logits, labels = np.random.default_rng(3).normal(size=(5, 3)), (1, 1)
    probs = np.exp(log_softmax(logits))
    shares = np.zeros((5, 3))
    for path in product(range(3), repeat=5):
        if tuple(symbol for symbol, _ in groupby(path) if symbol) == labels:
            shares[range(5), path] += np.prod(probs[range(5), path])
    shares /= shares.sum(axis=1, keepdims=True)
    gap = reference.ctc_grad(logits, list(labels), 0) - (probs - shares)
    assert np.abs(gap).max() < ROUNDING


@pytest.mark.parametrize(("T", "V", "blank"), [(1, 2, 0), (5, 3, 0), (6, 3, 2), (4, 4, 1)])
def test_wide_beam_is_every_labelling(
    reference: SimpleNamespace, T: int, V: int, blank: int
) -> None:
    log_probs = outputs(T, V, seed=10 + T)
    every = sorted(labellings(log_probs, blank).items(), key=lambda item: -item[1])
    found = reference.ctc_prefix_beam(log_probs, 10_000, blank)
    assert [labels for labels, _ in found] == [labels for labels, _ in every]
    assert np.exp([logp for _, logp in found]) == pytest.approx([p for _, p in every], rel=1e-12)


def test_wide_beam_finds_the_best_labelling_where_greedy_does_not(
    reference: SimpleNamespace,
) -> None:
    missed = 0
    for seed in range(40):
        log_probs = outputs(6, 3, seed=100 + seed)
        every = labellings(log_probs, 0)
        best = max(every, key=every.__getitem__)
        assert reference.ctc_prefix_beam(log_probs, 200, 0)[0][0] == best
        missed += tuple(reference.ctc_greedy_decode(log_probs, 0)) != best
    assert missed >= 5


@pytest.mark.parametrize("width", [1, 2, 5])
def test_narrow_beam_never_claims_too_much(reference: SimpleNamespace, width: int) -> None:
    for seed in range(10):
        log_probs = outputs(6, 3, seed=200 + seed)
        every = labellings(log_probs, 0)
        found = reference.ctc_prefix_beam(log_probs, width, 0)
        assert 1 <= len(found) <= width
        assert len({labels for labels, _ in found}) == len(found)
        assert all(math.exp(logp) <= every[labels] * (1 + ROUNDING) for labels, logp in found)
        assert [logp for _, logp in found] == sorted((logp for _, logp in found), reverse=True)


def test_keras_agrees_within_float32(reference: SimpleNamespace) -> None:
    keras = reference.keras
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, 20, 6))
    labels = [[1, 2], [3, 3, 4], [5], [1, 2, 1, 1], [2, 2, 2, 2, 2]]
    padded = np.array([row + [0] * (5 - len(row)) for row in labels])
    theirs = keras.ops.convert_to_numpy(
        keras.ops.ctc_loss(padded, logits, [len(row) for row in labels], [20] * 5, mask_index=0)
    )
    ours = [
        reference.ctc_nll(log_softmax(x), row, 0) for x, row in zip(logits, labels, strict=True)
    ]
    assert np.asarray(theirs) == pytest.approx(ours, rel=FLOAT32)
    mean = float(keras.losses.CTC()(padded, logits))
    assert mean == pytest.approx(np.mean(ours), rel=FLOAT32)


def test_keras_is_finite_on_impossible_labels(reference: SimpleNamespace) -> None:
    """The difference that the study names: hence 100 or more is accepted for an infinite loss."""
    ops = reference.keras.ops
    theirs = ops.ctc_loss(np.array([[1, 1, 1]]), np.zeros((1, 3, 3)), [3], [3], mask_index=0)
    assert float(ops.convert_to_numpy(theirs)[0]) > 100
    assert reference.ctc_nll(log_softmax(np.zeros((3, 3))), [1, 1, 1], 0) == math.inf


def test_tensorflow_has_the_same_gradient(reference: SimpleNamespace) -> None:
    tf = pytest.importorskip("tensorflow")
    logits, labels = np.random.default_rng(1).normal(size=(12, 5)), [2, 2, 4, 1]
    tensor = tf.constant(logits[None], dtype=tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        loss = reference.keras.ops.ctc_loss(np.array([labels]), tensor, [4], [12], mask_index=0)
    theirs = tape.gradient(loss, tensor).numpy()[0]
    assert np.abs(theirs - reference.ctc_grad(logits, labels, 0)).max() < FLOAT32


def test_training_minimises_the_loss_of_this_notebook(reference: SimpleNamespace) -> None:
    keras, rng = reference.keras, np.random.default_rng(2)
    X, Y = rng.random((4, 8, 10)), [[0, 1], [9, 9, 3], [5], [2, 0]]
    weights = [rng.normal(size=(8, 11)), rng.normal(size=11)]
    columns = keras.Input((8, 10))
    logits = keras.layers.Dense(11)(keras.layers.Permute((2, 1))(columns))
    model = keras.Model(columns, logits)
    model.set_weights(weights)
    losses = reference.train_crnn(model, X, Y, 3, 4, 0.05)
    first = [
        reference.ctc_nll(log_softmax(x.T @ weights[0] + weights[1]), [k + 1 for k in y], 0)
        for x, y in zip(X, Y, strict=True)
    ]
    assert losses[0] == pytest.approx(np.mean(first), rel=FLOAT32)
    assert len(losses) == 3
    assert losses[0] > losses[1] > losses[2]
    # Adam's first update moves every weight by the learning rate, down the gradient.
    gradient = np.mean(
        [
            x @ reference.ctc_grad(x.T @ weights[0] + weights[1], [k + 1 for k in y], 0)
            for x, y in zip(X, Y, strict=True)
        ],
        axis=0,
    )
    model.set_weights(weights)
    reference.train_crnn(model, X, Y, 1, 4, 0.05)
    moved = model.get_weights()[0] - weights[0]
    assert np.abs(moved + 0.05 * np.sign(gradient)).max() < 1e-3


def test_crnn_says_enough_frames(reference: SimpleNamespace) -> None:
    crnn = reference.build_crnn(32, 10)
    assert crnn.output_shape == (None, 8, 11)
    assert 8 >= 2 * 3 - 1  # three equal digits
    assert crnn.layers[-1].activation is reference.keras.activations.linear


def test_spoken_words() -> None:
    path = COURSE.root / "solutions" / "14_ctc" / "data" / "words.zip"
    assert path.stat().st_size < 300_000
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        sounds = [wavfile.read(io.BytesIO(archive.read(name))) for name in names]
    assert len(names) == len(set(names)) == 120
    assert len({name.split(".")[0] for name in names}) == 12
    for rate, samples in sounds:
        assert rate == 8000
        assert samples.dtype == np.uint8
        assert 0.2 * rate < len(samples) < 0.8 * rate
        assert 100 < np.abs(samples.astype(int) - 128).max() <= 121
