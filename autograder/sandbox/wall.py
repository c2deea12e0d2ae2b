"""What of this package lies inside the sandbox: what runs beside student code, and nothing else.

What stands here is mounted, and what evidence depends on is the text of all of it (`fingerprint`),
so that neither can forget a module.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

# `guest` runs beside student code, `wire` is what crosses the wall; the files are what they need,
# and `digits`, which notebooks import.
INSIDE = ("__init__.py", "backends.py", "digits.py", "errors.py", "guest", "wire")


def sources(package: Path) -> Iterator[Path]:
    """Yield the files of a copy of this package that lie inside, in order."""
    for name in INSIDE:
        path = package / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]
