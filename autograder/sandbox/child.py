"""A forked child as seen from the grader's side: requests, replies, and how it ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import threading
import time
from typing import Any, Protocol

from autograder.sandbox.bubblewrap import SandboxError
from autograder.sandbox.cgroups import delegated
from autograder.sandbox.cores import Seat
from autograder.sandbox.limits import MIB, Limits
from autograder.sandbox.watch import Killed, Stopped, Watch, memory_bytes, oom_kills
from autograder.wire.codec import MAX_MESSAGE, CodecError, pack, unpack
from autograder.wire.frames import TooLongError, framed, read_frame

FORK_SECONDS = 30.0  # until a child has said that it is isolated
_CLOSING_SECONDS = 2.0  # from closing its connection to the end of a process, at most
_CREDENTIALS = struct.Struct("3i")


class Parent(Protocol):
    """The template that a child was forked from."""

    limits: Limits
    isolated: bool
    closed: bool
    children: set[Child]

    def end(self, child_id: int) -> tuple[int, float] | None: ...


class Child:
    """One isolated process that runs one program."""

    def __init__(
        self, connection: socket.socket, template: Parent, child_id: int, seat: Seat
    ) -> None:
        self._connection = connection
        self._seat = seat
        self._template = template
        self._id = child_id
        self._limits = template.limits
        self._number = 0
        self._killed = False
        self._guard = threading.Lock()  # another slot may end the template, and this child with it
        self._oom_kills = oom_kills()
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(connection, select.POLLIN)
        self._writable.register(connection, select.POLLOUT)
        self.cpu_seconds = 0.0  # what the last request used, measured from outside
        self.pid, self._pidfd = self._greeting()
        self.inherited_bytes = memory_bytes(self.pid)  # the template's, which it shares
        groups = delegated() if template.isolated else None
        self._group = groups and groups.take(self.pid, self._limits, self.inherited_bytes)
        self._watch = self._watching(0.0)

    def request(
        self, op: str, cpu_seconds: float, packed: bytes = b"", **arguments: Any
    ) -> dict[str, Any]:
        """Send one request and return its reply.

        Args:
            op: What is asked for: "cell", "observe", "call", "replace" or "record".
            cpu_seconds: CPU time that the reply may take.
            packed: A further message, already packed, that follows the request.
            arguments: Of the request.

        Raises:
            Stopped: A limit was reached, the child ended, or it sent something else than a reply.
            Killed: A signal ended the child, perhaps through no fault of its own.
            SandboxError: The machine ended it or its template.
        """
        self._number += 1
        self._watch = self._watching(cpu_seconds)
        self._send({"op": op, "id": self._number} | arguments, packed)
        return self.reply()

    def reply(self) -> dict[str, Any]:
        """Return the child's next message: the reply, or a question of its own.

        What is left of the request's limits holds; it raises what `request` raises.
        """
        asking = False
        try:
            message = self._message()
            asking = "ask" in message
        finally:
            # Ten thousand questions may come before the reply; measuring after each is too slow.
            self.cpu_seconds = self._watch.spent if asking else self._watch.used()
        number = message.get("id")  # of any type that a message can hold
        if not asking and not (type(number) is int and number == self._number):
            self.kill()
            raise Stopped("died", "It answered a question that was not asked.")
        return message

    def answer(self, message: dict[str, Any]) -> None:
        """Answer the child's question (see `Observer`)."""
        self._send(message)

    def kill(self) -> None:
        """End the process and everything in it."""
        with self._guard, contextlib.suppress(ProcessLookupError):
            self._killed = True
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        """End the process and release what it holds; does nothing when called again."""
        if self._connection.fileno() < 0:
            return
        self.kill()
        self._connection.close()
        if self._group:
            self._group.remove()
        with self._guard:
            os.close(self._pidfd)
            self._pidfd = -1
        self._seat.leave()
        self._template.children.discard(self)

    def _watching(self, cpu_seconds: float) -> Watch:
        return Watch(self, cpu_seconds, self._limits, self._template.isolated)

    def _greeting(self) -> tuple[int, int]:
        """Return the child's process id, as the kernel gives it with its first message, and pidfd.

        Raises:
            SandboxError: It did not start or is not isolated.
        """
        self._connection.settimeout(FORK_SECONDS)
        try:
            text, ancillary, _, _ = self._connection.recvmsg(512, socket.CMSG_SPACE(12))
        except TimeoutError:
            raise SandboxError("A forked process did not start.") from None
        if not text.startswith(b"isolated"):
            said = text.decode(errors="replace").strip()
            raise SandboxError(said or "A forked process ended before it was isolated.")
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                pid = _CREDENTIALS.unpack(data[: _CREDENTIALS.size])[0]
                self._connection.setblocking(False)
                return pid, os.pidfd_open(pid)
        raise SandboxError("The kernel named no process behind a connection.")

    def _send(self, message: dict[str, Any], packed: bytes = b"") -> None:
        view = memoryview(framed(pack(message)) + (framed(packed) if packed else b""))
        deadline = time.monotonic() + self._limits.wall_extra
        while view:
            try:
                view = view[self._connection.send(view) :]
            except BlockingIOError:
                writable = self._writable.poll(500)
                self._watch.look()
                if not writable and time.monotonic() > deadline:
                    self.kill()
                    raise Stopped("died", "It stopped listening.") from None
            except (BrokenPipeError, ConnectionResetError):
                raise self._ended() from None

    def _message(self) -> dict[str, Any]:
        try:
            message = unpack(read_frame(self._some))
        except TooLongError:
            self.kill()
            raise Stopped("memory", f"It returned more than {MAX_MESSAGE // MIB} MiB.") from None
        except CodecError as error:
            self.kill()
            raise Stopped("died", f"What it sent can't be read: {error}") from None
        if not isinstance(message, dict):
            self.kill()
            raise Stopped("died", "What it sent is not a reply.")
        return message

    def _some(self, count: int) -> bytes:
        """Return up to `count` bytes that the child has sent, watching it until it sends some."""
        while True:
            readable = self._readable.poll(1000 * self._watch.pause)
            self._watch.look()
            if not readable:
                continue
            try:
                part = self._connection.recv(count)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                part = b""
            if not part:
                raise self._ended()
            return part

    def _ended(self) -> Stopped:
        """Return how the child ended by itself.

        Raises:
            SandboxError: It was ended from outside.
        """
        if not self._has_ended(_CLOSING_SECONDS):
            self.kill()
            return Stopped("died", "It closed its connection to the grader.")
        end = self._template.end(self._id)
        if end is None or self._template.closed:
            raise SandboxError("The template process ended while student code ran.")
        if self._group and self._group.oom_kills:
            return Stopped("memory", f"It used more than {self._limits.memory_mib} MiB of memory.")
        code, cpu = end
        if code >= 0:
            return Stopped("died", "Its process ended.")
        if code == -signal.SIGKILL and cpu >= self._limits.total_cpu_seconds - 1:
            return Stopped("timeout", "It used more CPU time than a whole submission may.")
        if not self._killed:
            self._blame_the_machine(-code)
        return Killed(f"Its process ended with {_signal_name(-code)}.")

    def _has_ended(self, seconds: float) -> bool:
        ended = select.poll()
        ended.register(self._pidfd, select.POLLIN)
        return bool(ended.poll(1000 * seconds))

    def _blame_the_machine(self, number: int) -> None:
        """Raise SandboxError if the program can't have caused the signal itself.

        The first process of a pid namespace can't kill itself, nor change its limits.  Without
        namespaces it can, and only the kernel's own count shows a lack of memory.
        """
        short = oom_kills() > self._oom_kills
        if number == signal.SIGKILL and short:
            raise SandboxError(
                "The machine ran out of memory and killed student code. Grade on fewer slots "
                "(`--jobs`), or end other programs."
            )
        if number == signal.SIGKILL and self._template.isolated:
            raise SandboxError(
                "Student code was killed from outside: by a person, or by a program that frees "
                "memory."
            )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most of the real-time signals have none
        return f"signal {number}"
