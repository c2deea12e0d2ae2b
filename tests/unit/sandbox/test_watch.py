"""The watch from outside, on processes without any other limit, as beside a GPU."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autograder.sandbox.limits import MIB, Limits
from autograder.sandbox.watch import Stopped, Watch, memory_bytes

LIMITS = Limits(memory_mib=256, threads=50, wall_factor=1, wall_extra=20)
WORK = """
import ctypes, sys, threading, time
def work():
    sys.stdin.readline()
    {body}
threading.Thread(target=work).start()
print("ready", flush=True)
{end}
"""
# Its first thread ends, by which the kernel knows it; the others go on.  No filter can deny that.
LEADER = {"there": "time.sleep(60)", "gone": "ctypes.CDLL(None).pthread_exit(None)"}
BODIES = {
    "memory": "x = bytearray(512 * 2**20); time.sleep(60)",
    "timeout": "while True: pass",
    "died": "[threading.Thread(target=time.sleep, args=[60]).start() for _ in range(100)]",
}


class Process:
    """A process that is watched."""

    def __init__(self, source: str) -> None:
        command = [sys.executable, "-c", source]
        self.started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.started.pid
        assert self.started.stdout is not None
        assert self.started.stdout.readline() == b"ready\n"
        self.inherited_bytes = memory_bytes(self.pid)

    def kill(self) -> None:
        self.started.kill()


@contextmanager
def started(body: str, end: str) -> Iterator[Process]:
    process = Process(WORK.format(body=body, end=end))
    try:
        yield process
    finally:
        process.kill()
        process.started.communicate()


@pytest.mark.parametrize("status", BODIES)
@pytest.mark.parametrize("leader", LEADER)
def test_every_limit_holds_whether_or_not_the_first_thread_is_there(
    leader: str, status: str
) -> None:
    with started(BODIES[status], LEADER[leader]) as process:
        watch = Watch(process, 1.0, LIMITS)
        if leader == "gone":
            until = time.monotonic() + 20
            while b"Rss" in status_of(process.pid) and time.monotonic() < until:
                time.sleep(0.01)
            assert b"Rss" not in status_of(process.pid)
        assert process.started.stdin is not None
        process.started.stdin.write(b"go\n")
        process.started.stdin.flush()
        with pytest.raises(Stopped) as stopped:
            while True:
                watch.look()
                time.sleep(0.01)
        assert stopped.value.status == status, stopped.value


def test_memory_is_that_of_the_threads_that_are_left() -> None:
    with started("time.sleep(60)", f"x = bytearray(100 * {MIB})\n{LEADER['gone']}") as process:
        until = time.monotonic() + 20
        while b"Rss" in status_of(process.pid) and time.monotonic() < until:
            time.sleep(0.01)
        assert memory_bytes(process.pid) > 100 * MIB
    assert memory_bytes(process.pid) == 0


def status_of(pid: int) -> bytes:
    with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123
        return file.read()
