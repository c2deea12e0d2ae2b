"""Tensors of whatever framework is loaded, and arrays: trees of one into trees of the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np


def even_out() -> None:
    """Takes back what would make a backend give other results than TensorFlow."""
    _keep_float64()
    backend = sys.modules["keras"].backend.backend()
    if backend == "torch":
        _let_numpy_read()
        _keep_numbers()
    if backend == "jax":
        _compile_steps()


def _keep_float64() -> None:
    """Lets Keras compute in float64 what is given in float64.

    Off TensorFlow its rule for the type of a result makes float32 of it, after JAX's habit, in the
    functions that ask that rule.  Nothing public changes it.  Checks in float64 tell mistakes
    that float32 hides (docs/tolerances.md).
    """
    from keras.src.backend.common import dtypes

    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


def _let_numpy_read() -> None:
    """Lets NumPy read a torch tensor that gradients pass through, as it reads TensorFlow's.

    torch raises instead, and every answer of a network is such a tensor.  No gradient passes the
    array, on any backend.
    """
    import torch

    read = torch.Tensor.numpy

    def numpy(self: Any, *, force: bool = False) -> Any:
        return read(self, force=True)

    torch.Tensor.numpy = numpy


def _keep_numbers() -> None:
    """Lets Keras take a number beside a float64 tensor or variable on torch as it is.

    Else it is rounded to float32 first, so that `0.9 * variable` is 3e-8 off.
    """
    from keras.src.backend.torch import numpy as functions

    def precise(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        @wraps(function)
        def computed(x1: Any, x2: Any) -> Any:
            return function(_beside(x1, x2), _beside(x2, x1))

        return computed

    for name in ("add", "subtract", "multiply", "power"):
        setattr(functions, name, precise(getattr(functions, name)))


def _compile_steps() -> None:
    """Lets `fit` compile a step of training on JAX, also after `compile(…, jit_compile=False)`.

    On TensorFlow that leaves out XLA, which is slow to begin.  On JAX it compiles each operation by
    itself, and a recurrent layer anew in every step: forty times the time, and memory without end.
    """
    from keras.src.trainers.trainer import Trainer

    original = Trainer.compile

    @wraps(original)
    def compile(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.jit_compile = not self.run_eagerly

    Trainer.compile = compile


def _beside(value: Any, other: Any) -> Any:
    """A number with all of its digits, if what stands beside it is in float64."""
    if type(value) is float and str(getattr(other, "dtype", "")).endswith("float64"):
        return np.array(value)  # not np.float64, which is a float as well
    return value


def to_arrays(tree: Any) -> Any:
    """A tree of lists, tuples and dicts, its tensors and variables as NumPy arrays."""
    return mapped(tree, _to_array) if "keras" in sys.modules else tree


def to_tensors(tree: Any) -> Any:
    """A tree of lists, tuples and dicts, its NumPy arrays as tensors of their own dtype."""
    return mapped(tree, _to_tensor)


def is_tensor(leaf: Any) -> bool:
    """Whether something is a tensor with values, or a variable."""
    keras = sys.modules.get("keras")
    return keras is not None and (keras.ops.is_tensor(leaf) or isinstance(leaf, keras.Variable))


def is_array(leaf: Any) -> bool:
    """Whether something is an array, or a scalar of NumPy, that holds numbers."""
    return isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "biufc"


def leaves(tree: Any) -> Iterator[Any]:
    """What is in a tree of lists, tuples and dicts, in its order."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        for item in tree:
            yield from leaves(item)
    else:
        yield tree


def mapped(tree: Any, function: Callable[[Any], Any]) -> Any:
    """A tree of the same form with `function` of every leaf, in plain lists, tuples and dicts."""
    if isinstance(tree, dict):
        return {key: mapped(item, function) for key, item in tree.items()}
    if isinstance(tree, list):
        return [mapped(item, function) for item in tree]
    if isinstance(tree, tuple):
        return tuple([mapped(item, function) for item in tree])
    return function(tree)


def _to_array(leaf: Any) -> Any:
    return sys.modules["keras"].ops.convert_to_numpy(leaf) if is_tensor(leaf) else leaf


def _to_tensor(leaf: Any) -> Any:
    import keras

    return keras.ops.convert_to_tensor(leaf, leaf.dtype.name) if is_array(leaf) else leaf
