"""Which protections hold on this machine, tried one by one, and how to get the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.backends import DEFAULT, Backend
from autograder.errors import FaultError
from autograder.sandbox import gpu
from autograder.sandbox.bubblewrap import own_proc
from autograder.sandbox.cgroups import delegated
from autograder.sandbox.child import Child
from autograder.sandbox.limits import Limits
from autograder.sandbox.machine import Machine, obstacles, this_machine
from autograder.sandbox.pool import Pool
from autograder.sandbox.watch import Stopped
from autograder.wire.evidence import evidence_of

# Each attempt must fail in the sandbox: what holds then, and the attempt.
ATTEMPTS = {
    "the network is out of reach": "import socket; socket.socket()",
    "no other program can be started": "import subprocess; subprocess.run(['true'])",
    "no process can be left behind": "import os; os.fork()",
    "no other process can be seen": "import os; os.listdir('/proc/2')",
    "no other process can be signalled": "import os; os.kill(-1, 9)",
    "no other process can be traced": "import ctypes; assert ctypes.CDLL(None).ptrace(16, 2) == 0",
    "no privilege is left": "import ctypes; assert not ctypes.CDLL(None).unshare(0x10000000)",
    "the Python environment can't be written": "import sys; open(sys.prefix + '/x', 'w')",
    "the home folder is empty": "import os; os.listdir('/home')",
    "the grader's environment is hidden": "import os; os.environ['LOGNAME'], os.environ['PWD']",
    "memory is limited": "bytearray(2**36)",
    "files are limited": "open('/tmp/x', 'wb').truncate(2**30)",
    "open files are limited": "x = [open('/dev/null') for _ in range(2000)]",
    "computing is limited": "while True: pass",
}

# Must succeed on a GPU.
ON_GPU: dict[Backend, str] = {
    "tensorflow": """
import tensorflow as tf
with tf.device("/GPU:0"):
    x = tf.random.normal((256, 256))
    assert "GPU" in tf.linalg.matmul(x, x).device
""",
    "jax": """
import jax, jax.numpy as jnp
x = jnp.ones((256, 256), device=jax.devices("gpu")[0])
assert jnp.matmul(x, x).device.platform == "gpu"
""",
    "torch": """
import torch
x = torch.ones((256, 256), device="cuda")
assert torch.matmul(x, x).is_cuda
""",
}


@dataclass(frozen=True)
class Tried:
    """One thing that was tried: what it says of the machine, and what to do where it does not hold.

    `holds` is None where there is nothing that could hold.
    """

    holds: bool | None
    what: str
    advice: tuple[str, ...] = ()


def diagnose(backend: Backend = DEFAULT) -> Iterator[Tried]:
    """Try the sandbox, and a backend on GPUs; yield each thing as soon as it was tried."""
    machine = this_machine()
    if machine.bwrap:
        yield Tried(True, f"bubblewrap is installed ({machine.bwrap})")
    try:
        with Pool(limits=Limits(cell_seconds=1.0)) as pool:
            child = pool.fork("numpy")
            yield Tried(True, "namespaces, mounts and the system-call filter can be set up")
            for what, code in ATTEMPTS.items():
                yield Tried(_fails(child, code), what)
            child.close()
        yield _by_the_kernel()
    except FaultError as error:
        yield Tried(False, f"isolated processes can't be made: {error}", _advice(machine))
        return
    if not own_proc(machine.bwrap):
        # Submissions see none of it, as was just tried.
        what = "the sandbox makes do with the container's /proc (docs/cluster.md#the-image)"
        yield Tried(None, what)
    yield _memory(machine)
    found, problem = gpu.seen(os.environ, gpu.FILES)
    if not found:
        yield Tried(None, f"networks are trained on the CPU: no GPU is seen ({problem})")
    for each in found:
        yield _on_gpu(each, backend)


def _by_the_kernel() -> Tried:
    """Return whether the kernel limits a submission's memory and threads as well."""
    if delegated():
        return Tried(True, "the kernel limits memory and threads of each submission (cgroup v2)")
    return Tried(
        None,
        "no cgroup (version 2) is delegated: rlimits and the grader's watch alone limit memory",
        (
            "That is enough on the CPU. Beside a GPU, where only the watch can, let the kernel do "
            "it, too: `systemd-run --user --scope -p Delegate=yes autograder grade …`.",
        ),
    )


def _fails(child: Child, code: str) -> bool:
    """Return whether an attempt fails, as it must."""
    try:
        return bool(child.request("cell", 1.0, number=1, source=code)["status"] != "ok")
    except Stopped as stopped:
        return stopped.status in ("timeout", "memory")


def _memory(machine: Machine) -> Tried:
    """Return whether the machine has the memory that its slots may use."""
    slots, each = machine.cores, Limits().memory_mib
    template = 1024  # a template with TensorFlow, and what the grader itself takes
    size = f"memory of {machine.memory_mib} MiB is"
    if machine.memory_mib >= slots * each + template:
        return Tried(True, f"{size} enough for {slots} slots of {each} MiB")
    fewer = max(1, (machine.memory_mib - template) // each)
    what = f"{size} short for {slots} slots of {each} MiB: grade with `--jobs {fewer}`"
    return Tried(False, what)


def _on_gpu(one: gpu.Gpu, backend: Backend) -> Tried:
    """Return whether a GPU can be used in the sandbox."""
    what = f"{backend} can use the GPU {one.name} ({one.memory_mib} MiB) in the sandbox"
    try:
        gpus = gpu.Gpus([one], 1, gpu.FILES)
        with Pool(gpus=gpus) as pool, gpus.share() as share:
            child = pool.fork(backend, share)
            reply = child.request("cell", 60.0, number=1, source=ON_GPU[backend])
            evidence = evidence_of(reply)
    except (FaultError, Stopped) as error:
        return Tried(False, f"{what}: {error}")
    said = f": {evidence.failure.message}" if evidence.failure else ""
    return Tried(evidence.status == "ok", what + said)


def _advice(machine: Machine) -> tuple[str, ...]:
    """Return what stands in the way of isolation, each with what helps."""
    advice = [f"{what[0].upper()}{what[1:]}. {how}" for what, how in obstacles(machine)]
    if machine.system == "Linux":
        advice.append(
            "Code that you trust can be graded without isolation: `--isolation none`. Reports then "
            "say so."
        )
    return tuple(advice)
