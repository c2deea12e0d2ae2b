"""Lines that talk to a notebook's front end: they do nothing here, and cost nothing.

Jupyter, Colab and VS Code understand magics, shell commands, widgets and backends that draw in a
window.  An answer does not depend on them.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

# Packages that are nothing but a front end; what they offer is replaced by what does nothing.
_PACKAGES = (
    *("google.colab", "ipympl", "ipywidgets", "jupyter_black", "jupyterthemes", "nb_black"),
    "tensorboard",
)
# Magics that run what is written behind them: their errors are the code's own.
_RUN_CODE = frozenset({"prun", "run", "time", "timeit"})
_OTHER_PROGRAMS = frozenset(
    "! bash cmd latex perl pypy python python2 python3 ruby script sh sx system".split()
)
# Cell magics that only look at how a cell runs.  The cell runs without them.
_AROUND = re.compile(r"\A\s*%%(?:time|timeit|prun|memit|capture)(?:[ \t]+-\S+)*[ \t]*(?=\r?\n|$)")
_FILES = frozenset({"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"})  # draw without a window


def install(shell: Any) -> None:
    """Make what a front end would do in this shell do nothing."""
    shell.enable_gui = lambda *_: None
    shell.system = shell.system_raw = shell.system_piped = shell.getoutput = _no_programs
    shell.run_line_magic = _line_magic(shell, shell.run_line_magic)
    # What older versions of IPython called it, and exported notebooks still do.
    shell.magic = lambda line: shell.run_line_magic(*line.lstrip("%").partition(" ")[::2])
    shell.run_cell_magic = _cell_magic(shell, shell.run_cell_magic)
    shell.ask_exit = lambda: None
    warnings.filterwarnings("ignore", "To exit: use", UserWarning)
    if "matplotlib.pyplot" in sys.modules:
        _draw_without_windows()


def without_magics_around(source: str) -> str:
    """Return a cell without a magic that would only time it; its lines keep their numbers."""
    return _AROUND.sub("#", source, count=1)


def stands_for(module: str) -> bool:
    """Return whether a module is nothing but a front end."""
    return any(module == name or module.startswith(f"{name}.") for name in _PACKAGES)


class Inert:
    """Stands for anything that a front end offers, and does nothing.

    As a decorator, or around a function, it gives the function back.
    """

    def __getattr__(self, name: str) -> Inert:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if args and callable(args[0]) else self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Inert:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __getitem__(self, key: object) -> Inert:
        return self

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<nothing: there is no front end while grading>"


def _no_programs(command: str, *_: Any, **__: Any) -> list[str]:
    sys.stderr.write("Other programs are not started while grading.\n")
    return []


def _line_magic(shell: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    def run_line_magic(magic_name: str, line: str = "", _stack_depth: int = 1) -> Any:
        if magic_name in _OTHER_PROGRAMS:
            return _no_programs(line)
        if magic_name == "matplotlib":
            line = "inline"  # whatever window was asked for
        try:
            return run(magic_name, line, _stack_depth + 1)
        except Exception:
            if magic_name in _RUN_CODE:
                raise
            sys.stderr.write(f"`%{magic_name}` does nothing while grading.\n")
            return None

    return run_line_magic


def _cell_magic(shell: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    def run_cell_magic(magic_name: str, line: str, cell: str) -> Any:
        if magic_name in _OTHER_PROGRAMS:
            return _no_programs(line)
        if shell.find_cell_magic(magic_name) is None or not cell.strip():
            sys.stderr.write(f"`%%{magic_name}` does nothing while grading, nor does its cell.\n")
            return None
        return run(magic_name, line, cell)

    return run_cell_magic


def _draw_without_windows() -> None:
    """Let every way to choose a window of matplotlib's choose a picture in memory instead."""
    import matplotlib
    import matplotlib.pyplot as plt

    use, switch, use_style = matplotlib.use, plt.switch_backend, plt.style.use

    def windowless(backend: Any) -> Any:
        name = backend.lower() if isinstance(backend, str) else ""
        return backend if name in _FILES or "inline" in name else "agg"

    def use_windowless(backend: Any, **options: Any) -> None:
        use(windowless(backend), **options)

    def switch_windowless(newbackend: Any) -> None:
        switch(windowless(newbackend))

    def style_or_none(style: Any) -> None:
        try:
            use_style(style)
        except OSError:
            sys.stderr.write("This style is not known here; the usual one is used.\n")

    matplotlib.use, plt.switch_backend = use_windowless, switch_windowless
    plt.style.use = style_or_none
