"""Data sets in the Python environment, which the sandbox covers: their labels are known to all.

Tables, arrays, pictures and sounds that lie in a folder without code, or anywhere below one that is
called `data` or `datasets`, are taken for such.  A package's code stays, so that it can be
imported; what reads its data says that the file is not there.
"""

from __future__ import annotations

import functools
import os
import site
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TABLES = "csv tsv arff mat npy npz parquet feather h5 hdf5 nc sav dta rda rds xls xlsx svmlight"
_OTHERS = "jpg jpeg png tif tiff gif wav mp3 flac ogg data tfrecord"
_KINDS: Final = frozenset(f".{kind}" for kind in f"{_TABLES} {_OTHERS}".split())
_PACKED: Final = frozenset((".gz", ".bz2", ".xz", ".zip"))
_CODE: Final = (".py", ".so", ".pyd")
_WORDS: Final = frozenset(("data", "datasets", "data_sets", "sample_data"))
# Headers, and caches of code: many files, none of them data.
_PASSED_OVER: Final = frozenset(("include", "__pycache__", "node_modules"))
RULE: Final = (sorted(_KINDS), sorted(_PACKED), sorted(_WORDS))
# Where packages put what they have fetched, for all users of a machine.
_FETCHED: Final = ("nltk_data", "scikit_learn_data", "seaborn-data", "keras/datasets")
_SHARED: Final = ("share", "lib", "local/share", "local/lib", "")


@dataclass(frozen=True)
class DataSets:
    """What is covered: whole folders, and files in folders that hold code as well."""

    folders: tuple[Path, ...]
    files: tuple[Path, ...]


@functools.cache
def installed() -> DataSets:
    """Return the data sets that a submission could read, of this environment and in `/usr`."""
    folders: list[Path] = []
    files: list[Path] = []
    for root in _package_folders():
        found = data_sets(root)
        folders += found.folders
        files += found.files
    prefixes = dict.fromkeys((sys.prefix, sys.base_prefix, "/usr"))
    shared = (Path(p, place, name) for p in prefixes for place in _SHARED for name in _FETCHED)
    folders += [folder for folder in shared if folder.is_dir() and not folder.is_symlink()]
    return DataSets(tuple(dict.fromkeys(folders)), tuple(dict.fromkeys(files)))


def data_sets(root: Path) -> DataSets:
    """Return the data sets below a folder of packages, none inside another."""
    folders: list[Path] = []
    files: list[Path] = []
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if name not in _PASSED_OVER]
        data = [name for name in names if _is_data(name)]
        if not data:
            continue
        place = Path(folder)
        if not any(name.endswith(_CODE) and name != "__init__.py" for name in names) and not below:
            folders.append(place)
        elif _WORDS & {*place.relative_to(root).parts}:
            files += [place / name for name in data]
    return DataSets(tuple(folders), tuple(files))


def _is_data(name: str) -> bool:
    *_, kind, last = ("", "", *name.lower().split("."))
    return f".{last}" in _KINDS or (f".{last}" in _PACKED and f".{kind}" in _KINDS)


def _package_folders() -> Iterator[Path]:
    """Yield the folders that packages are installed in, of this Python's and of the system's."""
    usr = Path("/usr")
    system = [*usr.glob("lib/python3*/*-packages"), *usr.glob("local/lib/python3*/*-packages")]
    base = [Path(sys.base_prefix, *part.parts) for part in _relative_to_prefix()]
    own = [Path(folder) for folder in site.getsitepackages()]
    yield from dict.fromkeys(folder for folder in (*own, *base, *system) if folder.is_dir())


def _relative_to_prefix() -> Iterator[Path]:
    for folder in site.getsitepackages():
        if Path(folder).is_relative_to(sys.prefix):
            yield Path(folder).relative_to(sys.prefix)
