"""Trees of tensors and of arrays, one into the other; what a Keras model is made of."""

from typing import Any

import numpy as np
import pytest

from autograder.guest import probes, tensors
from autograder.wire.codec import Opaque, pack, unpack

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

keras = pytest.importorskip("keras")
layers: Any = keras.layers


def test_trees_go_there_and_back():
    tree: dict[str, Any] = {"p": [np.arange(3.0), (np.float64(2), "text", None)], "n": 3}
    there = tensors.to_tensors(tree)
    assert keras.ops.is_tensor(there["p"][0]) and there["p"][0].dtype == "float64"
    assert type(there["p"][1]) is tuple and there["p"][1][1:] == ("text", None)
    back = tensors.to_arrays(there)
    assert type(back["p"][0]) is np.ndarray and back["n"] == 3
    assert np.array_equal(back["p"][0], tree["p"][0])
    assert np.array_equal(back["p"][1][0], 2)


def test_variables_become_arrays_and_symbolic_tensors_stay():
    variable, symbol = keras.Variable(np.ones(2)), keras.Input((3,))
    found = tensors.to_arrays([variable, symbol])
    assert np.array_equal(found[0], np.ones(2))
    assert found[1] is symbol
    assert unpack(pack(found))[1] == Opaque("KerasTensor")


def test_the_gradient_is_as_precise_as_the_output():
    x = np.linspace(0.1, 1, 5)
    for dtype in ("float32", "float64"):
        (gradient,) = probes.vjp(lambda x, d=dtype: keras.ops.cast(x, d) ** 2, x)
        assert gradient.dtype == dtype
        assert np.allclose(gradient, 2 * x, rtol=1e-6)


class OwnDense(layers.Dense):
    """A student's own, called what Keras calls what it extends."""


class Odd(layers.Layer):
    """Can't say how it was made."""

    def __init__(self, secret):
        super().__init__()

    def call(self, x):
        return x


def test_layers_of_a_model():
    inner = keras.Sequential([keras.Input((4, 3)), keras.layers.GRU(5)], name="inner")
    model = keras.Sequential(
        [keras.Input((4, 3)), inner, OwnDense(2, activation="tanh"), Odd(object())]
    )
    found = probes.layers(model)
    assert [layer["class"] for layer in found] == ["GRU", "Dense", "Layer"]
    assert [layer["output"] for layer in found] == [[None, 5], [None, 2], [None, 2]]
    assert [layer["parameters"] for layer in found] == [3 * (3 * 5 + 5 * 5 + 2 * 5), 12, 0]
    assert found[0]["config"]["units"] == 5 and found[1]["config"]["activation"] == "tanh"
    assert found[2]["config"] == {}
    unpack(pack(found))  # it can be evidence
    assert probes.leaf_layers(model) == [inner.layers[0], *model.layers[1:]]


def test_layers_of_a_model_that_is_not_built():
    (layer,) = probes.layers(keras.Sequential([keras.layers.Dense(2)]))
    assert (layer["class"], layer["output"], layer["parameters"]) == ("Dense", None, 0)
