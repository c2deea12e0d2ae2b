"""The warm process: imports what students use, then forks one isolated child per request.

It executes no framework operation and stays single-threaded, else its forks would hang (NUMERICS
3.2); that is asserted before every fork.  It holds nothing of the course.

Requests are single bytes objects on its control socket, each carrying the child's connection.
Every reply is one JSON line.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from autograder import tensors, worker
from autograder.sandbox import accelerator, isolation

CONTROL = 3  # the control socket's descriptor


def main() -> None:
    """Runs the template until its control socket closes.  Arguments: modules to import."""
    control = socket.socket(fileno=CONTROL)
    failed = []
    for name in sys.argv[1:]:
        try:
            importlib.import_module(name)
        except ImportError as error:
            failed.append(f"{name}: {error}")
    if "keras" in sys.modules:
        tensors.even_out()
    shell = worker.make_shell()
    isolation.proc_files()
    isolation.driver_files()
    gc.collect()
    gc.freeze()  # keeps the collector of each child from touching, and so copying, shared pages
    _tell(control, {"ready": _threads() == 1, "threads": _threads(), "failed": failed})
    children: dict[int, int] = {}
    while True:
        readable, _, _ = select.select([control], [], [], 0.2 if children else None)
        if readable and not _fork_on_request(control, shell, children):
            return
        _reap(control, children)


def _fork_on_request(control: socket.socket, shell: Any, children: dict[int, int]) -> bool:
    message, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
    if not message:
        return False
    request = json.loads(message)
    if _threads() != 1:
        _tell(control, {"slot": request["slot"], "error": f"{_threads()} threads before a fork"})
    elif files := accelerator.opened():
        error = f"{', '.join(files)} is open before a fork"
        _tell(control, {"slot": request["slot"], "error": error})
    else:
        pid = _fork(control, descriptors[0], request, shell)
        children[pid] = request["slot"]
        _tell(control, {"slot": request["slot"], "forked": pid})
    os.close(descriptors[0])
    return True


def _fork(control: socket.socket, connection: int, request: dict[str, Any], shell: Any) -> int:
    isolated = request["isolated"]
    if isolated:
        # The next child becomes the first process of a new pid namespace; then back to our own.
        own = os.open("/proc/self/ns/pid", os.O_RDONLY)
        isolation.unshare(isolation.NEWPID)
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            _child(connection, request, shell)
        finally:
            os._exit(70)
    if isolated:
        isolation.enter(own, isolation.NEWPID)
        os.close(own)
    return pid


def _child(connection: int, request: dict[str, Any], shell: Any) -> None:
    """Student code's process.  Reports `isolated` or why not, then serves."""
    os.setsid()  # signals to a process group reach across pid namespaces
    os.dup2(connection, CONTROL)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(CONTROL + 1, 1024)
    wire = socket.socket(fileno=CONTROL)
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
    # The kernel stamps this message with our process id as the grader sees it.
    wire.sendall(b"isolated".ljust(512))
    with contextlib.suppress(SystemExit, BrokenPipeError, ConnectionResetError):
        worker.serve(wire, worker.Session(shell))
    os._exit(0)


def _reap(control: socket.socket, children: dict[int, int]) -> None:
    while children:
        pid, status, usage = os.wait4(-1, os.WNOHANG)
        if pid == 0:
            return
        slot = children.pop(pid, None)
        code, cpu = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        _tell(control, {"slot": slot, "ended": pid, "code": code, "cpu": cpu})


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def _tell(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
