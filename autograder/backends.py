"""The backends of Keras: which there are, and which one was asked for."""

from __future__ import annotations

import importlib.util
import os
import re
from typing import Final, Literal

from autograder.errors import UserError, pip_install

# What a program computes on: a backend of Keras, or NumPy alone where it needs no Keras.
Backend = Literal["numpy", "tensorflow", "jax", "torch"]
KERAS: Final[tuple[Backend, ...]] = ("tensorflow", "jax", "torch")
DEFAULT: Final = "tensorflow"
# How many times the computing that an author allows: JAX compiles each operation for each shape.
PATIENCE: Final[dict[Backend, float]] = {"numpy": 1.0, "tensorflow": 1.0, "jax": 4.0, "torch": 1.0}

_FRAMEWORK = re.compile(r"\b(?:keras|tensorflow|tf)\b")


class BackendError(UserError):
    """A backend that does not exist, or is not installed."""


def asked_for(option: str | None = None) -> Backend:
    """The backend of Keras that a person asked for: by an option, else by `KERAS_BACKEND`.

    Raises:
        BackendError: there is no such backend, or it is not installed.
    """
    variable = os.environ.get("KERAS_BACKEND")
    name, where = (option, "--backend") if option else (variable, "KERAS_BACKEND")
    if not name:
        return DEFAULT
    for known in KERAS:
        if name == known:
            if importlib.util.find_spec(known) is None:
                raise BackendError(
                    f"The backend `{known}` was asked for (`{where}`), and is not installed: "
                    f"`{pip_install(known)}`."
                )
            return known
    listed = ", ".join(f"`{known}`" for known in KERAS)
    raise BackendError(f"`{where}` names the backend `{name}`; Keras has {listed} here.")


def mentions_framework(source: str) -> bool:
    """Return whether a cell would import Keras, so that a process that has it should run it."""
    return _FRAMEWORK.search(source) is not None
