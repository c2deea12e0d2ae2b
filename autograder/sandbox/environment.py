"""What a template's libraries read: its environment, and the modules that it imports first."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from autograder.backends import DEFAULT, Backend
from autograder.guest.accelerator import ENVIRONMENT, HIDDEN, XLA
from autograder.sandbox.data_sets import RULE
from autograder.sandbox.gpu import Gpus, library_folder

# Imported before the first fork, so that no cell waits for it.  On every backend Keras imports
# TensorFlow, if it is installed, at the first `fit`, which takes seconds.
MODULES: dict[Backend, tuple[str, ...]] = {
    "numpy": ("numpy", "matplotlib.pyplot"),
    "tensorflow": ("numpy", "matplotlib.pyplot", "tensorflow", "keras"),
    "jax": ("numpy", "matplotlib.pyplot", "tensorflow", "jax", "keras"),
    "torch": ("numpy", "matplotlib.pyplot", "tensorflow", "torch", "keras"),
}
# Threads and precision as on TensorFlow: one thread computes, float64 stays float64, and products
# of float32 are not rounded in between.
_OWN: dict[Backend, dict[str, str]] = {
    "jax": {
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
        # Its 20 threads would reserve a gigabyte of the limited address space for nothing.
        "MALLOC_ARENA_MAX": "2",
    },
}
_XLA: dict[Backend, tuple[str, ...]] = {"jax": ("--xla_cpu_multi_thread_eigen=false",)}
SCRATCH = Path("/tmp")  # in the sandbox: empty, and its own


def flags() -> str:
    """Return how the sandbox is set up, less the machine's paths; evidence depends on it."""
    here = Path("python")
    environments = {
        backend: environment(str(here), backend, None, SCRATCH, SCRATCH) for backend in MODULES
    }
    return repr((MODULES, environments, ENVIRONMENT, XLA, RULE))


def modules(backend: Backend) -> list[str]:
    """Return the modules that a template for a backend imports, of those that are installed."""
    beside = backend != "tensorflow" and importlib.util.find_spec("tensorflow") is None
    return [name for name in MODULES[backend] if not (beside and name == "tensorflow")]


def environment(
    python: str, backend: Backend, gpus: Gpus | None, home: Path, fonts: Path
) -> dict[str, str]:
    """Return what the template's libraries read; nothing of the grader's own environment."""
    threads = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    xla = " ".join([*_XLA.get(backend, ()), *(XLA if gpus else ())])
    folders = ":".join(libraries(gpus))
    return {
        "PATH": f"{Path(python).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "IPYTHONDIR": str(home / "ipython"),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(fonts),
        "KERAS_BACKEND": DEFAULT if backend == "numpy" else backend,
        **_OWN.get(backend, {}),
        **({"XLA_FLAGS": xla} if xla else {}),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        **HIDDEN,
        **(ENVIRONMENT if gpus else {}),
        **({"LD_LIBRARY_PATH": folders} if folders else {}),
        **{f"{name}_NUM_THREADS": "1" for name in threads},
    }


def libraries(gpus: Gpus | None) -> list[str]:
    """Return the folder of a GPU driver's libraries, unless the linker finds them by itself."""
    folder = library_folder(os.environ) if gpus else ""
    return [folder] if folder else []
