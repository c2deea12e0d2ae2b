"""Programs that nobody trusts: every limit is its own verdict, and nothing gets out."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import psutil
import pytest
from support.places import ROOT
from support.programs import observer_of, seen

from autograder.guest import isolation
from autograder.sandbox.bubblewrap import SandboxError
from autograder.sandbox.limits import Budget, Limits
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.sandbox.templates import Template
from autograder.sandbox.watch import Stopped
from autograder.wire.evidence import MAX_TEXT, Evidence
from autograder.wire.program import Program

TIGHT = Limits(
    memory_mib=256, scratch_mib=8, cell_seconds=1, wall_factor=1, wall_extra=3, total_cpu_seconds=60
)
# Replies go over the child's only connection; this is how a program gets at it.
WIRE = "import socket, struct\nwire = socket.socket(fileno=3)\n"
SEND = WIRE + "wire.sendall(struct.pack('<I', len(body)) + body)\n"


@pytest.fixture(scope="module")
def tight() -> Iterator[Pool]:
    os.environ["SECRET_OF_THE_GRADER"] = "hunter2"
    with Pool(limits=TIGHT) as pool:
        yield pool
    del os.environ["SECRET_OF_THE_GRADER"]


def ran(pool: Pool, source: str) -> Evidence:
    """How one cell ran."""
    with observer_of(pool, source) as observer:
        seen(observer, "None")
        return observer.cells[1]


def value(pool: Pool, source: str, expression: str = "program.x") -> Any:
    with observer_of(pool, source) as observer:
        evidence = seen(observer, expression)
    assert evidence.status == "ok", (evidence, observer.cells)
    return evidence.value


# ---------------------------------------------------------------------------------------- limits

SPIN = "while True: pass"
SLEEP = "import time; time.sleep(600)"
LARGE = "x = bytearray(2**33)"
SMALL = "x = []\nwhile True: x.append(bytearray(2**16))"
MAPPED = (
    "import mmap\nx = [mmap.mmap(-1, 2**26) for _ in range(99)]\nfor m in x: m.write(bytes(2**26))"
)
ABORT = "import os; os.abort()"
CRASH = "import ctypes; ctypes.string_at(0)"
LEAVE = "import os; os._exit(0)"
QUIT = "import sys; sys.exit()"


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        pytest.param(SPIN, "timeout", "1 s of computing", id="computing"),
        pytest.param(SLEEP, "timeout", "after waiting", id="waiting"),
        pytest.param(LARGE, "memory", "", id="one large block"),
        pytest.param(SMALL, "memory", "", id="many small blocks"),
        pytest.param(ABORT, "died", "SIG", id="abort"),
        pytest.param(CRASH, "died", "SIGSEGV", id="segmentation fault"),
        pytest.param(LEAVE, "died", "ended", id="_exit"),
        pytest.param(QUIT, "raised", "", id="sys.exit"),
        pytest.param("raise KeyboardInterrupt", "raised", "", id="KeyboardInterrupt"),
    ],
)
def test_each_limit_is_a_verdict_of_its_own(
    tight: Pool, source: str, status: str, said: str
) -> None:
    function = "def f():\n" + "".join(f"    {line}\n" for line in source.splitlines())
    with observer_of(tight, function, "here = 1") as observer:
        stopped = seen(observer, "program.f()")
        assert stopped.status == status, stopped
        assert stopped.failure is not None
        assert said in stopped.failure.message
        assert seen(observer, "program.here").value == 1


def test_shared_memory_counts_as_memory(tight: Pool) -> None:
    assert ran(tight, MAPPED).status != "ok"


def test_files_in_memory_are_no_way_round_the_limit(tight: Pool) -> None:
    one = "os.write(os.memfd_create('x'), bytes(2**22))"
    assert ran(tight, f"import os\nfor _ in range(100): {one}").status != "ok"


def test_exit_in_a_cell_costs_nothing_else(tight: Pool) -> None:
    assert value(tight, "exit()\nquit()\nx = 1") == 1


def test_cpu_seconds_of_a_whole_submission_end_as_timeout() -> None:
    with Pool(limits=Limits(memory_mib=256, total_cpu_seconds=1)) as pool:
        with observer_of(pool, f"def f():\n    {SPIN}") as observer:
            assert seen(observer, "program.f()", 20.0).status == "timeout"


@pytest.mark.parametrize("forged", ["float('nan')", "float('inf')", "-1e9"])
def test_forged_seconds_are_not_believed(tight: Pool, forged: str) -> None:
    cell = (
        "import time\ncalls = []\n"
        f"time.process_time = lambda: calls.append(1) or ({forged} if len(calls) % 2 else 0.0)"
    )
    with observer_of(tight, cell) as observer:
        assert 0 <= seen(observer, "len(program.calls)").seconds < 60


def test_a_stopped_exercise_goes_on_in_a_fresh_child_with_its_cells_run_again(tight: Pool) -> None:
    with observer_of(tight, "import time\nstamp = time.time()\nlog = []") as observer:
        before = seen(observer, "(program.stamp, program.log.append(1))").value[0]
        assert seen(observer, "any(iter(int, 1))").status == "timeout"
        after = seen(observer, "(program.stamp, len(program.log))").value
    assert after[0] > before
    assert after[1] == 0


def test_a_hanging_cell_is_named_and_gone_round(tight: Pool) -> None:
    with observer_of(tight, "a = 1", "b = 2\nwhile True: pass", "c = a + 2") as observer:
        assert seen(observer, "program.c").value == 3
        assert seen(observer, "program.b").status == "missing"
        hung = observer.cells[2]
        assert {n: cell.status for n, cell in observer.cells.items()} == {
            1: "ok",
            2: "timeout",
            3: "ok",
        }
    assert hung.failure is not None
    assert hung.failure.cell == 2


def test_floods_of_output_are_cut(tight: Pool) -> None:
    cell = ran(tight, "import sys\nfor _ in range(500): print('x' * 10_000)\nprint('late')")
    assert cell.status == "ok"
    assert len(cell.output) <= MAX_TEXT
    with observer_of(tight, "def f():\n    print('y' * 10**7)\n    return 1") as observer:
        evidence = seen(observer, "program.f()")
    assert evidence.value == 1
    assert len(evidence.output) <= MAX_TEXT


def test_output_past_python_goes_nowhere(tight: Pool, capfd: pytest.CaptureFixture[str]) -> None:
    cell = ran(tight, "import os\nfor fd in (1, 2): os.write(fd, b'LEAK' * 1000)\nos.write(0, b'')")
    assert cell.status == "ok"
    assert "LEAK" not in "".join(capfd.readouterr()) + cell.output


# ------------------------------------------------------------------------------- nothing gets out

FORBIDDEN = {
    "a socket": "import socket; socket.socket()",
    "a local socket": "import socket; socket.socket(socket.AF_UNIX)",
    "a web page": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1')",
    "fork": "import os; os.fork()",
    "a program": "import subprocess; subprocess.run(['true'])",
    "a shell": "import os; assert os.system('true') == 0",
    "a program in its place": "import os; os.execv('/usr/bin/true', ['true'])",
    "multiprocessing": "import multiprocessing as m; p = m.Process(target=print); p.start()",
    "signal all": "import os; os.kill(-1, 0)",
    "signal its parent": "import os; os.kill(2, 0)",
    "trace": "import ctypes, os; assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0",
    "mount": "import ctypes; assert ctypes.CDLL(None).mount(b'n', b'/tmp', b'tmpfs', 0, b'') == 0",
    "new namespaces": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "another root": "import os; os.chroot('/tmp')",
    "another user": "import os; os.setuid(0)",
    "solutions": f"import os; os.listdir({str(ROOT / 'solutions')!r})",
    "the tests": f"open({str(Path(__file__))!r})",
    "the temporary folder of the grader": "import os; os.listdir('/tmp')[0]",
    "logs": "import os; os.listdir('/var')",
    "passwords": "open('/etc/passwd')",
    "the environment": "import sys; open(sys.prefix + '/written', 'w')",
    "the grader": "import autograder; open(autograder.__file__, 'a')",
    "the root": "open('/written', 'w')",
    "devices": "open('/dev/written', 'w')",
    "/proc": "open('/proc/written', 'w')",
    "memory of the machine": "open('/dev/mem')",
    "a terminal": "open('/dev/tty')",
    "shared memory": "open('/dev/shm/x', 'w')",
}


@pytest.mark.parametrize("source", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_child_cannot_reach(tight: Pool, source: str) -> None:
    cell = ran(tight, source)
    assert cell.status == "raised", cell
    assert cell.failure is not None
    assert cell.failure.type_name in {
        *("PermissionError", "FileNotFoundError", "ProcessLookupError", "URLError", "OSError"),
        *("AssertionError", "IndexError"),
    }, cell


@pytest.mark.parametrize("target", ["0", "-os.getpgid(0)", "-os.getsid(0)", "os.getppid()"])
@pytest.mark.parametrize("number", ["SIGKILL", "SIGSTOP"])
def test_a_child_cannot_signal_its_siblings(tight: Pool, target: str, number: str) -> None:
    with observer_of(tight, "import random\nx = random.random()") as sibling:
        before = seen(sibling, "program.x").value
        ran(tight, f"import os, signal\nos.kill({target}, signal.{number})")
        assert seen(sibling, "program.x").value == before
    assert value(tight, "x = 1") == 1


def test_a_child_is_alone(tight: Pool) -> None:
    cell = "import os, pathlib\nx = [os.getpid(), sorted(os.listdir('/proc/self'))]"
    assert value(tight, cell) == [1, ["cmdline", "comm", "exe"]]
    entries = "import os\nx = sorted(os.listdir('/proc'))"
    assert value(tight, entries) == sorted(
        ["cpuinfo", "filesystems", "meminfo", "self", "stat", "version"]
    )


def test_a_child_has_no_descriptors_but_its_own(tight: Pool) -> None:
    cell = (
        "import os\nx = []\nfor fd in range(4096):\n"
        "    try: os.fstat(fd); x.append(fd)\n    except OSError: pass"
    )
    assert value(tight, cell) == [0, 1, 2, 3]


def test_a_child_sees_nothing_of_the_graders_environment(tight: Pool) -> None:
    assert "hunter2" not in value(tight, "import os\nx = str(dict(os.environ))")
    assert value(tight, "import os\nx = os.environ['HOME']") == "/tmp"


def test_a_child_sees_of_the_graders_files_the_environment_alone(
    tight: Pool, tmp_path: Path
) -> None:
    (tmp_path / "gradebook").write_text("1.0")
    assert value(tight, f"import os\nx = os.path.exists({str(tmp_path)!r})") is False
    prefixes = [Path(path) for path in (sys.prefix, sys.base_prefix, sys.base_exec_prefix)]
    for folder in (ROOT, Path.home()):
        own = {p.relative_to(folder).parts[0] for p in prefixes if p.is_relative_to(folder)}
        cell = (
            f"import os\nx = os.listdir({str(folder)!r}) if os.path.exists({str(folder)!r}) else []"
        )
        assert set(value(tight, cell)) <= own


def test_a_child_can_write_to_its_scratch_alone(tight: Pool) -> None:
    cell = (
        "import os, sys\nx = []\n"
        "for root, folders, _ in os.walk('/'):\n"
        "    if os.access(root, os.W_OK): x.append(root)\n"
        "    if root.count('/') > 3: folders.clear()"
    )
    assert value(tight, cell) == ["/tmp"]


def test_scratch_is_limited_in_bytes_and_files(tight: Pool) -> None:
    parts = "for n in range(64): open(f'/tmp/{n}', 'wb').write(bytes(2**20))"
    assert ran(tight, parts).failure == ran(tight, parts).failure
    failure = ran(tight, parts).failure
    assert failure is not None
    assert "No space left" in failure.message
    one = ran(tight, "open('/tmp/one', 'wb').write(bytes(2**24))").failure
    assert one is not None
    assert one.type_name == "OSError"
    assert ran(tight, "for n in range(10_000): open(f'/tmp/{n}', 'w')").status == "raised"


def test_scratch_is_empty_for_the_next_child(tight: Pool) -> None:
    cell = "import os\nx = os.listdir('.')\nopen('left', 'w').write('answers')"
    assert value(tight, cell) == []
    assert value(tight, cell) == []


LEASES = (
    "import fcntl, os\nfd = os.open({path}, os.O_RDONLY)\n"
    "fcntl.fcntl(fd, fcntl.F_GETFD)\nfcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_{kind})"
)


@pytest.mark.parametrize("kind", ["WRLCK", "RDLCK"])
def test_a_lease_that_stops_other_readers_is_refused(tight: Pool, kind: str) -> None:
    for path in ("os.__file__", "'/tmp/own'"):
        cell = "open('/tmp/own', 'w').close()\n" + LEASES.format(path=path, kind=kind)
        failure = ran(tight, cell).failure
        assert failure is not None
        assert failure.type_name == "PermissionError"
        assert failure.line == 5


@pytest.mark.skipif(not isolation._counts_by_namespace(), reason="the kernel is older than 5.14")
def test_a_swarm_of_threads_does_not_outrun_the_grader(tight: Pool) -> None:
    cell = (
        "import ctypes, _thread, threading, time\nlibc = ctypes.CDLL(None)\n"
        "threading.stack_size(2**15)\nx = 0\n"
        "try:\n    while x < 5000: _thread.start_new_thread(libc.pause, ()); x += 1\n"
        "except RuntimeError: pass\nassert x < 600, x\ntime.sleep(9)"
    )
    cells = ran(tight, cell)
    assert cells.status == "died", cells
    assert "threads" in cells.failure.message


def test_threads_are_few() -> None:
    cell = (
        "import threading, time\nthreading.stack_size(2**15)\nx = 0\n"
        "try:\n    while x < 2000:\n"
        "        threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); x += 1\n"
        "except RuntimeError: pass"
    )
    # On a busy machine many start before the grader looks: memory must not end it first.
    limits = replace(TIGHT, memory_mib=1024)
    with Pool(limits=limits) as pool, observer_of(pool, cell) as observer:
        observer.start()
        assert observer.cells[1].status == "died"
        assert "threads" in observer.cells[1].failure.message


# --------------------------------------------------------------------------------- hostile replies

HOSTILE = {
    "too long": WIRE + "wire.sendall(struct.pack('<I', 2**31))",
    "nested": f"body = b'\\x91' * 5000 + b'\\xc0'\n{SEND}",
    "not msgpack": f"body = b'\\xc1' * 100\n{SEND}",
    "not a reply": f"body = b'\\x93\\x01\\x02\\x03'\n{SEND}",
    "an empty one": f"body = b''\n{SEND}",
    "no evidence": f"import msgpack\nbody = msgpack.packb({{'id': 2, 'status': 'passed'}})\n{SEND}",
    "for another question": f"import msgpack\nbody = msgpack.packb({{'id': 77}})\n{SEND}",
    "a number that is an array": "import numpy\nfrom autograder.wire.codec import pack\n"
    f"body = pack({{'id': numpy.zeros(3)}})\n{SEND}",
    "a name that is an array": "import numpy\nfrom autograder.wire.codec import pack\n"
    f"body = pack({{'ask': numpy.zeros(3), 'args': [], 'kwargs': {{}}}})\n{SEND}",
    "an unknown extension": f"import msgpack\nbody = b'\\xd4\\x07x'\n{SEND}",
    "a question": f"import msgpack\nbody = msgpack.packb({{'ask': 'f'}})\n{SEND}" * 2,
    "a drip": WIRE + "import time\nwire.sendall(struct.pack('<I', 2**20))\n"
    "while True:\n    wire.sendall(b'x')\n    time.sleep(0.005)",
    "endless questions": WIRE + "import time, msgpack\nbody = msgpack.packb({'ask': 'f'})\n"
    "for _ in range(30):\n    wire.sendall(struct.pack('<I', len(body)) + body)\n    time.sleep(1)",
    "half of one": WIRE + "wire.sendall(struct.pack('<I', 100) + b'x')\nimport os; os._exit(0)",
    "nothing at all": WIRE + "wire.close()\nimport time; time.sleep(60)",
    "an end": WIRE + "wire.shutdown(socket.SHUT_RDWR)\nimport time; time.sleep(60)",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_reply_is_a_verdict(tight: Pool, source: str) -> None:
    function = "def f():\n" + "".join(f"    {line}\n" for line in source.splitlines())
    with observer_of(tight, function) as observer:
        evidence = seen(observer, "program.f()")
        assert evidence.status in ("died", "memory", "timeout"), evidence
        assert seen(observer, "1 + 1").value == 2


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_reply_to_a_cell_is_a_verdict(tight: Pool, source: str) -> None:
    with observer_of(tight, source, "x = 1") as observer:
        assert seen(observer, "program.x").value == 1
        assert observer.cells[1].status in ("died", "memory", "timeout")


def test_two_replies_at_once_answer_one_question(tight: Pool) -> None:
    reply = {"id": 2, "status": "ok", "value": 42, "failure": None, "output": "", "seconds": 0.0}
    cell = f"import msgpack\ndef f():\n    body = {msgpack.packb(reply)!r}\n"
    cell += "".join(f"    {line}\n" for line in SEND.splitlines())
    with observer_of(tight, cell) as observer:
        assert seen(observer, "program.f()").value == 42  # computed by the student, so theirs
        late = seen(observer, "'honest'")
        assert late.status == "died"
        assert seen(observer, "'honest'").value == "honest"


def test_decoding_a_reply_takes_bounded_memory(tight: Pool) -> None:
    arrays = 8
    cell = (
        f"part = b'\\xdd' + (10**6).to_bytes(4, 'big') + b'\\x80' * 10**6\n"
        f"body = b'\\x9{arrays}' + part * {arrays}\n{SEND}"
    )
    before = psutil.Process().memory_info().rss
    assert ran(tight, cell).status in ("died", "memory")
    assert psutil.Process().memory_info().rss - before < 300 * 2**20


# ------------------------------------------------------------- budgets of a whole submission


def budgeted(pool: Pool, *cells: str, **limits: Any) -> Observer:
    budget = Budget(replace(TIGHT, **limits))
    return Observer(pool, Program(tuple(enumerate(cells, 1))), budget=budget)


def test_many_naps_take_no_longer_than_a_submission_may(tight: Pool) -> None:
    began = time.monotonic()
    naps = ["import time; time.sleep(0.4)"] * 50
    with budgeted(tight, *naps, "x = 1", submission_seconds=2.0) as observer:
        assert seen(observer, "program.x").status == "timeout"
        statuses = [cell.status for cell in observer.cells.values()]
    assert statuses[0] == "ok"
    assert statuses[-1] == "timeout"
    assert "more than 2 s" in observer.cells[50].failure.message
    assert time.monotonic() - began < 20


def test_what_starts_again_and_again_ends(tight: Pool) -> None:
    cells = ["import os\nif os.urandom(1)[0] < 200:\n    while True: pass"] * 12
    with budgeted(tight, *cells, submission_seconds=1.5) as observer:
        assert seen(observer, "1").status == "timeout"


def test_evidence_is_limited_all_together(tight: Pool) -> None:
    with budgeted(tight, "import numpy as np", evidence_mib=4) as observer:
        sizes = [seen(observer, "program.np.zeros(2**17)").status for _ in range(5)]
    assert sizes == ["ok"] * 3 + ["memory"] * 2  # each a MiB and a little


def test_small_parts_are_counted_as_what_they_take(tight: Pool) -> None:
    with budgeted(tight, "x = [[]] * 60_000", evidence_mib=4) as observer:
        assert seen(observer, "program.x").status == "memory"


def test_output_of_all_cells_is_limited(tight: Pool) -> None:
    with budgeted(tight, *["print('x' * 1000)"] * 9, output_chars=5000) as observer:
        observer.start()
        outputs = [cell.output for cell in observer.cells.values()]
    assert sum(output.count("x") for output in outputs) == 4996
    assert all("(cut" in output for output in outputs[4:])


# ------------------------------------------------------------------------------- templates, pools


def descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def test_a_pool_leaves_no_process_behind() -> None:
    before = descendants()
    with Pool(limits=TIGHT) as pool:
        children = [pool.fork("numpy") for _ in range(3)]
        during = descendants() - before
        assert {child.pid for child in children} <= during
    _, alive = psutil.wait_procs(alive_of(during), timeout=10)
    assert not alive


def test_templates_that_end_while_they_start_leave_no_process_behind() -> None:
    started = []
    for number in range(20):  # bubblewrap has two processes after some of these milliseconds
        with Pool(limits=TIGHT) as pool:
            pool.warm("numpy")
            (template,) = pool._templates.values()
            started.append(template._process.pid)
            time.sleep(0.0015 * number)
    left = [process for process in psutil.process_iter() if group_of(process.pid) in started]
    _, alive = psutil.wait_procs(left, timeout=10)  # what was killed may not be reaped yet
    assert not alive


def group_of(pid: int) -> int:
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid)
    return 0


def alive_of(pids: set[int]) -> list[psutil.Process]:
    alive = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may end just now
            alive.append(psutil.Process(pid))
    return alive


def test_fifty_forks_leak_no_descriptor_and_no_process(tight: Pool) -> None:
    tight.fork("numpy").close()
    process = psutil.Process()
    descriptors, processes = process.num_fds(), len(descendants())
    for _ in range(50):
        child = tight.fork("numpy")
        child.request("cell", 1.0, number=1, source="1")
        child.close()
    deadline = time.monotonic() + 20  # the template looks for ended children now and then
    while len(descendants()) > processes + 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert process.num_fds() <= descriptors + 5  # not 50
    assert len(descendants()) <= processes + 1


def test_an_end_by_a_signal_without_a_name_is_told() -> None:
    # Without isolation a process can signal itself, with any number.
    with Pool("none", TIGHT) as pool:
        with observer_of(pool, "import os\ndef f(): os.kill(os.getpid(), 40)") as observer:
            ended = seen(observer, "program.f()")
    assert ended.status == "died"
    assert "signal 40" in ended.failure.message


def test_a_killed_template_is_replaced() -> None:
    before = descendants()
    with Pool(limits=TIGHT) as pool:
        assert value(pool, "x = 1") == 1
        for process in alive_of(descendants() - before):
            with contextlib.suppress(psutil.NoSuchProcess):  # it goes with its parent
                process.kill()
        assert value(pool, "x = 2") == 2


def test_a_template_that_dies_under_a_program_is_no_verdict_on_it() -> None:
    before = descendants()
    with Pool(limits=TIGHT) as pool, observer_of(pool, "x = 1") as observer:
        assert seen(observer, "program.x").value == 1
        for process in alive_of(descendants() - before):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        with pytest.raises(SandboxError):
            assert seen(observer, "program.x").status == "ok"
            raise SandboxError("or it goes on as if nothing had been")


STARTS = """
import os, threading
from autograder.sandbox.limits import Limits
from autograder.sandbox.templates import Template

def open_and_close():
    while True:
        os.close(os.open(os.devnull, os.O_RDONLY))

for _ in range(4):
    threading.Thread(target=open_and_close, daemon=True).start()
for _ in range(100):
    Template.started("numpy", "none", Limits()).end_all()
"""


def test_templates_start_while_other_threads_open_and_close_files() -> None:
    # In a process of its own, whose low descriptors are free.
    done = subprocess.run([sys.executable, "-c", STARTS], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_template_that_another_slot_has_ended_is_the_sandboxs_failure() -> None:
    template = Template.started("numpy", "none", TIGHT)
    template.end_all()
    with pytest.raises(SandboxError, match="autograder doctor"):
        template.fork()


class RawTemplate:
    """A template process without a pool; gives its control socket, and what it tells."""

    def __init__(self, *modules: str, paths: list[Path]) -> None:
        self._control, theirs = socket.socketpair()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
        number = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.guest.template", *modules, str(number)],
            pass_fds=(number,),
            env=environment,
        )
        theirs.close()

    def __enter__(self) -> tuple[socket.socket, Callable[[], dict[str, Any]]]:
        self._lines = self._control.makefile("r")
        return self._control, lambda: json.loads(self._lines.readline())

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._control.close()
        self._process.kill()
        self._process.wait()


def test_a_template_with_a_thread_does_not_fork(tmp_path: Path) -> None:
    module = (
        "import threading, time\nt = threading.Thread(target=time.sleep, args=(60,), daemon=True)"
    )
    (tmp_path / "threaded.py").write_text(f"{module}\nt.start()\n")
    with RawTemplate("threaded", paths=[tmp_path, ROOT]) as (control, told):
        threads = told()["threads"]
        assert threads > 1
        ours, theirs = socket.socketpair()
        request = {"child": 1, "isolated": False, "memory": 0, "scratch": 0, "cpu_seconds": 1}
        socket.send_fds(control, [json.dumps(request).encode()], [theirs.fileno()])
        assert told() == {"child": 1, "error": f"{threads} threads before a fork"}
        ours.close()
        theirs.close()


def test_a_template_with_a_gpus_file_open_does_not_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    file = tmp_path / "nvidia0"
    (tmp_path / "opens.py").write_text(f"file = open({str(file)!r}, 'w')\n")
    with RawTemplate("opens", paths=[tmp_path, ROOT]) as (control, told):
        assert told()["ready"]
        ours, theirs = socket.socketpair()
        socket.send_fds(control, [json.dumps({"child": 1}).encode()], [theirs.fileno()])
        assert told() == {"child": 1, "error": f"{file} is open before a fork"}
        ours.close()
        theirs.close()


def test_a_module_that_is_not_there_is_a_fault_of_the_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from autograder.sandbox import environment

    monkeypatch.setitem(environment.MODULES, "numpy", ("no_such_module",))
    with Pool(limits=TIGHT) as pool, pytest.raises(SandboxError, match="no_such_module"):
        pool.fork("numpy")


def test_without_isolation_programs_run_and_limits_hold() -> None:
    with Pool("none", TIGHT) as pool:
        assert pool.isolation == "none"
        assert value(pool, "import os\nx = os.getpid()") > 1
        with observer_of(pool, f"def f():\n    {SPIN}") as observer:
            assert seen(observer, "program.f()").status == "timeout"


def test_a_child_that_is_asked_after_its_end_says_so(tight: Pool) -> None:
    child = tight.fork("numpy")
    child.kill()
    with pytest.raises(Stopped) as stopped:
        child.request("cell", 1.0, number=1, source="1")
    assert stopped.value.status == "died"
    child.close()


@pytest.mark.slow
def test_keras_computes_in_a_child() -> None:
    with Pool(limits=Limits(memory_mib=2048, cell_seconds=60)) as pool:
        cell = "from keras import ops\nx = float(ops.sum(ops.ones((3, 4)) @ ops.ones((4, 2))))"
        assert value(pool, cell) == 24.0
