"""What a forked child does to have its share of a GPU, before student code and after isolation."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

from autograder.errors import pip_install

MARK = "AUTOGRADER_GPU"  # the environment variable that says that there is one
# Hides all GPUs from the template, which imports frameworks.  CUDA reads the variable at its first
# call, which a child makes after it has set another value.
HIDDEN = {"CUDA_VISIBLE_DEVICES": "-1"}
# Products of float32 are not rounded to TF32, libraries choose kernels that give the same bits
# again, memory is taken when it is needed, and devices have the driver's numbers.  Not
# TF_DETERMINISTIC_OPS: operations without such a kernel would fail, and right answers with them.
ENVIRONMENT = {
    "NVIDIA_TF32_OVERRIDE": "0",
    "TF_CUDNN_DETERMINISTIC": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    "CUDA_CACHE_DISABLE": "1",
}
# XLA compiles for a GPU with a library of its own, with the program `ptxas`, which can't start in
# the sandbox, or with the driver, which it asks only if this option is set.
XLA = ("--xla_gpu_unsafe_fallback_to_driver_on_ptxas_not_found=true",)


def opened() -> list[str]:
    """Return the GPU device files that this process has open; before a fork there must be none.

    The kernel frees what a child has of a GPU when it ends, unless it shares it with the template.
    """
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:  # the descriptor of the folder itself
            continue
        if target.rpartition("/")[2].startswith("nvidia"):
            found.append(target)
    return found


def take(share: dict[str, Any]) -> None:
    """Make a share the only GPU that frameworks see, with a limit on its memory.

    Args:
        share: `Share.request()` of the grader.

    Raises:
        OSError: A framework does not see it.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = share["uuid"]
    os.environ["XLA_PYTHON_CLIENT_MEM_FRACTION"] = str(share["fraction"])
    os.environ[MARK] = share["uuid"]
    if "keras" in sys.modules:
        _start_driver()
    for name, prepare in (("tensorflow", _tensorflow), ("torch", _torch), ("jax", _jax)):
        if name in sys.modules:
            try:
                prepare(sys.modules[name], share, os.environ.get("KERAS_BACKEND") == name)
            except Exception as error:
                raise OSError(f"{name}: {error}") from None


def _start_driver() -> None:
    """Start CUDA's driver, as each framework does first: here its error code is reported."""
    code = ctypes.CDLL("libcuda.so.1").cuInit(0)
    if code:
        raise OSError(f"cuInit gives {code} (`CUresult` in the documentation of CUDA's driver)")


def _tensorflow(tf: Any, share: dict[str, Any], used: bool) -> None:
    if not used:  # another backend computes; TensorFlow is there for `tf.data`
        tf.config.set_visible_devices([], "GPU")
        return
    tf.config.experimental.enable_tensor_float_32_execution(False)
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        raise OSError(f"it lists none; `{pip_install('gpu')}` has the one with CUDA")
    limit = tf.config.LogicalDeviceConfiguration(memory_limit=share["memory_mib"])
    tf.config.set_logical_device_configuration(gpus[0], [limit])


def _torch(torch: Any, share: dict[str, Any], used: bool) -> None:
    if used:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.cuda.set_per_process_memory_fraction(share["fraction"], 0)


def _jax(jax: Any, _: dict[str, Any], used: bool) -> None:
    if used:
        jax.config.update("jax_platforms", "cuda,cpu")
        jax.config.update("jax_default_matmul_precision", "highest")
