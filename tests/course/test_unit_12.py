"""Unit 12: the reference against implementations that share nothing with it.

Independent are: the formulas in NumPy, unit by unit in Python floats; central differences; closed
forms where gates are forced; and the layers of Keras, with the differences that the unit teaches.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.closeness import distance_in_float64 as distance
from support.units import called, world_and_case

from autograder.course.unit import LoadedUnit
from autograder.guest import probes

UNIT = "12_gru_lstm"

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

keras = pytest.importorskip("keras")
ROUNDING = 1e-14  # normwise
rng = np.random.default_rng(12)


def weights(names: str, units: int, features: int) -> dict[str, Any]:
    p = {f"W_{name}": rng.normal(size=(units + features, units)) for name in names}
    return p | {f"b_{name}": rng.normal(size=units) for name in names}


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def dot(p: dict[str, Any], name: str, row: list[float], unit: int) -> float:
    terms = [value * p["W_" + name][k, unit] for k, value in enumerate(row)]
    return math.fsum([*terms, p["b_" + name][unit]])


def gru_by_hand(x: Any, h: Any, p: dict[str, Any]) -> Any:
    """The notes' formulas, one example and one unit at a time."""
    units = range(h.shape[1])
    new = np.zeros(h.shape)
    for b in range(len(h)):
        row = [*h[b], *x[b]]
        r = [sigmoid(dot(p, "r", row, u)) for u in units]
        seen = [*(r[u] * h[b, u] for u in units), *x[b]]
        for u in units:
            z = sigmoid(dot(p, "z", row, u))
            new[b, u] = z * math.tanh(dot(p, "h", seen, u)) + (1 - z) * h[b, u]
    return new


def lstm_by_hand(x: Any, h: Any, c: Any, p: dict[str, Any]) -> tuple[Any, Any]:
    new_h, new_c = np.zeros(h.shape), np.zeros(h.shape)
    for b in range(len(h)):
        row = [*h[b], *x[b]]
        for u in range(h.shape[1]):
            f, i, o = (sigmoid(dot(p, name, row, u)) for name in "fio")
            new_c[b, u] = f * c[b, u] + i * math.tanh(dot(p, "C", row, u))
            new_h[b, u] = o * math.tanh(new_c[b, u])
    return new_h, new_c


def test_gru_cell_is_the_notes_formulas(reference: SimpleNamespace) -> None:
    x, h, p = rng.normal(size=(5, 3)), rng.normal(size=(5, 4)), weights("rzh", 4, 3)
    assert distance(called(reference.gru_cell, x, h, p), gru_by_hand(x, h, p)) < ROUNDING


def test_lstm_cell_is_the_notes_formulas(reference: SimpleNamespace) -> None:
    x, p = rng.normal(size=(5, 3)), weights("fiCo", 4, 3)
    h, c = rng.normal(size=(2, 5, 4))
    for got, wanted in zip(
        called(reference.lstm_cell, x, h, c, p), lstm_by_hand(x, h, c, p), strict=True
    ):
        assert distance(got, wanted) < ROUNDING


def test_forced_gates_of_the_gru(reference: SimpleNamespace) -> None:
    x, h, p = rng.normal(size=(5, 3)), rng.uniform(-1, 1, (5, 4)), weights("rzh", 4, 3)
    shut, open_ = np.full(4, -50.0), np.full(4, 50.0)
    # The notes' words have it the other way round.
    assert distance(called(reference.gru_cell, x, h, p | {"b_z": shut}), h) < ROUNDING
    replaced = called(reference.gru_cell, x, h, p | {"b_z": open_, "b_r": shut})
    candidate = np.tanh(x @ p["W_h"][4:] + p["b_h"])  # h is not seen
    assert distance(replaced, candidate) < ROUNDING


def test_the_memory_of_the_lstm_is_kept_exactly(reference: SimpleNamespace) -> None:
    p = weights("fiCo", 4, 3) | {"b_f": np.full(4, 50.0), "b_i": np.full(4, -50.0)}
    h, start = np.zeros((5, 4)), rng.normal(size=(5, 4))
    c = start
    for _ in range(100):
        h, c = called(reference.lstm_cell, rng.normal(size=(5, 3)), h, c, p)
    assert distance(c, start) < ROUNDING


def test_states_stay_between_minus_one_and_one(reference: SimpleNamespace) -> None:
    X, h0 = 5 * rng.normal(size=(4, 60, 3)), rng.uniform(-1, 1, (4, 5))
    p = {name: 3 * value for name, value in weights("rzh", 5, 3).items()}
    assert np.abs(called(reference.run_gru, X, h0, p)).max() <= 1


def run_by_hand(X: Any, start: list[Any], p: dict[str, Any]) -> Any:
    """All hidden states, one step at a time; `start` is `[h0]` or `[h0, c0]`."""
    carry, states = start, []
    for t in range(X.shape[1]):
        if len(start) == 1:
            carry = [gru_by_hand(X[:, t], carry[0], p)]
        else:
            carry = [*lstm_by_hand(X[:, t], carry[0], carry[1], p)]
        states.append(carry[0])
    return np.stack(states, axis=1)


# What the gradients are of, for each check that takes some.
DIFFERENTIATED: dict[str, Any] = {
    "gru_gradients": lambda p, x, h: gru_by_hand(x, h, p),
    "lstm_gradients": lambda p, x, h, c: np.concatenate(lstm_by_hand(x, h, c, p), axis=1),
    "run_gru_gradients": lambda p, X, h0: run_by_hand(X, [h0], p),
    "run_lstm_gradients": lambda p, X, h0, c0: run_by_hand(X, [h0, c0], p),
}


@pytest.mark.parametrize("check", DIFFERENTIATED)
def test_gradients_are_those_of_central_differences(
    loaded: LoadedUnit, reference: SimpleNamespace, check: str
) -> None:
    """What a check takes for the truth, the reference by autodiff, for one of its cases."""
    world, case = world_and_case(loaded, check, "differences")
    inputs = dict(case.inputs)
    by_autodiff = world[check](reference, **inputs)
    p, cotangent = inputs.pop("p"), inputs.pop("cotangent")
    assert {f"gradient of {name}" for name in inputs | p} == set(by_autodiff)

    for name, value in (inputs | p).items():

        def weighted(moved: Any, name: str = name) -> float:
            changed = {key: moved if key == name else old for key, old in inputs.items()}
            weights = {key: moved if key == name else old for key, old in p.items()}
            return float(np.sum(DIFFERENTIATED[check](weights, **changed) * cotangent))

        measured = probes.numerical_gradient(weighted, value)
        gap = np.abs(by_autodiff[f"gradient of {name}"] - measured).max()
        assert gap < 1e-6 * np.abs(measured).max(), name


@pytest.mark.parametrize(("units", "features"), [(4, 3), (2, 5)])
def test_keras_computes_what_gru_to_keras_says(
    reference: SimpleNamespace, units: int, features: int
) -> None:
    p, X = weights("rzh", units, features), rng.normal(size=(3, 30, features))
    h0 = rng.uniform(-1, 1, (3, units))
    arrays = called(reference.gru_to_keras, p)
    assert [array.shape for array in arrays] == [
        (features, 3 * units), (units, 3 * units), (3 * units,),
    ]  # fmt: skip
    ours = called(reference.run_gru, X, h0, p)
    assert distance(keras_states("GRU", arrays, X, [h0], reset_after=False), ours) < ROUNDING
    # Without the signs it is another cell, and so is the layer as it comes (`reset_after=True`).
    kernel, recurrent, bias = arrays
    columns = np.where(np.arange(3 * units) < units, -1, 1)
    unsigned = [kernel * columns, recurrent * columns, bias * columns]
    assert distance(keras_states("GRU", unsigned, X, [h0], reset_after=False), ours) > 0.1
    default = [kernel, recurrent, np.stack([bias, 0 * bias])]
    assert distance(keras_states("GRU", default, X, [h0], reset_after=True), ours) > 1e-3


def test_keras_lstm_computes_the_notes_formulas(reference: SimpleNamespace) -> None:
    p, X = weights("fiCo", 4, 3), rng.normal(size=(3, 30, 3))
    h0, c0 = rng.normal(size=(2, 3, 4))
    W = np.concatenate([p[f"W_{name}"] for name in "ifCo"], axis=1)
    arrays = [W[4:], W[:4], np.concatenate([p[f"b_{name}"] for name in "ifCo"])]
    ours = called(reference.run_lstm, X, h0, c0, p)
    assert distance(keras_states("LSTM", arrays, X, [h0, c0]), ours) < ROUNDING


def keras_states(name: str, arrays: list[Any], X: Any, start: list[Any], **settings: Any) -> Any:
    """All states of a layer of Keras with given weights."""
    layer = getattr(keras.layers, name)(
        arrays[1].shape[0], return_sequences=True, dtype="float64", **settings
    )
    layer.build(X.shape)
    layer.set_weights(arrays)
    return probes.to_arrays(layer(*probes.to_tensors([X]), initial_state=probes.to_tensors(start)))


def test_runs_are_loops_that_can_be_interrupted(reference: SimpleNamespace) -> None:
    X, h0, p = rng.normal(size=(3, 7, 2)), rng.normal(size=(3, 4)), weights("rzh", 4, 2)
    whole = called(reference.run_gru, X, h0, p)
    first = called(reference.run_gru, X[:, :3], h0, p)
    second = called(reference.run_gru, X[:, 3:], first[:, -1], p)
    assert distance(np.concatenate([first, second], axis=1), whole) < ROUNDING
    h, states = h0, []
    for t in range(7):
        h = gru_by_hand(X[:, t], h, p)
        states.append(h)
    assert distance(whole, np.stack(states, axis=1)) < ROUNDING


@pytest.mark.parametrize(("cell", "gates"), [("gru", 3), ("lstm", 4)])
def test_classifiers_have_the_weights_that_they_should(
    reference: SimpleNamespace, cell: str, gates: int
) -> None:
    model = reference.build_classifier(cell, 5)
    biases = 2 if cell == "gru" else 1  # Keras' default `reset_after=True` has one for h as well
    assert model.count_params() == gates * (8 * 5 + 5 * 5 + biases * 5) + 5 * 10 + 10
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(("cell", "names"), [("gru", "rzh"), ("lstm", "fiCo")])
def test_own_networks_compute_the_notes_formulas(
    reference: SimpleNamespace, cell: str, names: str
) -> None:
    """In float32, since that is what a model of Keras computes in."""
    model = reference.build_own_rnn(cell, (7, 3), 4, 2)
    p = weights(names, 4, 3)
    by_name = {weight.name: weight for weight in model.layers[0].weights}
    assert {name: tuple(weight.shape) for name, weight in by_name.items()} == {
        name: value.shape for name, value in p.items()
    }
    starts = {"b_z": -1, "b_f": 1}
    for name, weight in by_name.items():
        if name.startswith("b"):
            assert (np.asarray(weight) == starts.get(name, 0)).all()
        weight.assign(p[name])
    kernel, bias = rng.normal(size=(4, 2)), rng.normal(size=2)
    model.layers[1].set_weights([kernel, bias])
    X = rng.normal(size=(5, 7, 3))
    start = [np.zeros((5, 4))] * (1 if cell == "gru" else 2)
    last = run_by_hand(X, start, p)[:, -1]
    gap = np.abs(np.asarray(model(X.astype("float32"))) - (last @ kernel + bias)).max()
    assert gap < 1e-5


def test_the_memory_task_asks_for_what_lies_far_back(loaded: LoadedUnit) -> None:
    _, case = world_and_case(loaded, "own_lstm_remembers", "memory")
    X, new, labels = case.inputs["X"], case.inputs["new_X"], case.inputs["labels"]
    (mark,) = (c for c in range(3) if (X[..., c].sum(axis=1) < 15).all())
    bits = [column for column in range(3) if column != mark]
    assert (X[..., bits].sum(axis=-1) == 1).all()

    def answers(rows: Any, one: int) -> Any:
        last = rows.shape[1] - 1 - rows[:, ::-1, mark].argmax(axis=1)
        return rows[np.arange(len(rows)), last, one], last

    one = max(bits, key=lambda column: (answers(X, column)[0] == labels).mean())
    assert (answers(X, one)[0] == labels).all()
    found, last = answers(new, one)
    assert (found == case.truth["labels"]).all()
    assert last.max() < 10  # of 60
