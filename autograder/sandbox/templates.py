"""A warm template that forks children, as seen from the grader's side."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

from autograder.backends import Backend
from autograder.programs import ROOT, Command
from autograder.sandbox.bubblewrap import Isolation, SandboxError, command
from autograder.sandbox.cgroups import delegated
from autograder.sandbox.child import FORK_SECONDS, Child
from autograder.sandbox.cores import Seat, take_seat
from autograder.sandbox.gpu import Gpus, Share
from autograder.sandbox.limits import MIB, Limits

_START_SECONDS = 180.0  # importing TensorFlow took 24 s on a loaded machine


class Template:
    """A connection to a warm process that forks children; see `autograder.guest.template`."""

    def __init__(
        self,
        control: socket.socket,
        limits: Limits,
        isolated: bool,
        process: subprocess.Popen[bytes] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Take over a connection to a template.

        Args:
            control: The connection.
            limits: Of every child.
            isolated: Whether children are to be isolated.
            process: Stopped when this connection closes; None if another process owns it.
            folder: Its working directory if it has to be removed, else None.
        """
        self.limits = limits
        self.isolated = isolated
        self.closed = False
        self.children: set[Child] = set()  # not closed yet
        self._control = control
        self._process = process
        self._folder = folder
        self._last_id = 0
        # By the child's id: exit code or minus the signal, and CPU seconds; why there is none.
        self._ends: dict[int, tuple[int, float]] = {}
        self._errors: dict[int, str] = {}
        self._changed = threading.Condition()
        self._ready: dict[str, Any] | None = None
        self._ended = False
        self._listener: threading.Thread | None = None

    @classmethod
    def started(
        cls, backend: Backend, isolation: Isolation, limits: Limits, gpus: Gpus | None = None
    ) -> Template:
        """Start a template without waiting for it; it ends with the calling thread.

        Raises:
            SandboxError: It can't be started.
        """
        isolated = isolation == "namespaces"
        if isolated:
            delegated()  # before there is another process in this one's cgroup
        folder = None if isolated else Path(tempfile.mkdtemp(prefix="autograder-"))
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            process = _start(command(backend, isolation, gpus, folder or ROOT), theirs)
        except BaseException:
            control.close()
            _remove(folder)
            raise
        finally:
            theirs.close()
        return cls(control, limits, isolated, process, folder)

    def joined(self) -> Template:
        """Return a connection of the calling, forked process to the same template.

        This one, which is its parent's, is closed.

        Raises:
            OSError: The template has ended.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with theirs, self._control:
                socket.send_fds(self._control, [b'{"join": true}'], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        return Template(ours, self.limits, self.isolated)

    def fork(self, share: Share | None = None) -> Child:
        """Return a fresh child, with a share of a GPU or without.

        Raises:
            SandboxError: It could not be made.
        """
        self._wait_until_ready()
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:
            raise SandboxError(f"No connection to a child can be made: {error}") from None
        child_id = 0  # which none has
        seat = take_seat()
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with theirs:
                child_id = self._ask(theirs, share, seat)
            child = Child(ours, self, child_id, seat)
            self.children.add(child)
            return child
        except BaseException as error:
            ours.close()
            seat.leave()
            if not isinstance(error, (SandboxError, OSError)):
                raise
            with self._changed:
                detail = self._errors.pop(child_id, str(error))
            raise SandboxError(detail) from None

    def _ask(self, connection: socket.socket, share: Share | None, seat: Seat) -> int:
        """Ask for a child that answers on `connection`; return its id."""
        with self._changed:
            self._last_id += 1
            request = {
                "child": self._last_id,
                "isolated": self.isolated,
                "memory": None if share else self.limits.memory_mib * MIB,
                "scratch": self.limits.scratch_mib * MIB,
                "cpu_seconds": self.limits.total_cpu_seconds,
                "threads": 2 * self.limits.threads,  # the watch stops it at half of that
                "gpu": share.request() if share else None,
                "cores": sorted(seat.cores),
            }
            try:
                body = json.dumps(request).encode()
                socket.send_fds(self._control, [body], [connection.fileno()])
            except OSError as error:
                raise SandboxError(f"The template process has ended: {error}") from None
            return self._last_id

    def end(self, child_id: int) -> tuple[int, float] | None:
        """Return how a child ended: its exit code, or minus the signal, and its CPU seconds.

        Return None if the template can't tell.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: child_id in self._ends or self._ended, timeout=FORK_SECONDS
            )
            return self._ends.get(child_id)

    @property
    def alive(self) -> bool:
        """Whether it can still fork."""
        return not self._ended and (self._process is None or self._process.poll() is None)

    def end_all(self) -> None:
        """End the template and all its children; requests to these raise SandboxError then."""
        self.closed = True
        for child in list(self.children):
            child.kill()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # for the listener's copy too
        self._control.close()
        if self._process is not None:
            _end(self._process)
        _remove(self._folder)  # which it had no time to do itself
        if self._listener is not None:
            self._listener.join(timeout=5)

    def close(self) -> None:
        """End the template and release its children."""
        self.end_all()
        for child in list(self.children):
            child.close()

    def _wait_until_ready(self) -> None:
        with self._changed:
            # Only now: a process that slots are forked from should have one thread.
            if self._listener is None:
                listener = threading.Thread(target=self._listen, daemon=True)
                listener.start()
                self._listener = listener
            self._changed.wait_for(lambda: self._ready or self._ended, timeout=_START_SECONDS)
            ready = self._ready
        if ready is None:
            said = _last_words(self._process) if self._process is not None else ""
            raise SandboxError(
                f"The template process did not start. {said.strip()[-2000:]} (`autograder doctor` "
                "says what stands in the way, and how to fix it.)"
            )
        if ready["failed"]:
            raise SandboxError(f"The template can't import: {'; '.join(ready['failed'])}")
        if not ready["ready"]:
            raise SandboxError(f"The template has {ready['threads']} threads after importing.")

    def _listen(self) -> None:
        try:
            with self._control.makefile("r", encoding="utf-8") as lines:
                for line in lines:
                    self._hear(json.loads(line))
        except (OSError, ValueError, MemoryError):
            pass  # the connection is closed, or there is no memory left to read with
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _hear(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "ready" in message:
                self._ready = message
            elif "ended" in message:
                self._ends[message["child"]] = (message["code"], message["cpu"])
            elif "error" in message:
                self._errors[message["child"]] = message["error"]
            self._changed.notify_all()


def _start(program: Command, control: socket.socket) -> subprocess.Popen[bytes]:
    # It keeps its number in the new process: duplicating it under another one could race with a
    # thread that opens and closes files.
    number = control.fileno()
    try:
        return program.start(
            str(number),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(number,),
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxError(f"{program.words[0]} can't be started: {error}") from None


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    # The whole group: bubblewrap's second process asks to die with the first one only some
    # milliseconds after its start, and would wait for ever if the first one was gone by then.
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr:
        process.stderr.close()


def _last_words(process: subprocess.Popen[bytes]) -> str:
    process.kill()
    try:
        return process.stderr.read().decode(errors="replace") if process.stderr else ""
    except ValueError:  # closed: another slot has ended the template meanwhile
        return ""
