"""What a course's `course.toml` sets; a course needs none."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from autograder.errors import UserError

NAME = "course.toml"
# It is written into Python code and Markdown, and files' names are put after it.
_URL = re.compile(r"https?://[A-Za-z0-9._~:/@%+=\[\]-]+")


class SettingsError(UserError):
    """A `course.toml` can't be used; says where, what was expected and what to do."""


@dataclass(frozen=True)
class Settings:
    """What a course's `course.toml` says.

    `release_url` is where students' archives and the package are published.  It ends in `/`; it is
    empty where nothing is published.
    """

    release_url: str = ""


def read(root: Path) -> Settings:
    """Return the settings of the course in a folder.

    Raises:
        SettingsError: the file can't be read, or says something that is not known.
    """
    path = root / NAME
    if not path.exists():
        return Settings()
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"`{path}` can't be read as TOML: {error}.") from None
    known = [field.name for field in fields(Settings)]
    for name in said:
        if name not in known:
            listed = ", ".join(f"`{each}`" for each in known)
            raise SettingsError(f"`{path}` sets `{name}`, which is not known. Known: {listed}.")
    return Settings(_url(path, said.get("release_url", "")))


def _url(path: Path, said: object) -> str:
    if said == "":
        return ""
    if not isinstance(said, str) or not _URL.fullmatch(said):
        raise SettingsError(
            f"`{path}` sets `release_url` to {said!r}. Expected the address of a folder on a web "
            'server, such as "https://example.org/course/": letters, digits and `._~:/@%+=-` alone.'
        )
    return f"{said.rstrip('/')}/"
