"""What an observation may call beside student code.

This runs in the student's process: it knows no expected value, and the grader trusts nothing that
it returns.  NumPy is imported at once, a framework only by the probe that needs it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograder.guest.gradients import is_floating, pulled_back, trainer
from autograder.guest.tensors import rounded, to_arrays, to_tensors

__all__ = [
    "as_returned",
    "kept",
    "layers",
    "leaf_layers",
    "numerical_gradient",
    "only_keras_layers",
    "seed",
    "time_limit",
    "to_arrays",
    "to_tensors",
    "training_step",
    "vjp",
]


def as_returned(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the program whose results reach the check as they are.

    Those of `program.f` are read as plain arrays (docs/authors.md).  `as_returned(program.f)` is
    for exercises about other types: complex numbers, masked arrays, fractions.
    """
    found: Callable[..., Any] = getattr(function, "__wrapped__", function)
    return found


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block once it has computed for so many CPU seconds.

    For a check that can go on without one of the program's functions: an endless loop in it would
    otherwise end the whole check.  It ends Python code that does not catch the error.
    """

    def stop(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float = 1e-5) -> Any:
    """Return the gradient of a scalar function by central differences, entry by entry.

    In float64 the error is near 1e-9 at `h=1e-5` for smooth functions (docs/tolerances.md).

    Args:
        f: Maps an array like `x` to a number.
        x: float64, any shape; it is not changed.
        h: The step.

    Returns:
        float64, the shape of `x`.
    """
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += h
        below[index] -= h
        gradient[index] = (float(f(above)) - float(f(below))) / (2 * h)
    return gradient


def seed(value: int) -> None:
    """Seed Python, NumPy and, if it is loaded, Keras with its backend."""
    import random
    import sys

    random.seed(value)
    np.random.seed(value % 2**32)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(value % 2**32)


def vjp(f: Callable[..., Any], *inputs: Any, cotangent: Any = None) -> list[Any]:
    """Return the gradients of `sum(f(*inputs) * cotangent)` by each floating-point input.

    Args:
        f: keras.ops code that takes tensors and returns one tensor.
        inputs: Arrays of any shape; integer ones are passed through.
        cotangent: The shape of the output; None for ones.

    Returns:
        One array for each floating-point input, of its shape, or None where no gradient reaches it.
        If the output is less precise than an input, the gradient has the output's dtype.

    Raises:
        ValueError: The output does not have the shape of `cotangent`.
    """
    import keras

    ops = keras.ops
    dtypes: list[Any] = []

    def weigh(outputs: Sequence[Any]) -> list[Any]:
        (output,) = outputs
        dtypes.append(ops.convert_to_numpy(output).dtype)
        if cotangent is None:
            return [ops.ones_like(output)]
        if tuple(output.shape) != np.shape(cotangent):
            raise ValueError(
                f"The result has shape {tuple(output.shape)} instead of {np.shape(cotangent)}."
            )
        return [ops.cast(cotangent, output.dtype)]

    tensors = [ops.convert_to_tensor(rounded(x)) for x in inputs]
    gradients = pulled_back(lambda *x: [ops.convert_to_tensor(f(*x))], tensors, weigh)
    found = [
        None if gradient is None else ops.convert_to_numpy(gradient)
        for tensor, gradient in zip(tensors, gradients, strict=True)
        if is_floating(tensor)
    ]
    return [
        None if g is None else g.astype(min(g.dtype, *dtypes, key=lambda t: t.itemsize))
        for g in found
    ]


def training_step(
    model: Any, loss: Callable[[Any, Any], Any], optimizer: Any
) -> Callable[[Any, Any], float]:
    """Return a function of `x` and `y` that trains a Keras model on one batch.

    It does what a step of `fit` does, in a graph that takes a third of the time to build.  Use one
    size of batch: another size builds another graph.

    Args:
        model: Built, with one output; it need not be compiled.
        loss: Takes the right answers and the model's output and returns a scalar.
        optimizer: Of Keras; it keeps its state from step to step.

    Returns:
        A function that returns the batch's loss.
    """
    return trainer(model, loss, optimizer)


def layers(model: Any) -> list[dict[str, Any]]:
    """Return what a Keras model is made of, in the order in which it was put together.

    Models inside are opened.  A student's own layer goes by the class of Keras that it extends; one
    without `get_config` has an empty `config`.

    Returns:
        For each layer its `class`, the plain data of its `config`, its `output` shape (None if it
        has none yet) and its number of `parameters`.
    """
    return [
        {
            "class": _keras_class(layer),
            "config": _config(layer),
            "output": _output_shape(layer),
            "parameters": layer.count_params() if layer.built else 0,
        }
        for layer in leaf_layers(model)
    ]


def only_keras_layers(model: Any) -> Any:
    """Return a model of Keras' own layers, as it is.

    Use it before training where the task names layers of `keras.layers`: a class of the program's
    own may keep what `fit` shows it and look the answers up, whatever its layers are called.

    Raises:
        ValueError: The model or something in it is of another class, a `Lambda`, or an object whose
            methods were replaced.
    """
    for part in model._flatten_layers():
        kind = type(part)
        own = kind.__module__.split(".")[0] != "keras" or kind.__name__ == "Lambda"
        if own or _METHODS & vars(part).keys():
            raise ValueError(
                f"The model has a `{kind.__name__}` of its own making; the task asks for a model "
                "of layers from keras.layers."
            )
    return model


_METHODS = frozenset({"__call__", "call", "fit", "predict", "predict_step", "train_step"})


def leaf_layers(model: Any) -> list[Any]:
    """Return the layers of a Keras model themselves, in the order of `layers`."""
    found = []
    for layer in model.layers:
        found += leaf_layers(layer) if hasattr(layer, "layers") else [layer]
    return found


def _keras_class(layer: Any) -> str:
    kinds = (kind for kind in type(layer).__mro__ if kind.__module__.split(".")[0] == "keras")
    return next(kinds).__name__


def _config(layer: Any) -> dict[str, Any]:
    try:
        return dict(layer.get_config())
    except NotImplementedError:
        return {}


def _output_shape(layer: Any) -> list[int | None] | None:
    try:
        return list(layer.output.shape)
    except AttributeError:
        return None


def kept(program: Any, key: str, make: Callable[[], Any]) -> Any:
    """Return what `make()` returned when it was first called for `key`.

    Use it for what is slow to build and reset by every observation, such as a model whose weights
    are all assigned.  It is kept until the program's names change.

    Args:
        program: The program under observation.
        key: Names all that the result depends on besides the program.
        make: Builds it; if it raises, nothing is kept.
    """
    found: dict[str, Any] = vars(program)["_kept"]
    if key not in found:
        found[key] = make()
    return found[key]


@contextmanager
def replaced(program: Any, name: str, stand_in: Callable[..., Any]) -> Iterator[None]:
    """Let the program's own functions find `stand_in` under `name`, within the block.

    Use it for a function that passes another one's result on: given that result, its own part has
    one right answer, whatever the other one does.

    Args:
        program: The program under observation.
        name: Of one of its functions; it need not exist.
        stand_in: What is called instead.
    """
    names = vars(program)["_names"]
    had = {name: names[name]} if name in names else {}
    names[name] = stand_in
    try:
        yield
    finally:
        names.pop(name, None)
        names.update(had)
