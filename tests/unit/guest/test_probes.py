"""Probes: gradients against those worked out by hand, seeds, cotangents.

On the backend of Keras that `KERAS_BACKEND` names; test_backends.py runs this with each.
"""

import random
import re
import time
from typing import Any

import numpy as np
import pytest

from autograder.guest import probes
from autograder.guest.tensors import even_out
from autograder.guest.worker import ObservedNamespace, ProgramView

rng = np.random.default_rng(5)
W = rng.normal(size=(4, 3))
x = rng.normal(size=(3, 2))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(0))
    return e / e.sum(0)


SMOOTH = [
    (lambda x: np.sum(x**3), lambda x: 3 * x**2),
    (lambda x: np.sum(np.tanh(W @ x)), lambda x: W.T @ (1 - np.tanh(W @ x) ** 2)),
    (lambda x: np.log(np.exp(x).sum(0)).sum(), softmax),
    (lambda x: np.sum(x), np.ones_like),
    (lambda x: 2.5, np.zeros_like),
]


@pytest.mark.parametrize(("f", "gradient"), SMOOTH, ids=range(5))
def test_numerical_gradients_are_those_worked_out(f, gradient):
    got = probes.numerical_gradient(f, x)
    assert got.shape == x.shape and got.dtype == np.float64
    assert np.abs(got - gradient(x)).max() < 1e-8


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0), (2, 3, 2)])
def test_numerical_gradients_have_the_shape_of_the_point(shape):
    point = rng.normal(size=shape)
    got = probes.numerical_gradient(lambda x: np.sum(x**2), point)
    assert got.shape == shape
    assert np.allclose(got, 2 * point, rtol=0, atol=1e-8)


def test_numerical_gradients_take_numbers_and_lists():
    assert probes.numerical_gradient(lambda x: x**2, 3.0) == pytest.approx(6.0, abs=1e-8)
    got = probes.numerical_gradient(lambda x: x[0] * x[1], [2, 3])
    assert np.allclose(got, [3, 2], rtol=0, atol=1e-8)


def test_the_point_is_unchanged_even_by_a_function_that_writes_into_it():
    point = x.copy()

    def f(x):
        x *= 2
        return np.sum(x**2)

    got = probes.numerical_gradient(f, point)
    assert np.array_equal(point, x)
    assert np.abs(got - 8 * x).max() < 1e-7


def test_a_function_may_return_an_array_without_axes():
    got = probes.numerical_gradient(lambda x: np.array((x**2).sum()), x)
    assert np.abs(got - 2 * x).max() < 1e-8


def test_the_step_is_the_callers_choice():
    coarse = probes.numerical_gradient(lambda x: np.sum(x**3), x, h=0.1)
    assert np.allclose(coarse, 3 * x**2 + 0.01, rtol=0, atol=1e-10)


@pytest.mark.parametrize("value", [0, 1, 2**32 - 1, 2**32, 2**40 + 5, -1])
def test_a_seed_repeats_what_is_random(value):
    def drawn():
        probes.seed(value)
        return random.random(), np.random.rand(), np.random.permutation(20).tolist()

    assert drawn() == drawn()


def test_seeds_differ():
    drawn = set()
    for value in range(20):
        probes.seed(value)
        drawn.add((random.random(), np.random.rand()))
    assert len({first for first, _ in drawn}) == len({second for _, second in drawn}) == 20


def program_of(cell: str) -> ProgramView:
    names: dict[str, Any] = {}
    exec(cell, names)
    return ProgramView(names)


def test_a_function_is_replaced_for_the_programs_own_and_comes_back():
    program = program_of("def size():\n    return 3\ndef area():\n    return size() ** 2")
    with probes.replaced(program, "size", lambda: 5):
        assert program.area() == 25
    assert program.area() == 9
    with pytest.raises(ZeroDivisionError), probes.replaced(program, "size", lambda: 1 / 0):
        program.area()
    assert program.area() == 9


def test_what_the_program_lacks_is_there_while_it_is_replaced():
    program = program_of("def area():\n    return size() ** 2")
    with probes.replaced(program, "size", lambda: 5):
        assert program.area() == 25
    with pytest.raises(NameError):
        program.area()


def test_what_is_kept_is_made_once_for_each_key_and_each_state_of_the_names():
    source = """def observation(program, key):
    return probes.kept(program, key, lambda: program.count())"""
    names = {"made": 0}
    exec("def count():\n    global made\n    made += 1\n    return made", names)
    program = ObservedNamespace(names, lambda file_name: 0)
    seen = [program.observe(source, {"key": key}).value for key in ("a", "a", "b", "a")]
    assert seen == [1, 1, 2, 1]
    again = ObservedNamespace(names, lambda file_name: 0)
    assert again.observe(source, {"key": "a"}).value == 3


def test_nothing_is_kept_of_what_raised():
    program = program_of(
        "tried = []\ndef build():\n    tried.append(1)\n    return 1 / len(tried[1:])"
    )
    with pytest.raises(ZeroDivisionError):
        probes.kept(program, "built", program.build)
    assert probes.kept(program, "built", program.build) == 1


@pytest.fixture
def ops() -> Any:
    keras = pytest.importorskip("keras")
    even_out()
    return keras.ops


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_vjp_is_the_product_worked_out(ops, dtype):
    a, b, g = (rng.normal(size=size).astype(dtype) for size in [(2, 3), (3, 4), (2, 4)])
    da, db = probes.vjp(lambda a, b: ops.tanh(ops.matmul(a, b)), a, b, cotangent=g)
    inner = g * (1 - np.tanh(a @ b) ** 2)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    assert da.dtype == db.dtype == dtype
    assert np.allclose(da, inner @ b.T, rtol=tolerance, atol=tolerance)
    assert np.allclose(db, a.T @ inner, rtol=tolerance, atol=tolerance)


@pytest.mark.slow
def test_vjp_without_a_cotangent_is_the_gradient_of_the_sum(ops):
    (got,) = probes.vjp(lambda x: x**3, x)
    assert np.allclose(got, 3 * x**2, rtol=1e-12)
    assert np.abs(got - probes.numerical_gradient(lambda x: np.sum(x**3), x)).max() < 1e-8


@pytest.mark.slow
def test_numbers_beside_float64_keep_their_digits(ops):
    import keras

    tensor = ops.convert_to_tensor(np.full(2, 0.7))
    for value in (tensor, keras.Variable(tensor, dtype="float64")):
        seen = [0.9 * value, value * 0.9, 0.9 + value, value - 0.9, 0.9 - value, value**0.9]
        seen += [value / 0.9, ops.multiply(0.9, value), ops.power(value, 0.9)]
        wanted = [0.9 * 0.7, 0.9 * 0.7, 0.9 + 0.7, 0.7 - 0.9, 0.9 - 0.7, 0.7**0.9]
        wanted += [0.7 / 0.9, 0.9 * 0.7, 0.7**0.9]
        for got, want in zip(seen, wanted, strict=True):
            assert np.allclose(ops.convert_to_numpy(got), want, rtol=1e-15)


@pytest.mark.slow
def test_numpy_reads_what_a_network_says(ops):
    """The network's weights take gradients, and so does what it says."""
    import keras

    layer = keras.layers.Dense(2, kernel_initializer="ones")
    said = layer(np.ones((1, 3), dtype="float32"))
    assert np.asarray(said).tolist() == np.stack([said])[0].tolist() == [[3.0, 3.0]]


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(2, 3), (3, 1), (1, 2), (2,), ()])
def test_vjp_refuses_a_result_of_another_shape_than_the_cotangent(ops, shape):
    """Most of these would broadcast, and give the gradient of something else."""
    with pytest.raises(ValueError, match=re.escape(f"shape (3, 2) instead of {shape}")):
        probes.vjp(lambda x: x**2, x, cotangent=np.ones(shape))
    (got,) = probes.vjp(lambda x: x**2, x, cotangent=np.ones((3, 2)))
    assert np.allclose(got, 2 * x, rtol=1e-12)


@pytest.mark.slow
def test_vjp_says_where_no_gradient_reaches(ops):
    got = probes.vjp(lambda a, b, c: a * ops.stop_gradient(b) + ops.round(c) * 0, x, x, x)
    assert np.array_equal(got[0], x) and got[1] is None
    got = probes.vjp(lambda a, b: a * 2, x, x)
    assert np.array_equal(got[0], np.full_like(x, 2)) and got[1] is None


@pytest.mark.slow
def test_vjp_passes_integers_through(ops):
    indices = np.array([2, 0, 2])
    got = probes.vjp(lambda table, i: ops.take(table, i, axis=0), x, indices)
    assert len(got) == 1
    assert np.array_equal(got[0], [[1, 1], [0, 0], [2, 2]])


@pytest.mark.slow
def test_vjp_leaves_its_inputs_unchanged(ops):
    point, cotangent = x.copy(), np.ones_like(x)
    probes.vjp(lambda x: ops.exp(x), point, cotangent=cotangent)
    assert np.array_equal(point, x) and np.array_equal(cotangent, np.ones_like(x))


@pytest.mark.slow
def test_a_seed_repeats_what_keras_draws(ops):
    import keras

    def drawn():
        probes.seed(7)
        found = keras.random.normal((4,)), keras.layers.Dense(3)(x)
        return [ops.convert_to_numpy(tensor) for tensor in found]

    first, second = drawn(), drawn()
    assert all(map(np.array_equal, first, second))


@pytest.mark.slow
def test_a_training_step_does_what_fit_does(ops):
    import keras

    x, y = rng.normal(size=(6, 3)).astype("float32"), rng.integers(0, 2, 6)
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        normalised = [keras.layers.Dense(4), keras.layers.BatchNormalization()]
        last = keras.layers.Dense(2, "softmax", kernel_regularizer="l2")
        models.append(keras.Sequential([keras.Input((3,)), *normalised, last]))
    loss = keras.losses.SparseCategoricalCrossentropy()
    step = probes.training_step(models[0], loss, keras.optimizers.SGD(0.1, momentum=0.9))
    models[1].compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, jit_compile=False)
    losses = [step(x, y) for _ in range(3)]
    history = models[1].fit(x, y, batch_size=6, epochs=3, verbose=0).history["loss"]
    assert losses == pytest.approx(history, rel=1e-5)
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-6)


@pytest.mark.slow
def test_on_jax_a_step_is_compiled_as_a_whole(ops):
    """Operation by operation, a recurrent layer would be compiled anew in every step."""
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    assert model.jit_compile == (keras.backend.backend() == "jax")
    model.compile("sgd", "mse", run_eagerly=True, jit_compile=False)
    assert not model.jit_compile


@pytest.mark.slow
def test_a_step_of_what_cannot_learn_changes_nothing(ops):
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, trainable=False)])
    before = model.get_weights()
    step = probes.training_step(model, keras.losses.MeanSquaredError(), keras.optimizers.SGD(0.1))
    assert step(np.ones((4, 3), "float32"), np.zeros((4, 2), "float32")) > 0
    assert all(map(np.array_equal, before, model.get_weights()))


@pytest.mark.slow
def test_only_keras_layers_refuses_classes_of_ones_own_and_replaced_methods() -> None:
    import keras

    class Own(keras.layers.Layer):
        pass

    class OwnModel(keras.Model):
        pass

    inner = keras.Sequential([keras.Input((3, 2)), keras.layers.GRU(2)])
    x = keras.Input((3, 2))
    fine = keras.Model(x, keras.ops.relu(inner(x)) + 1.0)
    around = keras.layers.RNN(keras.layers.GRUCell(2))
    assert probes.only_keras_layers(fine) is fine
    probes.only_keras_layers(keras.Sequential([around]))
    replaced = keras.Sequential([keras.layers.Dense(1)])
    replaced.fit = lambda *_, **__: None
    for model in (
        keras.Sequential([Own()]),
        OwnModel(),
        keras.Sequential([keras.layers.Lambda(lambda x: x)]),
        keras.Sequential([keras.Sequential([Own()])]),
        keras.Sequential([keras.layers.TimeDistributed(Own())]),
        replaced,
    ):
        with pytest.raises(ValueError, match=r"layers from keras\.layers"):
            probes.only_keras_layers(model)


def test_a_time_limit_ends_a_loop_and_nothing_else() -> None:
    with pytest.raises(TimeoutError), probes.time_limit(0.05):
        while True:
            pass
    with probes.time_limit(0.05):
        pass
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass  # it holds for its block alone
