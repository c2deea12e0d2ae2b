"""GPUs without one: what is seen of them, who gets which, and what gets into the sandbox.

A script answers for `nvidia-smi`, links to /dev/null for device files; the rest is real.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.places import ROOT

from autograder.batch import cluster_worker
from autograder.cli.main import USAGE
from autograder.course.course import Course
from autograder.course.unit import LoadedUnit
from autograder.errors import FaultError
from autograder.grading.cache import EvidenceCache
from autograder.grading.grade import _blames_neighbours, grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.guest import accelerator
from autograder.results import record
from autograder.results.result import ExerciseResult, Finding, Result
from autograder.sandbox import gpu
from autograder.sandbox.bubblewrap import SandboxError, command
from autograder.sandbox.diagnosis import ATTEMPTS, diagnose
from autograder.sandbox.gpu import Gpu, GpuError, Gpus, asked_for, seen
from autograder.sandbox.limits import Limits
from autograder.sandbox.pool import Pool
from autograder.sandbox.watch import Stopped
from autograder.submissions.submission import find, outline

TWO = [Gpu(f"GPU-{n}{n}{n}-e5", "NVIDIA L4", n, 20_000) for n in (0, 1)]
ONE_XML = """<gpu id="00000000:0{n}:00.0"><product_name>NVIDIA L4</product_name>
<mig_mode><current_mig>{mig}</current_mig></mig_mode>
<uuid>GPU-{n}{n}{n}-e5</uuid><minor_number>{n}</minor_number>
<fb_memory_usage><total>20000 MiB</total><used>1 MiB</used></fb_memory_usage></gpu>"""


def answer(*numbers: int, mig: str = "Disabled") -> str:
    gpus = "".join(ONE_XML.format(n=n, mig=mig) for n in numbers)
    return f'<?xml version="1.0" ?><nvidia_smi_log>{gpus}</nvidia_smi_log>'


@pytest.fixture
def machine(tmp_path: Path) -> Any:
    """An environment and a /dev with what a driver puts there."""

    def made(said: str = answer(0, 1), files: bool = True, **variables: str) -> Any:
        program, devices = tmp_path / "bin" / "nvidia-smi", tmp_path / "dev"
        for folder in (program.parent, devices):
            folder.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\n", encoding="utf-8")
        program.chmod(0o755)
        names = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia0", "nvidia1")
        for name in names if files else ():
            (devices / name).symlink_to("/dev/null")
        return {"PATH": f"{program.parent}:/bin:/usr/bin", **variables}, devices

    return made


def test_gpus_are_those_of_the_driver(machine: Any) -> None:
    assert seen(*machine()) == (TWO, "")


@pytest.mark.parametrize(
    ("visible", "numbers"),
    [("1", [1]), ("1,0", [1, 0]), ("GPU-111", [1]), ("0,7,1", [0]), ("0,0", [0])],
)
def test_what_is_visible_to_cuda_is_taken(machine: Any, visible: str, numbers: list[int]) -> None:
    assert seen(*machine(CUDA_VISIBLE_DEVICES=visible)) == ([TWO[n] for n in numbers], "")


@pytest.mark.parametrize(
    ("said", "files", "variables", "problem"),
    [
        (answer(), True, {}, "lists none"),
        ("NVIDIA-SMI has failed", True, {}, "but: NVIDIA-SMI has failed"),
        (answer(0), True, {"PATH": "/nowhere"}, "is not on the PATH"),
        (answer(0), True, {"CUDA_VISIBLE_DEVICES": "-1"}, "`CUDA_VISIBLE_DEVICES=-1` hides"),
        (answer(0), True, {"CUDA_VISIBLE_DEVICES": ""}, "`CUDA_VISIBLE_DEVICES=` hides"),
        (answer(0, mig="Enabled"), True, {}, "MIG"),
        (answer(0), False, {}, "nvidia0 is missing"),
    ],
)
def test_why_no_gpu_is_seen(
    machine: Any, said: str, files: bool, variables: dict[str, str], problem: str
) -> None:
    environment, devices = machine(said, files)
    found, why = seen({**environment, **variables}, devices)
    assert found == []
    assert problem in why


def test_a_gpu_that_is_asked_for_must_be_there(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GpuError, match=r"no GPU is seen: `nvidia-smi`.* `--device cpu`"):
        asked_for("gpu", 1)
    assert asked_for("auto", 1) is None


def test_slots_are_spread_over_gpus_and_wait_for_a_share() -> None:
    gpus = Gpus(TWO, slots_per_gpu=2)
    assert gpus.slots == 4
    with ExitStack() as stack:
        shares = [stack.enter_context(gpus.share()) for _ in range(3)]
        assert sorted(share.gpu.minor for share in shares) == [0, 0, 1]
        last = gpus.share()
        assert last.__enter__().gpu.minor == 1
        got = threading.Event()

        def fifth() -> None:
            with gpus.share() as share:
                assert share.gpu.minor == 1
                got.set()

        waiting = threading.Thread(target=fifth)
        waiting.start()
        assert not got.wait(0.2)
        last.__exit__(None, None, None)
        waiting.join(10)
        assert got.is_set()


def test_a_slot_that_wants_a_gpu_alone_waits_for_the_others_and_keeps_them_out() -> None:
    gpus = Gpus(TWO[:1], slots_per_gpu=2)
    other = gpus.share()
    order, began = [], threading.Event()
    assert not other.__enter__().alone

    def alone() -> None:
        began.set()
        with gpus.alone() as share:
            assert share.alone
            assert share.memory_mib == int(0.45 * TWO[0].memory_mib)
            order.append("alone")
            late.start()
            late.join(0.3)  # in vain: it waits
            order.append("done")

    def shares() -> None:
        with gpus.share():
            order.append("shares")

    first, late = threading.Thread(target=alone), threading.Thread(target=shares)
    first.start()
    began.wait(10)
    first.join(0.2)
    assert order == []
    other.__exit__(None, None, None)
    first.join(10)
    late.join(10)
    assert order == ["alone", "done", "shares"]


def test_gpus_that_are_wanted_alone_are_different_ones() -> None:
    gpus = Gpus(TWO, slots_per_gpu=2)
    with gpus.alone() as one, gpus.alone() as other:
        assert {one.gpu, other.gpu} == set(TWO)
    with ExitStack() as stack:
        shares = [stack.enter_context(gpus.share()) for _ in range(4)]
        assert len({share.gpu for share in shares}) == 2


def test_the_processes_of_all_slots_fit_into_a_gpus_memory() -> None:
    for slots in (1, 2, 5):
        with Gpus(TWO, slots).share() as share:
            assert 2 * slots * share.memory_mib <= 0.9 * TWO[0].memory_mib
            assert share.request()["fraction"] == pytest.approx(0.9 / (2 * slots), abs=1e-3)


def test_only_a_template_for_gpus_has_their_files_and_settings(tmp_path: Path) -> None:
    plain = command("tensorflow", "namespaces").words
    assert not [word for word in plain if "nvidia" in word.lower()]
    words = command("tensorflow", "namespaces", Gpus(TWO, 1, tmp_path)).words
    for name in ("nvidiactl", "nvidia-uvm", "nvidia0", "nvidia1"):
        at = words.index(f"/dev/{name}")
        assert words[at - 2 : at] == ["--dev-bind", str(tmp_path / name)]
    settings = dict(pairwise(words))
    for words_of in (plain, words):  # the template itself sees none
        assert words_of[words_of.index("CUDA_VISIBLE_DEVICES") + 1] == "-1"
    assert settings["NVIDIA_TF32_OVERRIDE"] == "0"
    assert settings["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.parametrize("isolation", ["namespaces", "none"])
def test_a_driver_that_only_a_variable_leads_to_is_found(
    tmp_path: Path, monkeypatch: Any, isolation: Any
) -> None:
    (tmp_path / "libcuda.so.1").touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", f":/nowhere:{tmp_path}")
    template = command("tensorflow", isolation, Gpus(TWO))
    pairs = list(pairwise(template.words))
    if isolation == "none":
        assert template.environment["LD_LIBRARY_PATH"] == str(tmp_path)
    else:
        assert ("LD_LIBRARY_PATH", str(tmp_path)) in pairs
    assert (("--ro-bind", str(tmp_path)) in pairs) == (isolation != "none")
    without = command("tensorflow", isolation)
    assert str(tmp_path) not in " ".join(without.words)
    assert isolation != "none" or "LD_LIBRARY_PATH" not in without.environment
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    template = command("tensorflow", isolation, Gpus(TWO))
    assert "LD_LIBRARY_PATH" not in template.words
    assert isolation != "none" or "LD_LIBRARY_PATH" not in template.environment


XLA_COMPILES = {
    "tensorflow": "import tensorflow as tf\n"
    "tf.function(lambda x: x + 1, jit_compile=True)(tf.ones(2))",
    "jax": "import jax; jax.jit(lambda x: x + 1)(jax.numpy.ones(2))",
}


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_xla_knows_what_it_is_told_on_gpus(backend: Any) -> None:
    """A flag that it does not know ends the process, on a CPU too."""
    environment = command(backend, "none", Gpus(TWO)).environment
    flags = environment["XLA_FLAGS"]
    assert "fallback_to_driver" in flags
    assert ("multi_thread_eigen" in flags) == (backend == "jax")
    done = subprocess.run(
        [sys.executable, "-c", XLA_COMPILES[backend]],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


LOOK = """
import os, resource
seen = sorted(name for name in os.listdir("/dev") if "nvidia" in name)
usual = sorted(name for name in os.listdir("/dev") if "nvidia" not in name)
for name in seen + usual:
    open(f"/dev/{name}", "rb").close()
try:
    open("/dev/x", "w")
except OSError:
    seen.append("read-only")
names = ("CUDA_VISIBLE_DEVICES", "XLA_PYTHON_CLIENT_MEM_FRACTION")
print(seen, usual, *(os.environ.get(name) for name in names))
print(resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY, os.listdir("/tmp"))
"""


def test_a_child_sees_its_own_gpu_and_another_child_none(machine: Any) -> None:
    _, devices = machine()
    gpus = Gpus(TWO, 1, devices)
    with Pool(gpus=gpus) as pool, gpus.share(), gpus.share() as share:
        assert share.gpu.minor == 1
        with_gpu = pool.fork("numpy", share)
        without = pool.fork("numpy")
        usual = "['full', 'null', 'random', 'urandom', 'zero']"
        said = with_gpu.request("cell", 5.0, number=1, source=LOOK)["output"].splitlines()
        own = "['nvidia-uvm', 'nvidia-uvm-tools', 'nvidia1', 'nvidiactl', 'read-only']"
        assert said == [f"{own} {usual} GPU-111-e5 0.45", "True []"]
        said = without.request("cell", 5.0, number=1, source=LOOK)["output"].splitlines()
        assert said == [f"['read-only'] {usual} -1 None", "False []"]
        with_gpu.close()
        without.close()


def test_beside_a_gpu_all_else_is_denied(machine: Any) -> None:
    _, devices = machine()
    gpus = Gpus(TWO[1:], 1, devices)
    limits = Limits(cell_seconds=1.0)
    with Pool(gpus=gpus, limits=limits) as pool, gpus.share() as share:
        for what, code in ATTEMPTS.items():
            if what == "memory is limited":  # by address space, elsewhere
                continue
            child = pool.fork("numpy", share)
            try:
                assert child.request("cell", 1.0, number=1, source=code)["status"] != "ok", what
            except Stopped as stopped:
                assert (what, stopped.status) == ("computing is limited", "timeout")
            child.close()


def test_a_template_that_has_opened_a_gpu_is_noticed(tmp_path: Path) -> None:
    before = accelerator.opened()
    with (tmp_path / "nvidia0").open("w"):
        assert accelerator.opened() == [*before, str(tmp_path / "nvidia0")]


@pytest.mark.slow
def test_a_gpu_that_the_framework_does_not_see_is_the_graders_fault(machine: Any) -> None:
    _, devices = machine()
    gpus = Gpus(TWO, 1, devices)
    with (
        Pool(gpus=gpus) as pool,
        gpus.share() as share,
        pytest.raises(SandboxError, match=r"The GPU can't be used: libcuda\.so\.1: cannot"),
    ):
        pool.fork("tensorflow", share)


# What the driver's library is known to do when it starts (nono #673, OpenShell #1696, snapd's
# interface `opengl`); where anything of that fails it gives 304, "OS call failed".
LIBCUDA = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
static void *wait_for_end(void *none) { pause(); return none; }
static int opens(const char *path, int how) {
    int file = open(path, how);
    if (file < 0) return 0;
    close(file);
    return 1;
}
int cuInit(unsigned flags) {
    const char *read[] = {"/proc/devices", "/proc/self/maps", "/proc/self/status", "/proc/cpuinfo",
        "/proc/sys/vm/mmap_min_addr", "/sys/devices/system/cpu/online"};
    const char *used[] = {
        "/dev/nvidiactl", "/dev/nvidia1", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"};
    for (int i = 0; i < 6; i++) if (!opens(read[i], O_RDONLY)) return 304;
    for (int i = 0; i < 4; i++) if (!opens(used[i], O_RDWR)) return 304;
    for (int i = 0; i < 8; i++) {
        pthread_t thread;
        if (pthread_create(&thread, 0, wait_for_end, 0)) return 304;
        if (pthread_setname_np(thread, "cuda-EvtHandlr")) return 304;
    }
    int memory = memfd_create("cuda", MFD_CLOEXEC);
    if (memory < 0 || ftruncate(memory, 1 << 21)) return 304;
    if (mmap(0, 1 << 21, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0) == MAP_FAILED) return 304;
    struct sockaddr_un name = {AF_UNIX};
    strcpy(name.sun_path + 1, "cuda-uvmfd-1");
    int talk = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (talk < 0 || bind(talk, (struct sockaddr *)&name, 32) || listen(talk, 16)) return 304;
    return 0;
}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")
def test_what_cuda_does_when_it_starts_is_let_be_done(machine: Any, monkeypatch: Any) -> None:
    _, devices = machine()
    with tempfile.TemporaryDirectory(dir=sys.prefix) as folder:  # the sandbox has a /tmp of its own
        compiler = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", f"{folder}/libcuda.so.1"]
        subprocess.run(compiler, input=LIBCUDA, text=True, check=True)
        monkeypatch.setenv("LD_LIBRARY_PATH", folder)
        # With all of it, the library starts, and TensorFlow wants more of it than there is.
        assert "tensorflow: it lists none" in why_not(Gpus(TWO[1:], 1, devices))
        assert "cuInit gives 304" in why_not(Gpus(TWO[:1], 1, devices))  # it opens the other one


def why_not(gpus: Gpus) -> str:
    with Pool(gpus=gpus) as pool, gpus.share() as share, pytest.raises(SandboxError) as raised:
        pool.fork("tensorflow", share)
    return str(raised.value)


@pytest.mark.slow
def test_doctor_says_that_a_gpu_can_not_be_used(machine: Any, monkeypatch: Any) -> None:
    environment, devices = machine(answer(1))
    monkeypatch.setenv("PATH", environment["PATH"])
    monkeypatch.setattr(gpu, "FILES", devices)
    (tried,) = [one for one in diagnose() if "GPU" in one.what]
    assert tried.holds is False
    what = "tensorflow can use the GPU NVIDIA L4 (20000 MiB) in the sandbox: "
    assert tried.what.startswith(what)
    assert "libcuda.so.1: cannot open" in tried.what


def test_tensorflow_is_beside_another_backend_where_it_is_installed(monkeypatch: Any) -> None:
    assert "tensorflow" in command("torch", "none").words
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "tensorflow" not in command("torch", "none").words
    assert "tensorflow" in command("tensorflow", "none").words  # and says there that it is missing


def test_only_submissions_that_train_in_a_framework_get_a_share() -> None:
    course = Course.find(ROOT)
    gpus = Gpus(TWO)
    for unit, wants in [
        ("01_two_layer_network", False),  # trains in NumPy
        ("06_convolution_lenet_alexnet", True),
        ("09_yolo", True),
        ("12_gru_lstm", True),
    ]:
        for given in (gpus, None):
            with Pool(gpus=given) as pool:
                oracle = ReferenceOracle(course.load(unit), "s", pool, EvidenceCache(None))
                assert oracle.wants_gpu(oracle.loaded.reference) == (wants and given is not None)
                oracle.close()


PLACES = """
import os, sys, keras
from tensorflow.python.eager import context
from autograder.guest import worker
from autograder.guest.accelerator import MARK

def place():
    return context.context().device_name or "anywhere"

print(place())
for gpu in (False, True):
    with worker.placed(gpu=gpu):
        print(place())
    os.environ[MARK] = "GPU-0"
    with worker.placed(gpu=gpu):
        print(place())
    del os.environ[MARK]
"""


@pytest.mark.slow
def test_beside_a_gpu_all_but_training_is_placed_on_the_cpu() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLACES],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    first, *rest = done.stdout.split()
    assert [word == first for word in rest] == [True, False, True, True]
    assert "CPU:0" in rest[1]


@pytest.mark.parametrize(
    "words", [["grade", "."], ["regrade", "."], ["nbgrade", "01_lines"]], ids=lambda words: words[0]
)
def test_a_device_that_can_not_be_had_is_told(
    lines_course: Path, tmp_path: Path, words: list[str]
) -> None:
    words = [*words, "--course", str(lines_course), "--device", "gpu"]
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *words],
        cwd=tmp_path,
        env={**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == USAGE
    assert "no GPU is seen" in done.stderr


# ----------------------------------------------------------------------------- beside neighbours

# What a slot may have of its GPU's memory, as a share; without neighbours it is twice as much.
MINE = 'float(__import__("os").environ["XLA_PYTHON_CLIENT_MEM_FRACTION"])'
RIGHT = "return X - X.mean(axis=1, keepdims=True)"


@pytest.mark.parametrize(
    ("body", "verdict", "times"),
    [
        (RIGHT, "passed", 1),
        (f"if {MINE} < 0.3: raise MemoryError\n    {RIGHT}", "passed", 2),
        ("raise MemoryError", "memory", 2),
        ("return X", "failed", 1),
        ("raise ValueError", "raised", 1),
    ],
)
def test_what_neighbours_on_a_gpu_may_be_to_blame_for_is_tried_without_them(
    lines: LoadedUnit,
    machine: Any,
    monkeypatch: Any,
    tmp_path: Path,
    write_notebook: Any,
    body: str,
    verdict: str,
    times: int,
) -> None:
    _, devices = machine()
    # Nothing of NumPy trains there but here, where no framework could.
    monkeypatch.setattr(
        ReferenceOracle, "wants_gpu", lambda oracle, _: oracle.pool.gpus is not None
    )
    path = write_notebook(tmp_path / "ada.ipynb", center=f"def center(X):\n    {body}")
    ((submission,), _) = find([path], {lines.name: outline(lines)}, lines.name)
    gpus = Gpus(TWO, 2, devices)
    shares = []

    def share(*of: Any) -> Any:
        shares.append(Gpus._share(gpus, *of))
        return shares[-1]

    monkeypatch.setattr(gpus, "_share", share)
    with Pool(gpus=gpus) as pool:
        oracle = ReferenceOracle(lines, "s", pool, EvidenceCache(None))
        result = grade(submission, oracle)
        oracle.close()
    assert [share.alone for share in shares] == [False, True][:times]
    finding = result.exercises[0].findings[0]
    assert finding.verdict == verdict
    if finding.verdict == "memory":
        assert finding.expected == "At most 2048 MiB of memory, and 9000 MiB of the GPU's."


def test_where_a_network_was_trained_an_error_may_be_a_neighbours() -> None:
    unit = Course.find(ROOT).load("09_yolo").unit
    found = {
        check.judge.trains: (exercise.name, check.name)
        for exercise in unit.exercises
        for check in exercise.checks
    }
    for trained, verdict, blames in [
        (True, "raised", True),
        (False, "raised", False),
        (True, "failed", False),
        (False, "timeout", True),
    ]:
        exercise, check = found[trained]
        finding = Finding(check, "", verdict, 0, 1)  # type: ignore[arg-type]
        result = Result(
            "ada", "09_yolo", "graded", 0, 1, (ExerciseResult(exercise, 0, 1, (finding,)),)
        )
        assert _blames_neighbours(result, unit) is blames


# ----------------------------------------------------------------------------- workers of a cluster


def test_shares_of_a_worker_are_spread_over_its_gpus(machine: Any, monkeypatch: Any) -> None:
    environment, devices = machine()
    monkeypatch.setenv("PATH", environment["PATH"])
    monkeypatch.setattr(gpu, "FILES", devices)
    for shares, slots in [(1, 1), (2, 1), (3, 2), (8, 4)]:
        given = cluster_worker._gpus(shares)
        assert given is not None and given.slots == 2 * slots
    assert cluster_worker._gpus(0) is None


def test_a_worker_without_the_gpu_that_it_was_started_with_is_the_graders_fault(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FaultError, match=r"`--resources GPU=2` sees none: `nvidia-smi`"):
        cluster_worker._gpus(2)


def test_a_worker_trains_on_its_gpu_what_is_to_be_trained_there(
    order: dict[str, Any], machine: Any, monkeypatch: Any
) -> None:
    environment, devices = machine(CUDA_VISIBLE_DEVICES="1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(gpu, "FILES", devices)
    monkeypatch.setattr(cluster_worker, "_shares", lambda: 1)
    # Nothing of NumPy trains there but here, where no framework could.
    monkeypatch.setattr(
        ReferenceOracle, "wants_gpu", lambda oracle, _: oracle.pool.gpus is not None
    )
    for on_gpu, device in [(True, "gpu: NVIDIA L4"), (False, "cpu")]:
        answer = cluster_worker.graded(json.dumps(order | {"on_gpu": on_gpu}).encode())
        assert record.loads(answer.decode()).device == device
