"""Each layer of the sandbox by itself: what it stops, and that nothing else would have stopped it.

An attack runs in a process of its own with one layer on and all others off; it must succeed with
none and fail with the one.  The file system around the template, the watch from outside and the
caps on the wire are layers too, and are shown in the same way.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder
from autograder.guest import isolation
from autograder.sandbox import bubblewrap
from autograder.sandbox.limits import Limits
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool

PARENT = Path(autograder.__file__).resolve().parents[1]
DONE, STOPPED = "done", "stopped"
# Mounting asks for a mount namespace, which comes with the others.
NEEDS = {"mounts": ("namespaces", "mounts")}

HARNESS = """
import os, sys
from autograder.guest import isolation, libc
layers, attack = sys.argv[1].split(","), sys.argv[2]
isolation.proc_files()
if "namespaces" in layers:
    isolation.isolate(0, 0, 0, layers=["namespaces"])
    # As the template does: the next child is the first of a process namespace.
    libc.unshare(libc.NEWPID)
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.exit(code if code >= 0 else 128 - code)
isolation.isolate(2**28, 2**22, 1, layers=set(layers) - {"namespaces"})
try:
    exec(attack)
except (OSError, MemoryError, AssertionError) as error:
    os.write(1, f"stopped by {type(error).__name__}: {error}".encode())
else:
    os.write(1, b"done")
"""

LIBC = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
ATTACKS: dict[str, dict[str, str]] = {
    "namespaces": {
        "reach a server": "import socket; socket.create_connection(('127.0.0.1', {port}), 5)",
        "reach an abstract socket": "import socket\n"
        "socket.socket(socket.AF_UNIX).connect({abstract!r})",
        "signal a neighbour": "os.kill({neighbour}, 0)",
        "read a neighbour's limits": "import resource\n"
        "resource.prlimit({neighbour}, resource.RLIMIT_CPU)",
    },
    "mounts": {
        "read the temporary folder": "open({canary!r}).read()",
        "read a neighbour's command line": "open('/proc/{neighbour}/cmdline', 'rb').read()",
        "read what it was started with": "text = open('/proc/self/cmdline', 'rb').read()\n"
        "assert b'isolate' in text",
        "write into a neighbour's memory": "open('/proc/{neighbour}/mem', 'wb')",
    },
    "limits": {
        "take memory": "bytearray(2**30)",
        "open many files": "kept = [open('/dev/null') for _ in range(400)]",
        "write a large file": "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "f = open({folder!r} + '/large', 'wb'); f.truncate(2**24)",
        "compute for long": "import time\nwhile time.process_time() < 3: pass",
    },
    "privileges": {
        "another root": "os.chroot('/')",
        "another user": "os.setuid(12345)",
        "another group": "os.setgroups([1])",
        "a mount namespace": LIBC + "assert libc.unshare(0x20000) == 0",
        "change a file's owner": "os.chown({canary!r}, 1, 1)",
    },
    "system calls": {
        "fork": "if os.fork() == 0: os._exit(0)",
        "a socket": "import socket; socket.socket()",
        "a program": "assert os.system('true') == 0",
        "new namespaces": LIBC + "assert libc.unshare(0x10000000) == 0",
        "trace a neighbour": LIBC + "assert libc.ptrace(16, {neighbour}, 0, 0) == 0",
        "files in memory": "os.memfd_create('x')",
        "shared memory": LIBC + "assert libc.shmget(0, 4096, 0o1600) != -1",
        "a message queue": LIBC + "assert libc.msgget(0, 0o1600) != -1",
        "a handle on a process": "os.pidfd_open(os.getpid())",
        "user faults": LIBC + "assert libc.syscall(323, 1) != -1",
        "BPF": LIBC
        + "import ctypes\nassert libc.syscall(321, 0, ctypes.create_string_buffer(72), 72) != -1",
        "a process by clone": LIBC + "if libc.syscall(56, 17, 0, 0, 0, 0) == 0: os._exit(0)\n"
        "else: assert ctypes.get_errno() == 0",
    },
}
# What even root may not do everywhere: shown to be stopped, not that it would succeed otherwise.
UNCERTAIN = {"user faults", "BPF", "trace a neighbour", "write into a neighbour's memory"}
AS_ROOT = {"privileges"}  # needs something to drop


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """What an attack can reach where nothing stops it."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "canary").write_text("seed")
    abstract = f"\0autograder-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as local,
        subprocess.Popen(["sleep", "600"]) as neighbour,
    ):
        local.bind(abstract)
        local.listen()
        yield {
            "port": server.getsockname()[1],
            "abstract": abstract,
            "neighbour": neighbour.pid,
            "canary": str(folder / "canary"),
            "folder": str(folder),
        }
        neighbour.kill()


def outcome(world: dict[str, object], attack: str, *layers: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", HARNESS, ",".join(layers), attack.format(**world)],
        env={**os.environ, "PYTHONPATH": str(PARENT)},
        capture_output=True,
        timeout=60,
    )
    return run.stdout.decode() or f"ended with {run.returncode}: {run.stderr.decode()[-500:]}"


def named(layer: str) -> list[object]:
    return [pytest.param(layer, name, id=f"{layer}: {name}") for name in ATTACKS[layer]]


@pytest.mark.parametrize(("layer", "name"), [case for layer in ATTACKS for case in named(layer)])
def test_a_layer_stops_it_alone(world: dict[str, object], layer: str, name: str) -> None:
    if layer in AS_ROOT and os.getuid() != 0:
        pytest.skip("there are no privileges to drop")
    attack = ATTACKS[layer][name]
    others = set(NEEDS.get(layer, (layer,))) - {layer}
    without = outcome(world, attack, *others)
    assert without == DONE or name in UNCERTAIN, without
    alone = outcome(world, attack, *others, layer)
    assert alone.startswith(STOPPED) or alone.startswith("ended with -"), alone


def test_every_layer_is_shown() -> None:
    assert set(ATTACKS) == set(isolation.LAYERS)


# ---------------------------------------------------------------- the file system of the template


def in_bubblewrap(source: str, own_proc: bool) -> subprocess.CompletedProcess[bytes]:
    """Runs Python in the template's file system, with none of a child's layers on."""
    bwrap = bubblewrap.bwrap_path()
    assert bwrap is not None
    options, python = bubblewrap._options(own_proc, None), bubblewrap._python_inside()
    inside = [*options, "--clearenv", "--chdir", "/tmp", "--", python, "-c", source]
    return subprocess.run([bwrap, *inside], capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("own_proc", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        f"open({str(PARENT / 'README.md')!r})",
        f"import os; os.listdir({str(PARENT / 'solutions')!r})",
        "open('/etc/passwd')",
        "import sys; open(sys.prefix + '/written', 'w')",
        "open('/grader/autograder/judging/judges.py', 'a')",
        "open('/usr/written', 'w')",
        "open('/written', 'w')",
        "import os; os.environ['PATH']",
        "import socket; socket.create_connection(('127.0.0.1', PORT), 5)",
        "open('/proc/GRADER/environ')",
        "open('/proc/GRADER/mem')",
        "import os; os.listdir('/proc/GRADER/root/')",
        "open('/proc/GRADER/fd/0')",
    ],
)
def test_the_file_system_alone_hides_and_protects(
    world: dict[str, object], source: str, own_proc: bool
) -> None:
    source = source.replace("PORT", str(world["port"])).replace("GRADER", str(os.getpid()))
    run = in_bubblewrap(source, own_proc)
    assert run.returncode == 1
    assert run.stderr.decode().splitlines()[-1].split(":")[0] in {
        "FileNotFoundError",
        "OSError",
        "PermissionError",
        "KeyError",
        "ConnectionRefusedError",
    }
    assert in_bubblewrap("open('/tmp/own', 'w')", own_proc).returncode == 0


# ------------------------------------------------------------------------- the watch from outside

WATCHED = Limits(memory_mib=128, cell_seconds=1, wall_factor=1, wall_extra=2, threads=40)


@pytest.fixture(scope="module")
def unshut() -> Iterator[Pool]:
    """Children that nothing shuts in: what stops them is the watch."""
    with Pool("none", WATCHED) as pool:
        yield pool


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("import time\ntime.process_time = lambda: 0.0\nwhile True: pass", "timeout"),
        ("import time\ntime.time = time.monotonic = lambda: 0.0\ntime.sleep(600)", "timeout"),
        ("import signal, os\nos.kill(os.getpid(), signal.SIGSTOP)", "timeout"),
        ("x = []\nwhile True: x.append(bytearray(2**20))", "memory"),
        (
            "import mmap\nm = mmap.mmap(-1, 2**28)\nm.write(bytes(2**28))\nwhile True: pass",
            "memory",
        ),
        (
            "import threading, time\nfor _ in range(60):\n"
            "    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
            "time.sleep(9)",
            "died",
        ),
    ],
    ids=["computing", "waiting", "stopped", "small blocks", "shared memory", "threads"],
)
def test_the_watch_alone_ends_it(unshut: Pool, source: str, status: str) -> None:
    from autograder.wire.program import Program

    with Observer(unshut, Program(((1, source),))) as observer:
        observer.start()
        assert observer.cells[1].status == status


# ----------------------------------------------------------------------------- caps on the wire


def test_a_length_alone_allocates_nothing(unshut: Pool) -> None:
    import psutil

    from autograder.wire.program import Program

    length = struct.pack("<I", 2**32 - 1)
    source = textwrap.dedent(f"""
        import socket
        socket.socket(fileno=3).sendall({length!r} + bytes(2**20))
    """)
    before = psutil.Process().memory_info().rss
    with Observer(unshut, Program(((1, source),))) as observer:
        observer.start()
        assert observer.cells[1].status == "memory"
    assert psutil.Process().memory_info().rss - before < 64 * 2**20
