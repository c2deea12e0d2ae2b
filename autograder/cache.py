"""Evidence kept by content: what ran, on what, with which versions."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder import evidence
from autograder.evidence import CodecError, Evidence, data_of, evidence_of

# Only these are the program's own doing; a kill may have been the machine's.
_LASTING = frozenset({"ok", "missing", "stub", "raised"})


class EvidenceCache:
    """Evidence on disk, one file a key, written at once and whole.

    A file that can't be read is as good as absent.  Safe for several threads and processes.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._memory: dict[str, Any] = {}

    def get(self, key: str, compute: Callable[[], list[Evidence]]) -> list[Evidence]:
        """The evidence for `key`, computed by at most one thread at a time and kept."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            found = self.peek(key)
            if found is None:
                found = compute()
                self.put(key, found)
            return found

    def peek(self, key: str) -> list[Evidence] | None:
        """What is kept for `key`."""
        if key in self._memory:
            kept: list[Evidence] = self._memory[key]
            return kept
        if self._folder is None:
            return None
        try:
            data = evidence.unpack(self._path(key).read_bytes())
            found = [evidence_of(item) for item in data]
        except (OSError, CodecError, TypeError):
            return None
        self._memory[key] = found
        return found

    def put(self, key: str, found: Sequence[Evidence]) -> None:
        """Keeps evidence, unless it may be the machine's doing."""
        if not all(item.status in _LASTING for item in found):
            return
        self._memory[key] = list(found)
        if self._folder is None:
            return
        # What can't be kept (too large together, a full disk) is computed again next time.
        with contextlib.suppress(CodecError, OSError):
            content = evidence.pack([data_of(item) for item in found])
            write_whole(self._path(key), content, durable=False)

    def forget(self, key: str) -> None:
        """Drops a key from memory (a submission's evidence is needed once)."""
        self._memory.pop(key, None)
        with self._guard:
            self._locks.pop(key, None)

    def _path(self, key: str) -> Path:
        return (self._folder or Path()) / key[:2] / f"{key}.evidence"


def write_whole(path: Path, content: bytes, durable: bool = True) -> None:
    """Writes a file so that a reader, or a crash, sees the old content or the new, never a part.

    What is not `durable` may be lost or damaged when the machine stops.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def key_of(*parts: Any) -> str:
    """A hash of plain data and of everything in the environment that evidence depends on."""
    return hashlib.sha256(evidence.pack([environment(), *parts])).hexdigest()


@cache
def environment() -> str:
    """Versions and sources that evidence depends on."""
    package = Path(__file__).parent
    own = hashlib.sha256()
    names = ("worker.py", "ban.py", "borrowed.py", "probes.py", "tensors.py", "evidence.py")
    for name in names:
        own.update((package / name).read_bytes())
    return f"{versions()} {platform.machine()} {own.hexdigest()}"


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Names and versions of what grading rests on."""
    found = [("python", platform.python_version())]
    for name in ("autograder", "numpy", "keras", "tensorflow-cpu", "tensorflow", "ipython"):
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
