"""Files that are written whole or not at all, and locks on files."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.errors import UserError

_UNFINISHED = ".writing-"  # how the names of files begin that are not whole yet
PUBLIC, PRIVATE = 0o644, 0o600  # who may read a file: everybody, or the account that grades


class OutputError(UserError):
    """Results can't be written; what was graded before is kept."""


def write_whole(path: Path, content: bytes, durable: bool = True, mode: int = PUBLIC) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new, never a part.

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
        if mode != PRIVATE:  # which it was made with
            Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_output(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a file that a person asked for, whole or not at all.

    Raises:
        OutputError: the disk is full, or the folder can't be written.
    """
    try:
        write_whole(path, content, mode=mode)
    except OSError as error:
        raise OutputError(f"`{path}` can't be written: {error.strerror}.") from None


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for this account alone.

    Of one that is there, others lose their rights; a group keeps what it was given.

    Raises:
        OSError: it can't be made.
    """
    for missing in [one for one in (path, *path.parents) if not one.exists()][::-1]:
        missing.mkdir(mode=0o700, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IRWXO:
        with contextlib.suppress(OSError):  # somebody else's, or a file system without rights
            path.chmod(mode & ~stat.S_IRWXO)


def remove_unfinished(folder: Path, seconds: float) -> None:
    """Removes what `write_whole` left in a folder when it was killed, so many seconds before.

    `folder` was written to just now.
    """
    now = folder.stat().st_mtime  # by the file system's own clock: ours may be set to anything
    for path in [*folder.glob(f"{_UNFINISHED}*"), *folder.glob(f"*/{_UNFINISHED}*")]:
        with contextlib.suppress(FileNotFoundError):
            if now - path.stat().st_mtime > seconds:
                path.unlink()


@contextlib.contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock that a file stands for, against other processes and threads, on any system.

    The file stays; who holds the lock may remove it, and who waited for it then makes a new one.

    Raises:
        TimeoutError: somebody else holds it, and `wait` is False.
        OSError: the file can't be written, or its file system has no locks.
    """
    from filelock import FileLock  # of the extra `grade`: a notebook's `check` locks nothing

    # Without its fall-back: a file whose mere presence locks outlives a process that was killed.
    lock = FileLock(path, poll_interval=0.01, fallback_to_soft=False)
    with lock.acquire(blocking=wait):
        yield
