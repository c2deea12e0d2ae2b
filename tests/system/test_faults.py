"""What the machine does to a grader: it costs no student a point, and the next run fixes it."""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.command import (
    CENTER_MEAN,
    CENTER_SUM,
    Write,
    files_of,
    grade_command,
    run_to_end,
    timeless,
    write_class,
)
from support.places import ROOT, TINY
from support.programs import observer_of, seen, submitted

from autograder.course.course import Course
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.results import record
from autograder.sandbox import watch
from autograder.sandbox.bubblewrap import SandboxError, bwrap_path
from autograder.sandbox.limits import Limits
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool

TIGHT = Limits(memory_mib=256, cell_seconds=2, wall_factor=1, wall_extra=2)
ANSWERS = [
    CENTER_MEAN,
    CENTER_SUM,
    "def center(X):\n    raise NotImplementedError()",
    "def center(X):\n    import os\n    os.abort()",
]


@pytest.fixture(scope="module")
def tight() -> Iterator[Pool]:
    with Pool(limits=TIGHT) as pool:
        yield pool


@pytest.fixture(scope="module")
def bare() -> Iterator[Pool]:
    """Without isolation: there a program can send itself what the machine can send it."""
    with Pool("none", TIGHT) as pool:
        yield pool


def pid_of(observer: Observer) -> int:
    assert observer._child is not None
    return observer._child.pid


@contextmanager
def signalled(observer: Observer, number: int, after: float = 0.3) -> Iterator[None]:
    """Sends a signal to an observer's child in a moment, while the body asks it something."""
    observer.start()
    pid = pid_of(observer)
    timer = threading.Timer(after, os.kill, (pid, number))
    timer.start()
    yield
    timer.join()


# -------------------------------------------------------------------- a child, ended from outside


def test_a_child_killed_from_outside_is_a_fault_and_the_next_question_is_answered(
    tight: Pool,
) -> None:
    with observer_of(tight, "import time\nx = 1") as observer:
        with signalled(observer, signal.SIGKILL), pytest.raises(SandboxError, match="killed"):
            seen(observer, "program.time.sleep(5)")
        assert seen(observer, "program.x").value == 1


def test_a_child_killed_in_a_cell_is_a_fault(tight: Pool) -> None:
    with observer_of(tight, "import time\ntime.sleep(1.5)") as observer:
        before = {
            child.pid for template in tight._templates.values() for child in template.children
        }

        def kill() -> None:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                for template in tight._templates.values():
                    for child in list(template.children):
                        if child.pid not in before:
                            time.sleep(0.2)
                            return os.kill(child.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(SandboxError, match="killed"):
            observer.start()
        killer.join()
        observer.start()
        assert observer.cells[1].status == "ok"


def test_a_child_halted_from_outside_is_a_fault(tight: Pool) -> None:
    with observer_of(tight, "import time") as observer:
        with signalled(observer, signal.SIGSTOP), pytest.raises(SandboxError, match="halted"):
            seen(observer, "program.time.sleep(1)", 0.5)


@pytest.mark.parametrize("name", "TERM HUP INT QUIT USR1 XCPU SEGV ABRT ALRM".split())
def test_no_other_signal_from_outside_reaches_a_child(tight: Pool, name: str) -> None:
    with observer_of(tight, "import time") as observer:
        with signalled(observer, getattr(signal, f"SIG{name}"), 0.05):
            evidence = seen(observer, "program.time.sleep(0.2)")
        assert evidence.status == "ok", evidence


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_without_isolation_a_death_that_does_not_happen_again_is_not_believed(
    bare: Pool, number: int
) -> None:
    with observer_of(bare, "import time") as observer, signalled(observer, number):
        assert seen(observer, "program.time.sleep(0.6)").status == "ok"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_without_isolation_a_program_that_kills_itself_each_time_has_died(
    bare: Pool, number: int
) -> None:
    suicide = f"import os\ndef f():\n    os.kill(os.getpid(), {number})"
    with observer_of(bare, suicide, "x = 1") as observer:
        evidence = seen(observer, "program.f()")
        assert evidence.status == "died"
        assert evidence.failure is not None
        assert signal.Signals(number).name in evidence.failure.message
        assert seen(observer, "program.x").value == 1


def test_without_isolation_a_kill_while_memory_was_short_is_a_fault(
    bare: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.sandbox import child

    counts = iter([0, *[1] * 99])
    monkeypatch.setattr(child, "oom_kills", lambda: next(counts))
    with observer_of(bare, "import os\ndef f():\n    os.kill(os.getpid(), 9)") as observer:
        with pytest.raises(SandboxError, match="out of memory"):
            seen(observer, "program.f()")


def test_the_kernels_count_of_kills_is_read() -> None:
    kept = Path("/proc/vmstat").read_text()
    assert watch.oom_kills() == int(re.search(r"^oom_kill (\d+)$", kept, re.M)[1])


@pytest.mark.parametrize("cell", ["os.abort()", "ctypes.string_at(0)"])
def test_a_cell_that_crashes_each_time_is_gone_round(tight: Pool, cell: str) -> None:
    with observer_of(tight, "import os, ctypes", cell, "x = 1") as observer:
        assert seen(observer, "program.x").value == 1
        assert observer.cells[2].status == "died"


@pytest.mark.parametrize("call", ["setrlimit(r, (1, 1))", "prlimit(0, r, (1, 1))"])
def test_a_child_cannot_change_the_limit_that_kills_like_the_machine(
    tight: Pool, call: str
) -> None:
    cell = f"import resource\nr = resource.RLIMIT_CPU\nresource.{call}"
    with observer_of(tight, cell, "x = resource.getrlimit(r)") as observer:
        assert seen(observer, "program.x[0]").value == TIGHT.total_cpu_seconds
        assert observer.cells[1].status == "raised"


def test_waiting_for_a_core_is_not_waiting(tight: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    monkeypatch.setattr(watch, "_queued_seconds", lambda pid: time.monotonic() - began)
    with observer_of(tight, "import time") as observer:
        assert seen(observer, "program.time.sleep(4)", 1.0).status == "ok"


# ------------------------------------------------------------------------------------- a template


def test_slots_that_lose_one_template_replace_it_once() -> None:
    with Pool(limits=TIGHT) as pool:
        pool.fork("numpy").close()
        for _ in range(2):
            template = pool._templates["numpy", False]
            template._process.kill()
            answers: list[str] = []

            def ask() -> None:
                with observer_of(pool, "x = 1") as observer:
                    try:
                        found = seen(observer, "program.x")
                    except SandboxError:  # forked in the milliseconds before the template was gone
                        found = seen(observer, "program.x")
                    answers.append(found.status)  # noqa: B023

            threads = [threading.Thread(target=ask) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert answers == ["ok"] * 6
            assert pool._templates["numpy", False] is not template


def test_a_template_that_is_gone_when_asked_for_a_child_leaves_nothing_open() -> None:
    with Pool(limits=TIGHT) as pool:
        pool.fork("numpy").close()
        template = pool._templates["numpy", False]
        template.end_all()
        for _ in range(3):
            with pytest.raises(SandboxError):
                template.fork()
        gc.collect()  # a socket that was only let go of warns here, and that fails the test


def test_without_isolation_a_replaced_template_is_no_verdict() -> None:
    with Pool("none", TIGHT) as pool, observer_of(pool, "import time") as observer:
        observer.start()
        template = pool._templates["numpy", False]
        timer = threading.Timer(0.3, template.end_all)
        timer.start()
        with pytest.raises(SandboxError):
            seen(observer, "program.time.sleep(5)")
        timer.join()
        assert seen(observer, "1").status == "ok"


def test_a_class_does_not_suffer_from_the_loss_of_the_references_process(
    lines: LoadedUnit, tight: Pool
) -> None:
    oracle = ReferenceOracle(lines, "secret", tight, EvidenceCache(None))
    trial = oracle.trial(lines.unit.exercises[0], lines.unit.exercises[0].checks[0])
    oracle.wanted(trial)
    os.kill(pid_of(oracle._hosts._clean[0]), signal.SIGKILL)
    results = [
        grade(submitted(lines, name, center=f"{CENTER_MEAN}\n# {name}"), oracle)
        for name in ("ada", "bob")
    ]
    oracle.close()
    assert results[-1].status == "graded"
    assert results[-1].points == 5


# ------------------------------------------------------------------------------- the whole command


def grading(course: Path, handed_in: Path, out: Path, *options: str) -> list[str]:
    """The command on two slots, with the course's own seed."""
    return grade_command(course, handed_in, out, "--jobs", "2", *options, seed=None)


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory, write_notebook: Write) -> Path:
    """Eight submissions, a quarter of which ends the process that runs it."""
    return write_class(write_notebook, tmp_path_factory.mktemp("in"), ANSWERS, 8)


@pytest.fixture(scope="module")
def quiet_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    tiny = TINY / "solutions" / "01_lines"
    shutil.copytree(tiny, folder / "solutions" / "01_lines")
    (folder / ".autograder").mkdir()
    (folder / ".autograder" / "seed").write_text("s\n")
    return folder


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, quiet_course: Path, handed_in: Path
) -> dict[str, bytes]:
    """What comes out where nothing happens."""
    out = tmp_path_factory.mktemp("whole") / "out"
    status, said = run_to_end(grading(quiet_course, handed_in, out, "--no-cache"))
    assert status == 0, said
    return files_of(out)


def within(arguments: list[str], *mounts: str) -> list[str]:
    """A command that sees the whole machine, but for some mounts."""
    bwrap = bwrap_path()
    assert bwrap is not None
    return [bwrap, "--dev-bind", "/", "/", *mounts, "--", *arguments]


@pytest.mark.slow
def test_a_full_disk_ends_the_class_with_a_message_and_keeps_what_is_graded(
    quiet_course: Path, handed_in: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    small, out = tmp_path / "small", tmp_path / "out"
    small.mkdir()
    words = grading(quiet_course, handed_in, small / "out", "--no-cache")
    script = f"{' '.join(words)}; echo status=$?; cp -r {small}/out {out}"
    half = str(sum(len(content) for name, content in whole.items() if "/" in name) // 2)
    _, said = run_to_end(within(["sh", "-c", script], "--size", half, "--tmpfs", str(small)))
    assert "status=2" in said, said
    assert "can't be written: No space left on device" in said
    assert "Traceback" not in said
    kept = [record.loads(path.read_text()) for path in out.rglob("*.json")]
    assert 0 < len(kept) < 8
    again = grading(quiet_course, handed_in, out, "--no-cache")
    status, said = run_to_end(again)
    assert (status, f"{len(kept)} of 8 were graded before" in said) == (0, True), said
    assert files_of(out) == whole


@pytest.mark.slow
def test_evidence_that_cannot_be_kept_changes_no_result(
    quiet_course: Path, handed_in: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    words = grading(quiet_course, handed_in, tmp_path / "out")
    small = ("--size", "8192", "--tmpfs", str(tmp_path / "cache"))
    status, said = run_to_end(within(words, *small), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert status == 0, said
    assert files_of(tmp_path / "out") == whole


@pytest.mark.slow
def test_a_cache_folder_that_cannot_be_written_changes_no_result(
    quiet_course: Path, handed_in: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    words = grading(quiet_course, handed_in, tmp_path / "out")
    status, said = run_to_end(words, XDG_CACHE_HOME="/dev/null/cache")
    assert status == 0, said
    assert files_of(tmp_path / "out") == whole


def test_an_unwritable_course_without_a_seed_is_a_message(
    lines_course: Path, handed_in: Path, tmp_path: Path
) -> None:
    words = grading(lines_course, handed_in, tmp_path / "out")
    status, said = run_to_end(within(words, "--ro-bind", str(lines_course), str(lines_course)))
    assert status == 2
    assert ".autograder" in said
    assert "--seed" in said
    assert "Traceback" not in said


def test_an_unwritable_folder_for_results_is_a_message(
    quiet_course: Path, handed_in: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    words = grading(quiet_course, handed_in, tmp_path / "out")
    place = str(tmp_path / "out")
    status, said = run_to_end(within(words, "--ro-bind", place, place))
    assert status == 2
    assert "Read-only file system" in said
    assert "Traceback" not in said


def test_output_that_cannot_be_printed_is_a_message(
    quiet_course: Path, handed_in: Path, tmp_path: Path
) -> None:
    one = handed_in / "student00.ipynb"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            grading(quiet_course, one, tmp_path / "out", "--no-cache"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / "class.csv").is_file()


JUMPY = """
import random, time
_real, _rng = time.time, random.Random(1)
time.time = lambda: _real() + _rng.choice((-1, 1)) * _rng.choice((0, 3600, 86400 * 400))
time.time_ns = lambda: int(1e9 * time.time())
"""


@pytest.mark.slow
def test_a_clock_that_jumps_changes_nothing(
    quiet_course: Path, handed_in: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(JUMPY)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    for name in ("out", "out"):  # the second finds the results of the first
        words = grading(quiet_course, handed_in, tmp_path / name)
        status, said = run_to_end(words, PYTHONPATH=path, XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert status == 0, said
    assert "8 of 8 were graded before" in said
    assert files_of(tmp_path / "out") == whole


@pytest.mark.slow
@pytest.mark.parametrize("spare_mib", [0, 4, 30])
def test_a_grader_without_memory_says_so_and_loses_nothing(
    quiet_course: Path,
    handed_in: Path,
    whole: dict[str, bytes],
    tmp_path: Path,
    spare_mib: int,
) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        grading(quiet_course, handed_in, out, "--no-cache"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while process.poll() is None and not list(out.rglob("*.json")):
        time.sleep(0.01)
    used = psutil.Process(process.pid).memory_info().vms
    limit = used + spare_mib * 2**20
    resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, limit))
    said, _ = process.communicate(timeout=120)
    assert process.returncode in (0, 1, 2), said
    assert "Traceback" not in said
    for path in out.rglob("*.json"):
        result = record.loads(path.read_text())
        assert (
            result.status == "fault"
            or timeless(path.read_bytes()) == whole[str(path.relative_to(out))]
        )
    status, said = run_to_end(grading(quiet_course, handed_in, out, "--no-cache"))
    assert status == 0, said
    assert files_of(out) == whole


@pytest.mark.slow
def test_a_killed_grader_slot_template_or_child_changes_no_result() -> None:
    script = [sys.executable, str(ROOT / "benchmarks" / "disturb.py")]
    done = subprocess.run(
        [*script, "--rounds", "4", "--students", "12"],
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rounds = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(rounds) == 4
    assert all(item["kills"] for item in rounds)


# ------------------------------------------------------------------------------------- small files


def test_a_seed_is_written_whole_or_not_at_all(course: Path, monkeypatch: Any) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    from autograder.course.course import CourseError

    with pytest.raises(CourseError, match="No space left"):
        Course(course).seed()
    monkeypatch.undo()
    assert not (course / ".autograder" / "seed").exists()
    seed = Course(course).seed()
    assert len(seed) == 32
    assert Course(course).seed() == seed
    assert (course / ".autograder" / "seed").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (course / ".autograder").iterdir()} == {".gitignore", "seed"}


def test_an_empty_seed_is_no_seed(course: Path) -> None:
    from autograder.course.course import CourseError

    (course / ".autograder").mkdir()
    (course / ".autograder" / "seed").write_text("\n")
    with pytest.raises(CourseError, match="is empty"):
        Course(course).seed()


def test_processes_that_make_a_seed_at_once_get_the_same(course: Path) -> None:
    code = f"from autograder.course.course import *; print(Course(Path({str(course)!r})).seed())"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in processes}) == 1


def test_what_a_killed_grader_was_writing_is_removed_later(tmp_path: Path) -> None:
    from autograder.batch.outbox import Outbox

    (tmp_path / "01_lines").mkdir()
    old, new = tmp_path / "01_lines" / ".writing-old", tmp_path / ".writing-new"
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (time.time() - 9999, time.time() - 9999))
    Outbox(tmp_path).open()
    assert not old.exists()
    assert new.exists()
