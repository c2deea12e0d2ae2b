"""Trees of tensors into trees of arrays and back, whichever backend is loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

_floats: np.dtype[Any] = np.dtype(np.float64)  # what float64 arrays become as tensors


def even_out() -> None:
    """Undo what makes a backend give other results than TensorFlow."""
    _keep_float64()
    backend = sys.modules["keras"].backend.backend()
    if backend == "torch":
        _let_numpy_read()
        _keep_numbers()
    if backend == "jax":
        _compile_steps()


def _keep_float64() -> None:
    """Let Keras compute in float64 what is given in float64.

    On other backends than TensorFlow its rule for the dtype of a result makes float32 of it, as JAX
    does, in the functions that use that rule.  No public setting changes it.  Checks in float64
    show mistakes that float32 hides (docs/tolerances.md).
    """
    from keras.src.backend.common import dtypes

    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


def _let_numpy_read() -> None:
    """Let NumPy read a torch tensor that gradients pass through, as it reads TensorFlow's.

    torch raises instead, and every output of a network is such a tensor.  No gradient passes
    through the array, on any backend.
    """
    import torch

    read = torch.Tensor.numpy

    def numpy(self: Any, *, force: bool = False) -> Any:
        return read(self, force=True)

    torch.Tensor.numpy = numpy


def _keep_numbers() -> None:
    """Let Keras keep the digits of a number beside a float64 tensor or variable on torch.

    Otherwise the number is rounded to float32 first, and `0.9 * variable` is 3e-8 off.
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
    """Let `fit` compile a step of training on JAX, even after `compile(…, jit_compile=False)`.

    On TensorFlow that leaves out XLA, which starts slowly.  On JAX it compiles each operation by
    itself, and a recurrent layer anew in every step: that takes forty times as long, and ever more
    memory.
    """
    from keras.src.trainers.trainer import Trainer

    original = Trainer.compile

    @wraps(original)
    def compile(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.jit_compile = not self.run_eagerly

    Trainer.compile = compile


def _beside(value: Any, other: Any) -> Any:
    """Return a number with all its digits, if what it is combined with is float64."""
    if type(value) is float and str(getattr(other, "dtype", "")).endswith("float64"):
        return np.array(value)  # not np.float64, which is a float as well
    return value


def to_arrays(tree: Any) -> Any:
    """Return a tree of lists, tuples and dicts with its tensors and variables as NumPy arrays."""
    return mapped(tree, _to_array) if "keras" in sys.modules else tree


def to_tensors(tree: Any) -> Any:
    """Return a tree of lists, tuples and dicts with its arrays as tensors of their own dtype.

    Within `floats_in_float32` float64 becomes float32.
    """
    return mapped(tree, _to_tensor)


@contextmanager
def floats_in_float32() -> Iterator[None]:
    """Let tensors that are made of float64 arrays be float32: the frameworks' own precision.

    Frameworks refuse to mix precisions: right code that brings a float32 number of its own, a mask
    that it casts, say, raises where it is given float64.
    """
    global _floats
    before, _floats = _floats, np.dtype(np.float32)
    try:
        yield
    finally:
        _floats = before


def rounded(leaf: Any) -> Any:
    """Return an array in the precision that tensors have now; anything else as it is."""
    is_double = is_array(leaf) and leaf.dtype == np.float64
    with np.errstate(over="ignore"):
        return leaf.astype(_floats) if is_double and _floats != leaf.dtype else leaf


def is_tensor(leaf: Any) -> bool:
    """Return whether something is a tensor with values, or a variable."""
    keras = sys.modules.get("keras")
    return keras is not None and (keras.ops.is_tensor(leaf) or isinstance(leaf, keras.Variable))


def is_array(leaf: Any) -> bool:
    """Return whether something is a NumPy array or scalar that holds numbers."""
    return isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "biufc"


def leaves(tree: Any) -> Iterator[Any]:
    """Yield what is in a tree of lists, tuples and dicts, in its order."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        for item in tree:
            yield from leaves(item)
    else:
        yield tree


def mapped(tree: Any, function: Callable[[Any], Any]) -> Any:
    """Return a tree of the same form with `function` of every leaf, in plain containers."""
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

    leaf = rounded(leaf)
    return keras.ops.convert_to_tensor(leaf, leaf.dtype.name) if is_array(leaf) else leaf
