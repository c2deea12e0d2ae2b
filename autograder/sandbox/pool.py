"""Warm templates that fork children, and the pool of them, seen from the grader's side."""

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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.backends import DEFAULT, Backend
from autograder.programs import ROOT, Command
from autograder.sandbox.bubblewrap import Isolation, SandboxError, command
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
        """`process` ends with this connection; without one it is another's, and goes on.

        `folder` is its working directory if that has to be removed.
        """
        self.limits = limits
        self.isolated = isolated
        self.closed = False
        self.children: set[Child] = set()  # those that nobody has closed yet
        self._control = control
        self._process = process
        self._folder = folder
        self._slot = 0
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
        """Starts the process, which ends with the thread that starts it, and does not wait."""
        isolated = isolation == "namespaces"
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
        """The same process for a process forked from this one, which calls it; ends this one.

        Raises:
            OSError: the process has ended.
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
        """A fresh child, with its share of a GPU.

        Raises:
            SandboxError: it could not be made.
        """
        self._wait_until_ready()
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:
            raise SandboxError(f"No connection to a child can be made: {error}") from None
        slot = 0  # which none has
        seat = take_seat()
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with theirs:
                slot = self._ask(theirs, share, seat)
            child = Child(ours, self, slot, seat)
            self.children.add(child)
            return child
        except BaseException as error:
            ours.close()
            seat.leave()
            if not isinstance(error, (SandboxError, OSError)):
                raise
            with self._changed:
                detail = self._errors.pop(slot, str(error))
            raise SandboxError(detail) from None

    def _ask(self, connection: socket.socket, share: Share | None, seat: Seat) -> int:
        """Asks for a child that answers on this connection; which one it is."""
        with self._changed:
            self._slot += 1
            request = {
                "slot": self._slot,
                "isolated": self.isolated,
                "memory": None if share else self.limits.memory_mib * MIB,
                "scratch": self.limits.scratch_mib * MIB,
                "cpu_seconds": self.limits.total_cpu_seconds,
                "threads": 2 * self.limits.threads,  # at which the grader stops it
                "gpu": share.request() if share else None,
                "cores": sorted(seat.cores),
            }
            try:
                body = json.dumps(request).encode()
                socket.send_fds(self._control, [body], [connection.fileno()])
            except OSError as error:
                raise SandboxError(f"The template process has ended: {error}") from None
            return self._slot

    def end(self, slot: int) -> tuple[int, float] | None:
        """How a child that has ended did so: exit code or minus the signal, and CPU seconds.

        None if the template can't tell.
        """
        with self._changed:
            self._changed.wait_for(lambda: slot in self._ends or self._ended, timeout=FORK_SECONDS)
            return self._ends.get(slot)

    @property
    def alive(self) -> bool:
        return not self._ended and (self._process is None or self._process.poll() is None)

    def end_all(self) -> None:
        """Ends the template and all its children; who has one is told so when asking it."""
        self.closed = True
        for child in list(self.children):
            child.kill()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # the listener's copy as well
        self._control.close()
        if self._process is not None:
            _end(self._process)
        _remove(self._folder)  # it had no time to do that itself
        if self._listener is not None:
            self._listener.join(timeout=5)

    def close(self) -> None:
        """Ends the template and lets go of its children."""
        self.end_all()
        for child in list(self.children):
            child.close()

    def _wait_until_ready(self) -> None:
        with self._changed:
            # Not before: a process that is to be forked should have one thread.
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
                "says what stands in the way, and how to mend it.)"
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
            pass  # cut off, or nothing is left to hear it with
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _hear(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "ready" in message:
                self._ready = message
            elif "ended" in message:
                self._ends[message["slot"]] = (message["code"], message["cpu"])
            elif "error" in message:
                self._errors[message["slot"]] = message["error"]
            self._changed.notify_all()


class Pool:
    """Templates by backend, started when first needed and replaced when they end.

    `backend` is the one of Keras that was asked for; a unit may insist on another.  Children with
    a share of one of the `gpus` have templates of their own, which alone see a GPU's files.
    """

    def __init__(
        self,
        isolation: Isolation = "namespaces",
        limits: Limits | None = None,
        backend: Backend = DEFAULT,
        gpus: Gpus | None = None,
    ) -> None:
        self.isolation = isolation
        self.limits = limits or Limits()
        self.backend = backend
        self.gpus = gpus
        self._templates: dict[tuple[Backend, bool], Template] = {}
        self._lock = threading.Lock()
        # The kernel ends a template with the thread that started it, so that one must stay; slots
        # come and go.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="templates")

    def warm(self, backend: Backend) -> None:
        """Starts a template without waiting for it, for as long as the calling thread lasts."""
        kind = (backend, False)
        if kind not in self._templates:
            self._templates[kind] = Template.started(backend, self.isolation, self.limits)

    def after_fork(self) -> None:
        """Goes on in a process forked from the one that made the pool; its templates are shared."""
        self._lock = threading.Lock()
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="templates")
        templates, self._templates = self._templates, {}
        for kind, template in templates.items():
            with contextlib.suppress(OSError):  # a new one is started when it is needed
                self._templates[kind] = template.joined()

    def fork(self, backend: Backend, share: Share | None = None) -> Child:
        """A fresh child of a warm template; `share` is of a GPU.

        Raises:
            SandboxError: no child, from a fresh template either.
        """
        kind = (backend, share is not None)
        template = self._template(kind)
        try:
            return template.fork(share)
        except SandboxError:
            with self._lock:
                # Another slot may have replaced it; what is not broken stays.
                if self._templates.get(kind) is template:
                    del self._templates[kind]
            template.end_all()
            return self._template(kind).fork(share)

    def _template(self, kind: tuple[Backend, bool]) -> Template:
        with self._lock:
            template = self._templates.get(kind)
            if template is not None and not template.alive:
                template.end_all()
                template = None
            if template is None:
                backend, on_gpu = kind
                gpus = self.gpus if on_gpu else None
                template = self._starter.submit(
                    Template.started, backend, self.isolation, self.limits, gpus
                ).result()
                self._templates[kind] = template
            return template

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for template in self._templates.values():
            template.close()
        self._starter.shutdown()


def _start(program: Command, control: socket.socket) -> subprocess.Popen[bytes]:
    # Under the number that it has here: another might be closed by another thread meanwhile.
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
    # With its group: bubblewrap's second process asks to die with the first one only some
    # milliseconds after it began, and would wait for ever if the first one was gone by then.
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
