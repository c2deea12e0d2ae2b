"""What a course publishes: an archive of each unit, this package as a wheel, an index of both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template

from autograder.authoring.archive import packed
from autograder.authoring.release import DATA, Stale, for_students
from autograder.authoring.wheel import Package, this_package
from autograder.course import settings
from autograder.course.course import Course
from autograder.course.first_cell import archive_name
from autograder.course.unit import LoadedUnit
from autograder.files import write_whole
from autograder.student.public_cases import FORMAT, suffix

FOLDER = "handouts"  # of a course, if no other is named
INDEX = "index.json"
_INDEX_FORMAT = 1
_ALONE = """
In Colab, Kaggle and other places upload the notebook alone: its first cell gets the rest from
{url}
"""
_ASK = """
`{wheel}` is the course's package. Get it where you got this archive, or from your
teacher, and put it into the folder before step 2.
"""


def publish(
    course: Course, units: Sequence[LoadedUnit], folder: Path, write: bool = True
) -> list[Path]:
    """Write what differs in the folder that a course publishes; return its paths.

    The index describes all archives that lie there then, also those of other units.

    Args:
        course: the course.
        units: those whose archives are made.
        folder: what is to be copied to the course's `release_url`.
        write: whether to write, or only to compare.

    Raises:
        Stale: something differs and `write` is False.
        UserError: this package isn't installed as a distribution.
    """
    package = this_package()
    url = settings.read(course.root).release_url
    files = {
        archive_name(one.name): _archive(one, for_students(course, one, write), url, package)
        for one in units
    }
    files[package.file_name] = package.content
    files[INDEX] = _index(course, folder, package, files)
    stale = {name: content for name, content in files.items() if _differs(folder / name, content)}
    if stale and not write:
        raise Stale(f"not current: {', '.join(stale)}. Run `autograder release --zip`.")
    for name, content in stale.items():
        write_whole(folder / name, content)
    return [folder / name for name in stale]


def _differs(path: Path, content: bytes) -> bool:
    return not path.is_file() or path.read_bytes() != content


def _archive(loaded: LoadedUnit, files: Mapping[str, bytes], url: str, package: Package) -> bytes:
    all_files = {**files, "README.md": _readme(loaded, url, package, files)}
    return packed({f"{loaded.name}/{name}": content for name, content in all_files.items()})


def _readme(loaded: LoadedUnit, url: str, package: Package, files: Mapping[str, bytes]) -> bytes:
    rows = f"| `{loaded.name}{suffix}` | the public cases, which `check` runs |\n"
    if any(name.startswith(f"{DATA}/") for name in files):
        rows += f"| `{DATA}/` | data for the experiments |\n"
    wheel = package.wheel
    place = f'"{url}{wheel.name}#sha256={wheel.sha256}"' if url else wheel.name
    framework = " keras tensorflow" if loaded.unit.framework == "keras" else ""
    template = resources.files("autograder.authoring") / "templates" / "README.md.txt"
    text = Template(template.read_text(encoding="utf-8")).substitute(
        title=_title(loaded),
        unit=loaded.name,
        rows=rows,
        python=package.requires_python,
        install=f"pip install {place} jupyterlab matplotlib{framework}",
        alone=_ALONE.format(url=url) if url else _ASK.format(wheel=wheel.name),
    )
    return text.encode()


def _title(loaded: LoadedUnit) -> str:
    """Return the first heading of the unit's notebook, or its name."""
    text = "\n".join(cell.source for cell in loaded.cells if cell.kind == "markdown")
    return next((line[2:] for line in text.splitlines() if line.startswith("# ")), loaded.name)


def _index(course: Course, folder: Path, package: Package, new: Mapping[str, bytes]) -> bytes:
    """Return the list of what is published, as JSON."""
    units = {}
    for unit in course.unit_names():
        name = archive_name(unit)
        content = new.get(name)
        if content is None and (folder / name).is_file():
            content = (folder / name).read_bytes()
        if content is not None:
            digest = hashlib.sha256(content).hexdigest()
            units[unit] = {"archive": name, "sha256": digest}
    index = {
        "format": _INDEX_FORMAT,
        "package": {
            "name": package.distribution,
            "version": package.version,
            "requires_python": package.requires_python,
            "wheel": package.file_name,
            "sha256": package.wheel.sha256,
        },
        "public_cases_format": FORMAT,
        "units": units,
    }
    return f"{json.dumps(index, indent=2)}\n".encode()
