"""matplotlib with its own settings, whatever lies in the working directory.

It reads `matplotlibrc` there before any other, when it is imported, and nothing tells it not to.
Such a file can name a module to import, start LaTeX, or be a pipe that never ends.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


class Finder:
    """Finds matplotlib as usual, and has it imported where its own settings lie.

    Whoever imports it first, a plot of ours or another library: it is the same for all.
    """

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what Python's own finder does, None for other modules."""
        if name != "matplotlib":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None and spec.origin is not None:
            package = Path(spec.origin).parent
            settings = package / "mpl-data"
            usual = spec.loader.exec_module

            def run(module: ModuleType) -> None:
                with working_directory(settings if settings.is_dir() else package):
                    usual(module)

            spec.loader.exec_module = run  # type: ignore[method-assign]
        return spec


@contextmanager
def working_directory(folder: Path) -> Iterator[None]:
    """Work in another folder, which no other thread does meanwhile.

    Threads share a working directory unless they ask the kernel for one of their own.  Where it
    isn't Linux or refuses, as in some containers, nothing is graded: one thread writes reports.
    """
    before = os.open(".", getattr(os, "O_PATH", os.O_RDONLY))
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).unshare(0x200)  # CLONE_FS
        os.chdir(folder)
        try:
            yield
        finally:
            os.fchdir(before)
    finally:
        os.close(before)


def install() -> None:
    """Make it so for whoever imports matplotlib from now on."""
    if Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)
