"""The warm process: imports what students use, then forks one isolated child per request.

It executes no framework operation and stays single-threaded, or its forks would hang: all of 338
children forked so worked, but after an operation in the parent 0 of 26 finished a `fit`.  This is
checked before every fork.  It holds nothing of the course.

A request is one JSON object on a control socket and carries the child's connection.  Every reply is
one JSON line.  Other processes of the grader join with control sockets of their own.  When one of
these closes, its children end; when the first one closes, everything ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import autograder
from autograder.guest import accelerator, isolation, libc, tensors, worker

_WIRE = 3  # a child's only descriptor beside the standard ones
Children = dict[int, tuple[socket.socket, int]]  # by process id: who asked for it, and its id there


def main() -> None:
    """Run the template until its control socket closes.

    The command line has modules to import, then the control socket's descriptor.
    """
    *names, number = sys.argv[1:]
    first = socket.socket(fileno=os.dup(int(number)))  # a low one, as `select` needs
    os.close(int(number))
    folder = os.environ.pop("AUTOGRADER_FOLDER", "")  # its own, where there is no sandbox
    try:
        _serve(first, names)
    finally:
        if folder:  # the grader may have been killed
            shutil.rmtree(folder, ignore_errors=True)


def _serve(first: socket.socket, names: list[str]) -> None:
    failed = []
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            failed.append(f"{name}: {error}")
    if "keras" in sys.modules:
        tensors.even_out()
    # Notebooks import it.  The real one lies outside the sandbox, as does what it needs.
    autograder.check = _check
    autograder.prepare = _prepare
    shell = worker.make_shell()
    isolation.proc_files()
    isolation.driver_files()
    gc.collect()
    gc.freeze()  # else each child's collector would touch, and so copy, shared pages
    ready = {"ready": _threads() == 1, "threads": _threads(), "failed": failed}
    _tell(first, ready)
    controls = [first]
    children: Children = {}
    while True:
        for control in select.select(controls, [], [], 0.2 if children else None)[0]:
            request, connection = _request(control)
            if request is None and control is first:
                return
            if request is None:
                controls.remove(control)
                _kill(control, children)
                control.close()
            elif "join" in request:
                controls.append(socket.socket(fileno=connection))
                _tell(controls[-1], ready)
            else:
                _fork_on_request(request, control, connection, shell, controls, children)
                os.close(connection)
        _reap(children)


def _check(exercise: str, unit: str | None = None) -> None:
    """Do nothing: the grader does its own observing."""


def _prepare(archive: str, files: Mapping[str, str], wheel: str) -> None:
    """Do nothing: what a notebook fetches for a student, the grader has."""


def _request(control: socket.socket) -> tuple[dict[str, Any] | None, int]:
    """Return a request and the connection that came with it; None once the socket has closed."""
    try:
        message, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
    except ConnectionResetError:
        return None, -1
    return (json.loads(message), descriptors[0]) if message else (None, -1)


def _fork_on_request(
    request: dict[str, Any],
    control: socket.socket,
    connection: int,
    shell: Any,
    controls: list[socket.socket],
    children: Children,
) -> None:
    child_id = request["child"]
    if _threads() != 1:
        _tell(control, {"child": child_id, "error": f"{_threads()} threads before a fork"})
    elif files := accelerator.opened():
        _tell(control, {"child": child_id, "error": f"{', '.join(files)} is open before a fork"})
    else:
        pid = _fork(controls, connection, request, shell)
        children[pid] = control, child_id
        _tell(control, {"child": child_id, "forked": pid})


def _kill(control: socket.socket, children: Children) -> None:
    """End the children of a grader's process that is gone."""
    for pid, (owner, _) in children.items():
        if owner is control:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _fork(
    controls: list[socket.socket], connection: int, request: dict[str, Any], shell: Any
) -> int:
    isolated = request["isolated"]
    if isolated:
        # The next child becomes the first process of a new pid namespace; then back to our own.
        own = os.open("/proc/self/ns/pid", os.O_RDONLY)
        libc.unshare(libc.NEWPID)
    pid = os.fork()
    if pid == 0:
        try:
            for control in controls:
                control.close()
            _child(connection, request, shell)
        finally:
            os._exit(70)
    if isolated:
        libc.enter(own, libc.NEWPID)
        os.close(own)
    return pid


def _child(connection: int, request: dict[str, Any], shell: Any) -> None:
    """Isolate this process, report "isolated" or why it is not, then serve requests."""
    os.setsid()  # signals to a process group reach across pid namespaces
    with contextlib.suppress(OSError):  # some cores may have been taken away meanwhile
        os.sched_setaffinity(0, request["cores"])
    os.dup2(connection, _WIRE)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(_WIRE + 1, 1024)
    wire = socket.socket(fileno=_WIRE)
    signal.set_wakeup_fd(-1)
    # Python's own handler would let a signal from outside end student code as if it had failed.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    what = "isolation failed"
    try:
        if request["isolated"]:
            names = ("memory", "scratch", "cpu_seconds", "threads")
            kept = request["gpu"]["file"] if request["gpu"] else ""
            isolation.isolate(**{name: request[name] for name in names}, gpu=kept)
        what = "The GPU can't be used"
        if request["gpu"]:
            accelerator.take(request["gpu"])
    except (OSError, ValueError) as error:  # ValueError: a limit over the one that is inherited
        wire.sendall(f"{what}: {error}".encode()[:500].ljust(512))
        return
    # As in Jupyter, a cell can import what another one wrote (`%%writefile helper.py`).  Only now:
    # the template itself imports nothing from where it runs.
    sys.path.insert(0, "")
    # The kernel stamps this message with our process id as the grader sees it.
    wire.sendall(b"isolated".ljust(512))
    with contextlib.suppress(SystemExit, BrokenPipeError, ConnectionResetError):
        worker.serve(wire, worker.Session(shell))
    os._exit(0)


def _reap(children: Children) -> None:
    while children:
        pid, status, usage = os.wait4(-1, os.WNOHANG)
        if pid == 0:
            return
        control, child_id = children.pop(pid)
        code, cpu = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        _tell(control, {"child": child_id, "ended": pid, "code": code, "cpu": cpu})


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def _tell(control: socket.socket, message: dict[str, Any]) -> None:
    # The other side may be gone, or its control socket may be closed here.
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
