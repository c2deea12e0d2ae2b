"""This package as a wheel, made from what is installed: what students install.

A teacher has the package, and not always its sources.  The wheel's sha256 is written into released
notebooks, so its bytes depend on the package alone: sorted, without times and compression.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from autograder.authoring.archive import packed
from autograder.course.first_cell import Wheel
from autograder.errors import DISTRIBUTION, UserError
from autograder.programs import PACKAGE

_TAGS = "Wheel-Version: 1.0\nGenerator: autograder\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Package:
    """The distribution that this package was installed from, and its wheel."""

    distribution: str
    version: str
    requires_python: str
    file_name: str
    content: bytes

    @property
    def wheel(self) -> Wheel:
        """What a notebook's first cell says of the wheel."""
        digest = hashlib.sha256(self.content).hexdigest()
        return Wheel(self.distribution, self.file_name, digest)


@cache
def this_package() -> Package:
    """Return the installed package with its wheel.

    Raises:
        UserError: it isn't installed.
    """
    found = _distribution()
    name = re.sub(r"[-_.]+", "_", found.name).lower()
    info = f"{name}-{found.version}.dist-info"
    files = {
        **{f"{PACKAGE.name}/{path}": (PACKAGE / path).read_bytes() for path in _package_files()},
        **{f"{info}/{path}": content for path, content in _metadata(found)},
        f"{info}/WHEEL": _TAGS.encode(),
    }
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    return Package(
        found.name,
        found.version,
        found.metadata["Requires-Python"],
        f"{name}-{found.version}-py3-none-any.whl",
        packed(files, compress=False),
    )


def _distribution() -> Distribution:
    try:
        return distribution(DISTRIBUTION)
    except PackageNotFoundError:
        raise UserError(
            f"{DISTRIBUTION} is not installed, only its sources are found, in `{PACKAGE.parent}`. "
            "What is installed goes into the wheel for students. Install it: `pip install -e "
            f"'{PACKAGE.parent}[grade]'`."
        ) from None


def _package_files() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*")):
        parts = path.relative_to(PACKAGE).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not hidden and path.suffix != ".pyc":
            yield "/".join(parts)


def _metadata(found: Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield the files about the package that a wheel has; installers add others."""
    licenses = found.metadata.get_all("License-File") or []
    for name in ("METADATA", "entry_points.txt", *(f"licenses/{one}" for one in licenses)):
        if (text := found.read_text(name)) is not None:
            yield name, text.encode("utf-8")


def _record(files: dict[str, bytes], own: str) -> bytes:
    """Return the wheel's list of its files, with their digests and sizes."""
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()
