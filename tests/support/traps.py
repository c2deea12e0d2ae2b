"""A folder of a student's in which everything that a careless program would read is a trap."""

from __future__ import annotations

import sys
from collections.abc import Collection
from importlib.metadata import packages_distributions
from pathlib import Path

from support.places import DATA

# What was found first; it leaves its marker beside itself.
FOUND = DATA / "working_directory" / "matplotlib.py"
# Imported by Python itself for `python -m`, with the working directory on its path, before any code
# of the program that it starts.
OF_PYTHON = {
    "collections", "contextlib", "functools", "importlib", "keyword", "operator", "pkgutil",
    "reprlib", "runpy", "types", "warnings",
}  # fmt: skip
PROGRAMS = {
    "alembic", "bash", "bwrap", "cc", "dvipng", "env", "fc-list", "file", "gcc", "git", "jupyter",
    "kpsewhich", "latex", "ld", "ldconfig", "nvidia-smi", "pandoc", "python", "python3", "sh",
    "true", "uname",
}  # fmt: skip
SETTINGS = {
    "conftest.py", "sitecustomize.py", "usercustomize.py", "evil_module.py",
    "nbgrader_config.py", "jupyter_config.py", "jupyter_nbconvert_config.py",
    "jupyter_nbgrader_config.py", "jupyter_application_config.py", "ipython_config.py",
    "ipython_kernel_config.py", ".jupytext.py", "jupytext_config.py",
    ".ipython/profile_default/startup/00.py", ".ipython/profile_default/ipython_config.py",
    ".jupyter/jupyter_config.py", ".jupyter/nbgrader_config.py",
    "profile_default/ipython_config.py", ".config/jupytext/.jupytext.py",
}  # fmt: skip
TEXTS = {
    "evil.pth": "import evil_module\n",
    "keras.json": '{"backend": "evil_module", "floatx": "float16", "epsilon": 1.0}',
    ".keras/keras.json": '{"backend": "evil_module", "floatx": "float16", "epsilon": 1.0}',
    "matplotlibrc": "backend: module://evil_module\ntext.usetex: True\nfont.size: 40\n",
    "matplotlib/matplotlibrc": "backend: module://evil_module\n",
    ".env": "PYTHONSTARTUP=evil_module.py\nKERAS_BACKEND=evil_module\nDASK_CONFIG=.\n",
    "jupytext.toml": 'formats = "evil"\ncell_metadata_filter = "-all"\n',
    "jupyter_config.json": '{"NbGrader": {"logfile": "caught.log"}}',
    "jupyter_nbconvert_config.json": '{"Exporter": {"preprocessors": ["evil_module.Evil"]}}',
    "dask.yaml": "distributed:\n  scheduler:\n    preload: [evil_module]\n",
    "distributed.yaml": "distributed:\n  worker:\n    preload: [evil_module]\n",
    "pyvenv.cfg": "home = .\n",
    "pyproject.toml": '[tool.autograder]\nisolation = "none"\n',
    "evil-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
    "evil-1.0.dist-info/entry_points.txt": "[pydantic]\nevil = evil_module\n"
    "[nbconvert.exporters]\nevil = evil_module:Evil\n[dask_cli]\nevil = evil_module:evil\n"
    "[console_scripts]\nautograder = evil_module:main\n",
}


def lay(folder: Path, markers: Path, without: Collection[str] = ()) -> None:
    """Fill a folder with traps, each of which leaves a file in `markers` when it is run.

    There is a module for each one of the standard library and each installed package, but those in
    `without`.
    """
    markers.mkdir(exist_ok=True)
    packages = {name for name in packages_distributions() if name.isidentifier()}
    modules = {f"{name}.py" for name in (sys.stdlib_module_names | packages) - set(without)}
    for name in (modules | SETTINGS) - {"__main__.py"}:
        _write(folder / name, f"open({str(markers / name.replace('/', '-'))!r}, 'a').close()\n")
    for name, text in TEXTS.items():
        _write(folder / name, text)
    for name in PROGRAMS:
        _write(folder / name, f"#!/bin/sh\n: > '{markers / name}'\n")
        (folder / name).chmod(0o755)
    _write(folder / "matplotlib.py", FOUND.read_text(encoding="utf-8"))


def sprung(folder: Path, markers: Path) -> set[str]:
    """The traps that were run."""
    caught = {path.name for path in markers.iterdir()}
    return caught | {n for n in ("EXECUTED", "caught.log") if (folder / n).exists()}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
