"""Functions that a program borrows of the reference: asked for here, answered in its own process.

Values cross as evidence does, as plain data.  Tensors go as arrays and come back as tensors, and
their gradients are asked for too, so that what is built on a borrowed function can still be
differentiated.  A random generator goes as a seed that is drawn from it: the same state
gives the same results, and every call others.  Functions that build symbolic models can't be
borrowed.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from autograder.guest.gradients import pulled_back, with_gradient
from autograder.guest.tensors import is_array, is_tensor, leaves, mapped, to_arrays, to_tensors

# Puts a question (args, kwargs, and what the codec says of tensors) and gives the plain answer.
Ask = Callable[[dict[str, Any]], Any]

_SEED: Final = "seed of a generator"


def borrowed(name: str, ask: Ask) -> Callable[..., Any]:
    """A function that asks for its results."""

    def asking(*args: Any, **kwargs: Any) -> Any:
        call = mapped([list(args), kwargs], _to_seed)
        tensors = [leaf for leaf in leaves(call) if is_tensor(leaf)]
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
        return to_arrays(function(*args, **kwargs))
    call = to_tensors([args, kwargs])
    if cotangents is None:
        return to_arrays(function(*call[0], **call[1]))
    ops = sys.modules["keras"].ops
    inputs = [leaf for leaf in leaves(call) if is_tensor(leaf)]

    def results_of(*tensors: Any) -> list[Any]:
        args, kwargs = _with_tensors(call, tensors)
        return [leaf for leaf in leaves(function(*args, **kwargs)) if is_tensor(leaf)]

    def weigh(results: Sequence[Any]) -> list[Any]:
        pairs = zip(cotangents, results, strict=True)
        return [ops.cast(weight, result.dtype) for weight, result in pairs]

    gradients = pulled_back(results_of, inputs, weigh)
    return [None if gradient is None else to_arrays(gradient) for gradient in gradients]


def refusal(kind: str, message: str) -> Exception:
    """What to raise where the lender's function raised a `kind`: a caller may wait for just that.

    Some kinds would be taken for the borrower's own fault: not answered, out of memory.
    """
    found = getattr(builtins, kind, None)
    if not isinstance(found, type) or not issubclass(found, Exception):
        return RuntimeError(message)
    if issubclass(found, (NotImplementedError, MemoryError)):
        return RuntimeError(message)
    try:
        return found(message)
    except TypeError:  # one that wants more arguments
        return RuntimeError(message)


def _asked_with_tensors(name: str, call: list[Any], tensors: list[Any], ask: Ask) -> Any:
    answers: list[Any] = []
    questions: list[dict[str, Any]] = []

    def forward(*inputs: Any) -> list[Any]:
        args, kwargs = to_arrays(_with_tensors(call, inputs))
        questions.append({"ask": name, "args": args, "kwargs": kwargs, "tensors": True})
        answers.append(to_tensors(ask(questions[-1])))
        return [leaf for leaf in leaves(answers[-1]) if is_tensor(leaf)]

    def backward(*cotangents: Any) -> list[Any]:
        weights = [to_arrays(cotangent) for cotangent in cotangents]
        gradients = ask(questions[-1] | {"cotangents": weights})
        arrays = [leaf for leaf in leaves(call) if is_tensor(leaf) or is_array(leaf)]
        return [
            None if gradient is None else to_tensors(gradient)
            for leaf, gradient in zip(arrays, gradients, strict=True)
            if is_tensor(leaf)
        ]

    # A variable is given as the tensor that it holds.
    given = map(sys.modules["keras"].ops.convert_to_tensor, tensors)
    results = iter(with_gradient(forward, backward)(*given))
    return mapped(answers[-1], lambda leaf: next(results) if is_tensor(leaf) else leaf)


def _with_tensors(tree: Any, tensors: Sequence[Any]) -> Any:
    """The tree with other tensors, in their order, in the place of its own."""
    others = iter(tensors)
    return mapped(tree, lambda leaf: next(others) if is_tensor(leaf) else leaf)


def _to_seed(leaf: Any) -> Any:
    return {_SEED: int(leaf.integers(2**63))} if isinstance(leaf, np.random.Generator) else leaf


def _to_generator(value: Any) -> Any:
    seeded = isinstance(value, dict) and value.keys() == {_SEED}
    return np.random.default_rng(value[_SEED]) if seeded else value
