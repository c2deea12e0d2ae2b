"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

_UNFINISHED = ".writing-"  # how the names of files begin that are not whole yet


def write_whole(path: Path, content: bytes, durable: bool = True, mode: int = 0o644) -> None:
    """Writes a file so that a reader, or a crash, sees the old content or the new, never a part.

    What is not `durable` may be lost or damaged when the machine stops.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove_unfinished(folder: Path, seconds: float) -> None:
    """Removes what `write_whole` left in a folder when it was killed, so many seconds before.

    `folder` was written to just now.
    """
    now = folder.stat().st_mtime  # by the file system's own clock: ours may be set to anything
    for path in [*folder.glob(f"{_UNFINISHED}*"), *folder.glob(f"*/{_UNFINISHED}*")]:
        with contextlib.suppress(FileNotFoundError):
            if now - path.stat().st_mtime > seconds:
                path.unlink()
