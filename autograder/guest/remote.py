"""Functions that a program borrows from the reference: called here, computed in its process.

Values cross as plain data, like evidence.  Tensors go as arrays and come back as tensors, and their
gradients are asked for too, so that what is built on a borrowed function can still be
differentiated.  A random generator goes as a seed drawn from it: the same state gives the same
results, and each call gives others.  Functions that build symbolic models can't be borrowed.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from autograder.guest.gradients import pulled_back, with_gradient
from autograder.guest.tensors import is_array, is_tensor, leaves, mapped, to_arrays, to_tensors
from autograder.wire.evidence import NOT_LENT

# Sends a call (name, args, kwargs, and how tensors are meant); returns the plain result.
Ask = Callable[[dict[str, Any]], Any]

_SEED: Final = "seed of a generator"


class NotLent(RuntimeError):  # noqa: N818 - read by students, as a statement
    """A borrowed function was called more often than it is lent, or with other values."""


def borrowed(name: str, ask: Ask) -> Callable[..., Any]:
    """Return a function that has its results computed elsewhere.

    Args:
        name: Of the function.
        ask: Sends its calls.
    """

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
    """Return what a function gives for a call, as plain data.

    Args:
        function: The lender's.
        args: The positional arguments, as plain data.
        kwargs: The keyword arguments, likewise.
        tensors: Whether the function gets arrays as tensors.
        cotangents: One for each tensor in the result, of its shape; None to ask for the result.

    Returns:
        The result.  With cotangents, for each array in the call the gradient of the result's sum
        weighted by them: an array of its shape, or None where no gradient reaches it.
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
    """Return what to raise if the lender's function raised a `kind`, for which callers may wait.

    Some kinds would look like the borrower's own: "not answered", "out of memory".
    """
    if kind == NOT_LENT:
        return NotLent(message)
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

    # Of a variable, the tensor that it holds.
    given = map(sys.modules["keras"].ops.convert_to_tensor, tensors)
    results = iter(with_gradient(forward, backward)(*given))
    return mapped(answers[-1], lambda leaf: next(results) if is_tensor(leaf) else leaf)


def _with_tensors(tree: Any, tensors: Sequence[Any]) -> Any:
    """Return the tree with its tensors replaced by others, in their order."""
    others = iter(tensors)
    return mapped(tree, lambda leaf: next(others) if is_tensor(leaf) else leaf)


def _to_seed(leaf: Any) -> Any:
    return {_SEED: int(leaf.integers(2**63))} if isinstance(leaf, np.random.Generator) else leaf


def _to_generator(value: Any) -> Any:
    seeded = isinstance(value, dict) and value.keys() == {_SEED}
    return np.random.default_rng(value[_SEED]) if seeded else value
