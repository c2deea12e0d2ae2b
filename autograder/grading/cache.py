"""Evidence kept by content: what ran, on what, with which versions."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from autograder.files import write_whole
from autograder.wire import evidence
from autograder.wire.evidence import CodecError, Evidence, data_of, evidence_of

# Only these are the program's own doing; a kill may have been the machine's.
_LASTING = frozenset({"ok", "missing", "stub", "raised"})
DAY = 24 * 60 * 60  # seconds
KEEP_DAYS = 60
_DIGEST = hashlib.sha256().digest_size  # bytes in front of the evidence in a file
_LENGTH = struct.Struct("<I")  # of an entry of it, in bytes


class EvidenceCache:
    """Evidence on disk: a file a key, or one for all keys of a program; written at once and whole.

    A file that can't be read is as good as absent.  Safe for several threads and processes.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._memory: dict[str, Any] = {}

    def get(self, key: str, compute: Callable[[], list[Evidence]]) -> list[Evidence]:
        """The evidence for `key`, computed by one thread of one process at a time and kept.

        `compute` may ask for other evidence, which must not ask for this.
        """
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            found = self.peek(key)
            if found is None:
                with self._turn(key):
                    found = self.peek(key)
                    if found is None:
                        found = compute()
                        self.put(key, found)
            return found

    @contextlib.contextmanager
    def _turn(self, key: str) -> Iterator[None]:
        """Keeps other processes from computing what this one does."""
        if self._folder is None:
            yield
            return
        path = self._path(key).with_suffix(".lock")
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # then it is computed twice
                path.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(_locked(path))
            yield

    @property
    def lasting(self) -> bool:
        """Whether evidence is kept on disk, where other processes find it."""
        return self._folder is not None

    def peek(self, key: str) -> list[Evidence] | None:
        """What is kept for `key`."""
        if key in self._memory:
            kept: list[Evidence] = self._memory[key]
            return kept
        found = self.read(key).get(key)
        if found is not None:
            self._memory[key] = found
        return found

    def put(self, key: str, found: Sequence[Evidence]) -> None:
        """Keeps evidence, unless it may be the machine's doing."""
        if not lasts(found):
            return
        self._memory[key] = list(found)
        self.write(key, {key: found})

    def read(self, name: str) -> dict[str, list[Evidence]]:
        """The evidence in a file by key; none if the file is absent or damaged."""
        if self._folder is None:
            return {}
        path = self._path(name)
        try:
            kept = path.read_bytes()
            digest, content = kept[:_DIGEST], kept[_DIGEST:]
            if hashlib.sha256(content).digest() != digest:
                return {}
            found = dict(_entries(content))
        except (OSError, CodecError, TypeError, ValueError, struct.error):
            return {}
        with contextlib.suppress(OSError):  # another account's, perhaps
            os.utime(path)  # it was of use today
        return found

    def write(self, name: str, found: Mapping[str, Sequence[Evidence]]) -> None:
        """Writes evidence of several keys into one file, in place of what was there."""
        if self._folder is None:
            return
        parts: list[bytes] = []
        for key, items in found.items():
            # What can't be kept (too large together, a full disk) is computed again next time.
            with contextlib.suppress(CodecError):
                entry = evidence.pack([key, [data_of(item) for item in items]])
                parts += [_LENGTH.pack(len(entry)), entry]
        if parts:
            content = b"".join(parts)
            # A machine that stops may leave a file of the right length with other content.
            digest = hashlib.sha256(content).digest()
            with contextlib.suppress(OSError):
                write_whole(self._path(name), digest + content, durable=False)

    def _path(self, name: str) -> Path:
        return (self._folder or Path()) / name[:2] / f"{name}.evidence"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock of its own for each path; whoever lets go of it last removes the file."""
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Somebody may have removed the file while this one waited for it.
            if not _is_at(file.fileno(), path):
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _entries(content: bytes) -> Iterator[tuple[str, list[Evidence]]]:
    """Keys and evidence in a file's content: each entry is its length, then a packed pair."""
    begin = 0
    while begin < len(content):
        (length,) = _LENGTH.unpack_from(content, begin)
        begin += _LENGTH.size
        key, items = evidence.unpack(content[begin : begin + length])
        yield key, [evidence_of(item) for item in items]
        begin += length


def evidence_cache(keep: bool) -> EvidenceCache:
    """The cache of the account that grades; one that keeps nothing between runs if not `keep`."""
    if not keep:
        return EvidenceCache(None)
    folder = user_cache_path("autograder") / "evidence"
    remove_unused(folder)
    return EvidenceCache(folder)


def remove_unused(folder: Path) -> None:
    """Removes evidence that no run has asked for in `KEEP_DAYS`; looks once a day.

    A term is longer, but what was not graded for two months is graded anew in seconds.
    """
    with contextlib.suppress(OSError):
        looked = folder / ".looked"
        folder.mkdir(parents=True, exist_ok=True)
        before = looked.stat().st_mtime if looked.exists() else 0.0
        looked.touch()
        now = looked.stat().st_mtime  # by the file system's own clock
        if now - before < DAY:
            return
        for path in folder.glob("*/*.evidence"):
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_mtime > KEEP_DAYS * DAY:
                    path.unlink()


class Draft:
    """The evidence of one program while it is gathered; kept in the end, as a whole or not at all.

    What a program answers may depend on what it was asked before in the same process.  So what was
    gathered before a fault, or beside a kill, is not mixed with what another process gives.
    """

    def __init__(self, cache: EvidenceCache, name: str) -> None:
        """`name` is a hash of the program and of all that the choice of its questions hangs on."""
        self._cache = cache
        self._name = name
        self._before = cache.read(name)
        self._found: dict[str, list[Evidence]] = {}
        self._news = False

    def get(self, key: str, compute: Callable[[], list[Evidence]]) -> list[Evidence]:
        """The evidence for `key`, computed if it is not there."""
        found = self.peek(key)
        if found is None:
            found = compute()
            self.put(key, found)
        return found

    def peek(self, key: str) -> list[Evidence] | None:
        """What is there for `key`."""
        if key in self._before:
            self._found[key] = self._before.pop(key)
        return self._found.get(key)

    def put(self, key: str, found: Sequence[Evidence]) -> None:
        """Adds evidence."""
        self._found[key] = list(found)
        self._news = True

    def keep(self) -> None:
        """Keeps what was asked for, unless some of it may be the machine's doing."""
        if self._news and all(map(lasts, self._found.values())):
            self._cache.write(self._name, self._found)


def lasts(found: Sequence[Evidence]) -> bool:
    """Whether evidence is the program's own doing, so that it would be the same again."""
    return all(item.status in _LASTING for item in found)
