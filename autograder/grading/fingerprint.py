"""All that evidence depends on besides what ran and what it was asked."""

from __future__ import annotations

import hashlib
import platform
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder import __version__
from autograder.backends import Backend
from autograder.programs import PACKAGE
from autograder.sandbox import wall
from autograder.sandbox.environment import flags
from autograder.wire import codec

# What each backend is made of; NumPy alone is beside Keras on TensorFlow.
_TENSORFLOW = ("tensorflow-cpu", "tensorflow")
_PACKAGES: dict[Backend, tuple[str, ...]] = {
    "numpy": _TENSORFLOW,
    "tensorflow": _TENSORFLOW,
    "jax": ("jax", "jaxlib"),
    "torch": ("torch",),
}
# Packages whose name is not that of their module.
_OTHER_NAMES = {
    "PIL": ("pillow",),
    "cv2": ("opencv-python-headless", "opencv-python"),
    "sklearn": ("scikit-learn",),
    "tensorflow": _TENSORFLOW,
}


def key_of(*parts: Any) -> str:
    """Return a hash of plain data and of everything in the environment that evidence depends on."""
    return hashlib.sha256(codec.pack([environment(), *parts])).hexdigest()


@cache
def environment() -> str:
    """Return what evidence depends on here: libraries, machine, sandbox, our own code in it."""
    own = source_digest(PACKAGE)
    around = hashlib.sha256(flags().encode()).hexdigest()
    return f"{versions()} {platform.machine()} {own} {around}"


def source_digest(package: Path) -> str:
    """Return a hash of the code of a copy of this package that runs beside student code."""
    own = hashlib.sha256()
    for path in wall.sources(package):
        own.update(hashlib.sha256(path.read_bytes()).digest())
    return own.hexdigest()


@cache
def package(module: str) -> str:
    """Return the installed package of a module's name, with its version; "" if there is none."""
    for name in (module, *_OTHER_NAMES.get(module, ())):
        try:
            return f"{name} {metadata.version(name)}"
        except (metadata.PackageNotFoundError, ValueError):
            continue
    return f"Python {platform.python_version()}" if module in sys.stdlib_module_names else ""


@cache
def versions(*backends: Backend) -> tuple[tuple[str, str], ...]:
    """Return names and versions of what grading on some backends rests on; on any if none."""
    found = [("python", platform.python_version()), ("autograder", __version__)]
    own = [name for backend in backends or _PACKAGES for name in _PACKAGES[backend]]
    for name in ("numpy", "keras", *dict.fromkeys(own), "ipython"):
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
