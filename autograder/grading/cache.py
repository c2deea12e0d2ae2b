"""Evidence on disk and in memory, by what ran, on what, with which versions."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import struct
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from autograder.files import PRIVATE, locked, private_folder, write_whole
from autograder.wire import codec
from autograder.wire.codec import CodecError
from autograder.wire.evidence import Evidence, data_of, evidence_of

# Only these are caused by the program alone; the machine may have caused a kill.
_LASTING = frozenset({"ok", "missing", "stub", "raised"})
DAY = 24 * 60 * 60  # seconds
KEEP_DAYS = 60
_MARK = hashlib.sha256().digest_size  # bytes in front of the evidence in a file
_LENGTH = struct.Struct("<I")  # of an entry of it, in bytes
_LOG = logging.getLogger(__name__)


class EvidenceCache:
    """Evidence on disk, in one file a key or one file for all keys of a program.

    Files are written whole or not at all; one that can't be read counts as absent.  So does one
    without the mark that only who knows the secret can make: evidence decides points, and others
    may find a way to write there.  Safe for several threads and processes.
    """

    def __init__(self, folder: Path | None, secret: str = "") -> None:
        """Open a cache.

        Args:
            folder: where files lie; without one evidence is kept in memory.
            secret: what nobody else knows who can write to the folder.
        """
        self._key = derived(secret, "mark of evidence")
        self._refused: IO[bytes] | None = None
        if folder is not None:
            if not secret:
                raise ValueError("Evidence in files needs a secret.")
            # Each secret has files of its own: what others keep there is not taken for a forgery.
            folder = folder / derived(secret, "folder of evidence").hex()[:16]
            # A byte for each file that was refused, by whichever process that was forked later.
            with contextlib.suppress(OSError):  # then none is counted
                self._refused = tempfile.TemporaryFile("ab", buffering=0)
                weakref.finalize(self, self._refused.close)
            # Its locks need it.  Not imported there first, where threads do it at once, or at the
            # top, for a notebook has neither the extra `grade` nor a folder.
            import filelock  # noqa: F401
        self._folder = folder
        self._reported = 0
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._memory: dict[str, Any] = {}

    def get(self, key: str, compute: Callable[[], list[Evidence]]) -> list[Evidence]:
        """Return the evidence for `key`; compute and keep it if there is none.

        One thread of one process computes it; others wait.  `compute` may get other evidence, which
        must not need this in turn.
        """
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            found = self.peek(key)
            if found is None:
                with self._alone(key):
                    found = self.peek(key)
                    if found is None:
                        found = compute()
                        self.put(key, found)
            return found

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Keep other processes from computing evidence for `key` at the same time."""
        if self._folder is None:
            yield
            return
        path = self._path(key).with_suffix(".lock")
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # then it is computed twice
                private_folder(path.parent)
                stack.enter_context(locked(path))
                stack.callback(_remove, path)  # before others get the lock
            yield

    @property
    def lasting(self) -> bool:
        """Whether evidence is kept on disk, where other processes find it."""
        return self._folder is not None

    def peek(self, key: str) -> list[Evidence] | None:
        """Return the evidence for `key`, None if there is none."""
        if key in self._memory:
            remembered: list[Evidence] = self._memory[key]
            return remembered
        found = self.read(key).get(key)
        if found is not None:
            self._memory[key] = found
        return found

    def put(self, key: str, found: Sequence[Evidence]) -> None:
        """Keep evidence, unless the machine may have caused it."""
        if not lasts(found):
            return
        self._memory[key] = list(found)
        self.write(key, {key: found})

    @property
    def refused(self) -> int:
        """How many files did not bear the mark, counted over all processes since this one began."""
        return os.fstat(self._refused.fileno()).st_size if self._refused else 0

    def warn_of_refused(self) -> None:
        """Log once how many files were refused, if any were since this was last called."""
        found = self.refused - self._reported
        self._reported += found
        if found:
            _LOG.warning(
                "%d files of kept evidence in `%s` were damaged, or written by somebody who does "
                "not know this course's seed. What they said was computed again.",
                *(found, self._folder),
            )

    def read(self, name: str) -> dict[str, list[Evidence]]:
        """Return the evidence in a file by key; none if the file is absent, damaged or forged."""
        if self._folder is None:
            return {}
        path = self._path(name)
        try:
            whole = path.read_bytes()
        except OSError:
            return {}
        content = whole[_MARK:]
        if not hmac.compare_digest(self._mark(name, content), whole[:_MARK]):
            self._refuse(path)
            return {}
        try:
            found = dict(_entries(content))
        except (CodecError, TypeError, ValueError, struct.error):
            return {}
        with contextlib.suppress(OSError):  # another account's, perhaps
            os.utime(path)  # it was of use today
        return found

    def write(self, name: str, found: Mapping[str, Sequence[Evidence]]) -> None:
        """Write evidence of several keys into one file, in place of what was there."""
        if self._folder is None:
            return
        parts: list[bytes] = []
        for key, items in found.items():
            # What can't be kept (too large together, a full disk) is computed again next time.
            with contextlib.suppress(CodecError):
                parts.append(codec.pack([key, [data_of(item) for item in items]]))
        if parts:
            content = joined(parts)
            path = self._path(name)
            with contextlib.suppress(OSError):
                private_folder(path.parent)
                whole = self._mark(name, content) + content
                write_whole(path, whole, durable=False, mode=PRIVATE)

    def _mark(self, name: str, content: bytes) -> bytes:
        """Return what shows that a file is whole, ours, and not another student's."""
        mark = hmac.new(self._key, f"{name}\0".encode(), hashlib.sha256)
        mark.update(content)
        return mark.digest()

    def _refuse(self, path: Path) -> None:
        """Count a file once, and remove it."""
        with contextlib.suppress(OSError):  # another process has, or nobody may
            path.unlink()
            if self._refused is not None:
                self._refused.write(b".")

    def _path(self, name: str) -> Path:
        return (self._folder or Path()) / name[:2] / f"{name}.evidence"


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # Windows keeps what is open; there filelock removes it
        path.unlink()


def _entries(content: bytes) -> Iterator[tuple[str, list[Evidence]]]:
    """Yield keys and evidence from a file's content: parts that are packed pairs."""
    for part in parts_of(content):
        key, items = codec.unpack(part)
        yield key, [evidence_of(item) for item in items]


def joined(parts: Sequence[bytes]) -> bytes:
    """Return parts as one content, each behind its length."""
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def parts_of(content: bytes) -> Iterator[bytes]:
    """Yield the parts that `joined` put together.

    Raises:
        struct.error: the content ends within a length.
    """
    begin = 0
    while begin < len(content):
        (length,) = _LENGTH.unpack_from(content, begin)
        begin += _LENGTH.size
        yield content[begin : begin + length]
        begin += length


def derived(secret: str, label: str) -> bytes:
    """Return a key for one purpose, which tells nothing of the secret and of other keys."""
    return hmac.digest(secret.encode(), f"autograder: {label}".encode(), "sha256")


def evidence_cache(keep: bool, secret: str) -> EvidenceCache:
    """Return the cache of the account that grades.

    Args:
        keep: whether evidence is kept between runs.
        secret: see `EvidenceCache`.
    """
    if not keep:
        return EvidenceCache(None)
    from platformdirs import user_cache_path  # of the extra `grade`: `check` keeps nothing

    folder = user_cache_path("autograder") / "evidence"
    remove_unused(folder)
    return EvidenceCache(folder, secret)


def remove_unused(folder: Path) -> None:
    """Remove evidence that no run has used for `KEEP_DAYS`; look for it once a day.

    A term is longer, but what was not graded for two months takes seconds to grade again.
    """
    with contextlib.suppress(OSError):
        looked = folder / ".looked"
        private_folder(folder)
        before = looked.stat().st_mtime if looked.exists() else 0.0
        looked.touch()
        now = looked.stat().st_mtime  # by the file system's own clock
        if now - before < DAY:
            return
        for path in folder.rglob("*.evidence"):
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_mtime > KEEP_DAYS * DAY:
                    path.unlink()


class Draft:
    """The evidence of one program while it is gathered; kept at the end, all of it or none.

    What a program answers may depend on what it was asked before in the same process.  So evidence
    from before a fault, or beside a kill, is not mixed with that of another process.
    """

    def __init__(self, cache: EvidenceCache, name: str) -> None:
        """Read what is kept of the program.

        Args:
            cache: where evidence is kept.
            name: a hash of the program and of everything that decides what it is asked.
        """
        self._cache = cache
        self._name = name
        self._before = cache.read(name)
        self._found: dict[str, list[Evidence]] = {}
        self._news = False

    def get(self, key: str, compute: Callable[[], list[Evidence]]) -> list[Evidence]:
        """Return the evidence for `key`; compute and add it if there is none."""
        found = self.peek(key)
        if found is None:
            found = compute()
            self.put(key, found)
        return found

    def peek(self, key: str) -> list[Evidence] | None:
        """Return the evidence for `key`, None if there is none."""
        if key in self._before:
            self._found[key] = self._before.pop(key)
        return self._found.get(key)

    def put(self, key: str, found: Sequence[Evidence]) -> None:
        """Add evidence."""
        self._found[key] = list(found)
        self._news = True

    def keep(self) -> None:
        """Keep what was used, unless the machine may have caused some of it."""
        if self._news and all(map(lasts, self._found.values())):
            self._cache.write(self._name, self._found)


def lasts(found: Sequence[Evidence]) -> bool:
    """Return whether the program alone caused this evidence, so that it would be the same again."""
    return all(item.status in _LASTING for item in found)
