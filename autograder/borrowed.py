"""Functions that a program borrows of the reference: asked for here, answered in its own process.

Values cross as evidence does, as plain data.  Tensors go as arrays and come back as tensors, and
on TensorFlow their gradients are asked for too, so that what is built on a borrowed function can
still be differentiated.  A random generator goes as a seed that is drawn from it: the same state
gives the same results, and every call others.  Functions that build symbolic models can't be
borrowed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

# Puts a question (args, kwargs, and what the codec says of tensors) and gives the plain answer.
Ask = Callable[[dict[str, Any]], Any]

_SEED: Final = "seed of a generator"


def borrowed(name: str, ask: Ask) -> Callable[..., Any]:
    """A function that asks for its results."""

    def asking(*args: Any, **kwargs: Any) -> Any:
        call = _mapped([list(args), kwargs], _to_seed)
        tensors = [leaf for leaf in _leaves(call) if _is_tensor(leaf)]
        if not tensors:
            return ask({"ask": name, "args": call[0], "kwargs": call[1]})
        return _asked_with_tensors(name, call, tensors, ask)

    asking.__name__ = name
    return asking


def answered(
    function: Callable[..., Any],
    args: list[Any],
    kwargs: dict[str, Any],
    tensors: bool = False,
    cotangents: list[Any] | None = None,
) -> Any:
    """What a function gives, as plain data.

    Args:
        function: the lender's.
        args: plain data, as the borrower's.
        kwargs: likewise.
        tensors: whether arrays are handed over as tensors.
        cotangents: where given, what comes back is not the result but the gradient of its sum,
            weighted by these (one for each tensor in the result), for each array in the call.
    """
    args = [_to_generator(value) for value in args]
    kwargs = {name: _to_generator(value) for name, value in kwargs.items()}
    if not tensors:
        return _mapped(function(*args, **kwargs), _to_array)
    call = _mapped([args, kwargs], _to_tensor)
    if cotangents is None:
        return _mapped(function(*call[0], **call[1]), _to_array)
    import tensorflow as tf

    inputs = [leaf for leaf in _leaves(call) if _is_tensor(leaf)]
    with tf.GradientTape() as tape:
        for tensor in inputs:
            tape.watch(tensor)
        results = [leaf for leaf in _leaves(function(*call[0], **call[1])) if _is_tensor(leaf)]
    weights = [
        tf.cast(weight, result.dtype) for weight, result in zip(cotangents, results, strict=True)
    ]
    gradients = tape.gradient(results, inputs, output_gradients=weights)
    return [None if gradient is None else _to_array(gradient) for gradient in gradients]


def _asked_with_tensors(name: str, call: list[Any], tensors: list[Any], ask: Ask) -> Any:
    plain = _mapped(call, _to_array)
    question = {"ask": name, "args": plain[0], "kwargs": plain[1], "tensors": True}
    if sys.modules["keras"].backend.backend() != "tensorflow":
        return _mapped(ask(question), _to_tensor)
    import tensorflow as tf

    answers: list[Any] = []

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def through(*_: Any) -> Any:
        answers.append(_mapped(ask(question), _to_tensor))

        def backward(*cotangents: Any) -> list[Any]:
            weights = [_to_array(cotangent) for cotangent in cotangents]
            gradients = ask(question | {"cotangents": weights})
            arrays = [leaf for leaf in _leaves(call) if _is_tensor(leaf) or _is_array(leaf)]
            return [
                None if gradient is None else _to_tensor(gradient)
                for leaf, gradient in zip(arrays, gradients, strict=True)
                if _is_tensor(leaf)
            ]

        return [leaf for leaf in _leaves(answers[0]) if _is_tensor(leaf)], backward

    results = iter(through(*tensors))
    return _mapped(answers[0], lambda leaf: next(results) if _is_tensor(leaf) else leaf)


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, (list, tuple)):
        for item in tree:
            yield from _leaves(item)
    else:
        yield tree


def _mapped(tree: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        return {key: _mapped(item, function) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)([_mapped(item, function) for item in tree])
    return function(tree)


def _to_seed(leaf: Any) -> Any:
    return {_SEED: int(leaf.integers(2**63))} if isinstance(leaf, np.random.Generator) else leaf


def _to_generator(value: Any) -> Any:
    seeded = isinstance(value, dict) and value.keys() == {_SEED}
    return np.random.default_rng(value[_SEED]) if seeded else value


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, np.generic))


def _is_tensor(leaf: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and (keras.ops.is_tensor(leaf) or isinstance(leaf, keras.Variable))


def _to_array(leaf: Any) -> Any:
    return sys.modules["keras"].ops.convert_to_numpy(leaf) if _is_tensor(leaf) else leaf


def _to_tensor(leaf: Any) -> Any:
    return sys.modules["keras"].ops.convert_to_tensor(leaf) if _is_array(leaf) else leaf
