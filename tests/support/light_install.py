"""The package as a student installs it: its wheel, and what that declares, without extras."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.places import ROOT


def build_wheel(folder: Path) -> Path:
    """Build the package's wheel; return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*command, str(folder)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install_without_extras(wheel: Path, folder: Path) -> tuple[Path, list[Distribution]]:
    """Make an environment that has a wheel and the packages that it needs without extras.

    They are linked from the environment of the tests, so that nothing is downloaded.

    Returns:
        The environment's Python, and the distributions that are in it beside the wheel's.
    """
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (information,) = packages.glob("*.dist-info")
    found = required_by(Distribution.at(information))
    for each in found:
        for name in {file.parts[0] for file in each.files or () if file.parts[0] not in ("..", "")}:
            (packages / name).unlink(missing_ok=True)
            (packages / name).symlink_to(Path(str(each.locate_file(name))))
    return folder / "bin" / "python", found


def required_by(needing: Distribution) -> list[Distribution]:
    """Return what a distribution needs without extras, and what that needs, and so on."""
    found: dict[str, Distribution] = {}
    waiting = [needing]
    while waiting:
        for text in waiting.pop().requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            name = canonicalize_name(requirement.name)
            if name not in found and (not marker or marker.evaluate({"extra": ""})):
                found[name] = distribution(name)
                waiting.append(found[name])
    return list(found.values())


def megabytes(distributions: list[Distribution]) -> float:
    """Return the size of distributions as they are installed, bytecode aside."""
    paths = (each.locate_file(file) for each in distributions for file in each.files or ())
    sizes = (path.stat().st_size for path in map(Path, map(str, paths)) if path.suffix != ".pyc")
    return sum(sizes) / 1e6
