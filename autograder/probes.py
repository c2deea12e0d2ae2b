"""What an observation may call beside student code.

Runs in the student's process: nothing here knows an expected value, and nothing that it returns is
believed.  NumPy is imported at once, a framework only by the probe that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float = 1e-5) -> Any:
    """Central differences of a scalar function, entry by entry.

    For float64: the error is near 1e-9 at `h=1e-5` for smooth functions (NUMERICS 1.4).

    Args:
        f: maps an array like `x` to a number.
        x: float64, any shape; unchanged afterwards.
        h: the step.

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
    """Seeds Python, NumPy and, where it is loaded, Keras with its backend."""
    import random
    import sys

    random.seed(value)
    np.random.seed(value % 2**32)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(value % 2**32)


def vjp(f: Callable[..., Any], *inputs: Any, cotangent: Any = None) -> list[Any]:
    """Gradients of `sum(f(*inputs) * cotangent)` with respect to each floating-point input.

    Args:
        f: keras.ops code, tensors in, one tensor out.
        inputs: arrays; integer ones are passed through.
        cotangent: the shape of the output; ones where it is None.

    Returns:
        One array for each floating-point input, None where no gradient reaches it.
    """
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise NotImplementedError(f"vjp runs on the TensorFlow backend; this one is {backend}.")
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(x) for x in inputs]
    wanted = [x for x in tensors if x.dtype.is_floating]
    with tf.GradientTape() as tape:
        for tensor in wanted:
            tape.watch(tensor)
        output = f(*tensors)
        weight = tf.ones_like(output) if cotangent is None else tf.cast(cotangent, output.dtype)
        total = tf.reduce_sum(output * weight)
    gradients = tape.gradient(total, wanted)
    return [None if g is None else tf.convert_to_tensor(g).numpy() for g in gradients]


@contextmanager
def replaced(program: Any, name: str, stand_in: Callable[..., Any]) -> Iterator[None]:
    """Within the block the program's own functions find `stand_in` under `name`.

    For a function that hands another one's result on: given that result, its own part has one
    right answer, whatever the other one does.

    Args:
        program: the program under observation.
        name: of one of its functions; it need not exist.
        stand_in: what is called instead.
    """
    names = vars(program)["_names"]
    had = {name: names[name]} if name in names else {}
    names[name] = stand_in
    try:
        yield
    finally:
        names.pop(name, None)
        names.update(had)
