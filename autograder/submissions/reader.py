"""Reading hand-ins in processes of their own, within limits on time and memory.

Nothing about a file can be believed before it is read: 300 bytes may ask for gigabytes.  So the
grader itself never parses one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from autograder import programs
from autograder.errors import FaultError
from autograder.sandbox.limits import MIB, Limits
from autograder.sandbox.watch import Stopped, Watch, memory_bytes
from autograder.submissions.content import UnreadableError
from autograder.submissions.open_zips import Archives
from autograder.submissions.reader_process import REPLY, REQUEST

# For all of one hand-in.  What people hand in takes a fraction (benchmarks/reading.py).
READ_SECONDS = 5.0  # of CPU time
_LEAST_SECONDS = 0.2
_MEMORY_MIB = 768
_LIMITS = Limits(memory_mib=_MEMORY_MIB, wall_factor=2.0, wall_extra=10.0, threads=8)
_MAX_REPLY = 128 * MIB
_TRIES = 2  # of a file whose reader was ended from outside


class ReaderError(FaultError):
    """Reading failed through no fault of the file's."""


@dataclass
class Allowance:
    """The CPU seconds that reading one hand-in may still take, over all of its files."""

    left: float = READ_SECONDS

    def spend(self, seconds: float) -> None:
        """Count seconds; a last small file is always read."""
        self.left = max(_LEAST_SECONDS, self.left - seconds)


class Readers:
    """Reader processes, one for each thread that reads at the moment; started when needed.

    Safe for threads, and for processes forked from the one that made it, which start their own.
    """

    def __init__(self) -> None:
        self.archives = Archives()
        self._owner = os.getpid()
        self._guard = threading.Lock()
        self._idle: list[_Reader] = []
        self._refused: dict[bytes, str] = {}  # what reached a limit, so that it does so once

    def read(
        self, data: bytes, whole: bool = False, allowance: Allowance | None = None
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return what `ipynb.read` gives for a file.

        Raises:
            UnreadableError: the bytes are no notebook, or take more time or memory than any.
            ReaderError: the reader failed.
        """
        digest = hashlib.sha256(data).digest()
        if digest in self._refused:
            raise UnreadableError(self._refused[digest])
        answer = self._answer(data, whole, allowance or Allowance())
        if "exceeded" in answer:
            self._refused[digest] = problem = _too_much(answer["exceeded"], len(data))
            raise UnreadableError(problem)
        if "problem" in answer:
            raise UnreadableError(answer["problem"])
        return answer["notebook"], tuple(answer["notes"])

    def _answer(self, data: bytes, whole: bool, allowance: Allowance) -> dict[str, Any]:
        for _ in range(_TRIES - 1):
            with contextlib.suppress(ReaderError):
                return self._asked(data, whole, allowance)
        return self._asked(data, whole, allowance)

    def _asked(self, data: bytes, whole: bool, allowance: Allowance) -> dict[str, Any]:
        try:
            with self._one() as reader:
                answer, spent = reader.read(data, whole, allowance.left)
        except Stopped as stopped:
            allowance.spend(allowance.left)
            return {"exceeded": stopped.status}
        allowance.spend(spent)
        return answer

    def close(self) -> None:
        """End the processes."""
        with self._guard:
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()
        self.archives.close()

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _one(self) -> Iterator[_Reader]:
        """Give a reader that nobody else uses; one that fails is not used again."""
        if os.getpid() != self._owner:
            # The parent's readers are the parent's, and another thread may have held its lock.
            self._owner, self._idle, self._guard = os.getpid(), [], threading.Lock()
        with self._guard:
            reader = self._idle.pop() if self._idle else None
        reader = reader or _Reader()
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        with self._guard:
            self._idle.append(reader)


class _Reader:
    """One reader process."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _start(theirs.fileno())
        except OSError as error:
            self._connection.close()
            raise ReaderError(f"No process to read with can be started: {error}") from None
        self.pid = self._process.pid
        self.inherited_bytes = memory_bytes(self.pid)
        self._connection.setblocking(False)
        self._events = select.poll()

    def read(self, data: bytes, whole: bool, seconds: float) -> tuple[dict[str, Any], float]:
        """Return the answer to one request, and the CPU seconds that it took.

        Raises:
            Stopped: a limit was reached; the process is ended.
            ReaderError: it was ended from outside.
        """
        watch = Watch(self, seconds, _LIMITS)
        view = memoryview(REQUEST.pack(len(data), whole) + data)
        while view:
            self._wait(select.POLLOUT, watch)
            with _while_it_lives(), contextlib.suppress(BlockingIOError):
                view = view[self._connection.send(view) :]
        (length,) = REPLY.unpack(self._exactly(REPLY.size, watch))
        if length > _MAX_REPLY:
            raise Stopped("memory", "The answer is too large.")
        answer: dict[str, Any] = json.loads(self._exactly(length, watch))
        return answer, watch.used()

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End the process and let go of it."""
        self.kill()
        self._process.wait()
        self._connection.close()

    def _exactly(self, count: int, watch: Watch) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            self._wait(select.POLLIN, watch)
            with _while_it_lives(), contextlib.suppress(BlockingIOError):
                part = self._connection.recv(min(count - len(parts), MIB))
                if not part:
                    raise ConnectionResetError
                parts += part
        return bytes(parts)

    def _wait(self, event: int, watch: Watch) -> None:
        """Wait for the connection for a moment, and look at what the process uses meanwhile."""
        self._events.register(self._connection, event)
        self._events.poll(1000 * watch.pause)
        watch.look()


@contextlib.contextmanager
def _while_it_lives() -> Iterator[None]:
    try:
        yield
    except (BrokenPipeError, ConnectionResetError):
        raise ReaderError("The process that reads hand-ins has ended.") from None


def _start(connection: int) -> subprocess.Popen[bytes]:
    memory = (_MEMORY_MIB + 256) * MIB
    return programs.python(
        "autograder.submissions.reader_process", str(connection), str(memory)
    ).start(
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(connection,),
        start_new_session=True,
    )


def _too_much(what: str, size: int) -> str:
    used = "more memory" if what == "memory" else "more time"
    return (
        f"Reading this file of {size / MIB:.1f} MiB takes {used} than any notebook needs: it was "
        "probably damaged, or made by a program. Open it in JupyterLab, clear all outputs, save it "
        "and hand in that file."
    )
