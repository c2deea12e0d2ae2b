"""What is dear and the same for all workers of a parallel run: made once, by who asks first."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def once(shared: Path, name: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
    """Make something in a folder that all workers see; the others wait for it.

    Args:
        shared: where all workers look (the fixture of that name).
        name: the folder's name.
        make: gets the folder, which is not there yet; what it returns must be JSON.

    Returns:
        The folder, and what `make` returned.
    """
    folder, done = shared / name, shared / f"{name}.json"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            said = json.dumps(make(folder))
            done.write_text(said, encoding="utf-8")
    return folder, json.loads(done.read_text(encoding="utf-8"))
