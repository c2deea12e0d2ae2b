"""`autograder doctor`: which protections hold on this machine, and how to get the rest."""

from __future__ import annotations

import os

from rich.console import Console

from autograder.backends import DEFAULT, Backend
from autograder.errors import FaultError
from autograder.sandbox import gpu
from autograder.sandbox.bubblewrap import own_proc
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


def diagnose(console: Console, backend: Backend = DEFAULT) -> int:
    """Tries the sandbox, and a backend on GPUs; prints what holds.

    Returns the exit status: 0 if all of it does.
    """
    machine = this_machine()
    if machine.bwrap:
        _say(console, True, f"bubblewrap is installed ({machine.bwrap})")
    try:
        with Pool(limits=Limits(cell_seconds=1.0)) as pool:
            child = pool.fork("numpy")
            _say(console, True, "namespaces, mounts and the system-call filter can be set up")
            held = [_holds(console, child, what, code) for what, code in ATTEMPTS.items()]
            child.close()
    except FaultError as error:
        _say(console, False, f"isolated processes can't be made: {error}")
        _advise(console, machine)
        return 1
    if not own_proc(machine.bwrap):
        # Submissions see none of it, as was just tried.
        _say(
            console,
            None,
            "the sandbox makes do with the container's /proc (docs/cluster.md#the-image)",
        )
    held.append(_enough_memory(console, machine))
    held.append(_gpus(console, backend))
    return 0 if all(held) else 1


def _holds(console: Console, child: Child, what: str, code: str) -> bool:
    try:
        reply = child.request("cell", 1.0, number=1, source=code)
        holds = bool(reply["status"] != "ok")
    except Stopped as stopped:
        holds = stopped.status in ("timeout", "memory")
    _say(console, holds, what)
    return holds


def _enough_memory(console: Console, machine: Machine) -> bool:
    """Whether the machine has the memory that its slots may use."""
    slots, each = machine.cores, Limits().memory_mib
    template = 1024  # a template with TensorFlow, and what the grader itself takes
    enough = machine.memory_mib >= slots * each + template
    _say(
        console,
        enough,
        f"memory of {machine.memory_mib} MiB is enough for {slots} slots of {each} MiB"
        if enough
        else f"memory of {machine.memory_mib} MiB is short for {slots} slots of {each} MiB: "
        f"grade with `--jobs {max(1, (machine.memory_mib - template) // each)}`",
    )
    return enough


def _gpus(console: Console, backend: Backend) -> bool:
    """Whether each GPU that is seen can be used in the sandbox; none is no failure."""
    found, problem = gpu.seen(os.environ, gpu.FILES)
    if not found:
        _say(console, None, f"networks are trained on the CPU: no GPU is seen ({problem})")
    held = []
    for each in found:
        size = f"{each.memory_mib} MiB"
        what = f"{backend} can use the GPU {each.name} ({size}) in the sandbox"
        try:
            gpus = gpu.Gpus([each], 1, gpu.FILES)
            with Pool(gpus=gpus) as pool, gpus.share() as share:
                child = pool.fork(backend, share)
                reply = child.request("cell", 60.0, number=1, source=ON_GPU[backend])
                evidence = evidence_of(reply)
                held.append(evidence.status == "ok")
                said = f": {evidence.failure.message}" if evidence.failure else ""
                _say(console, held[-1], what + said)
        except (FaultError, Stopped) as error:
            held.append(False)
            _say(console, False, f"{what}: {error}")
    return all(held)


def _advise(console: Console, machine: Machine) -> None:
    """Says what stands in the way."""
    for what, how in obstacles(machine):
        console.print(f"    {what[0].upper()}{what[1:]}. {how}", markup=False, soft_wrap=True)
    if machine.system != "Linux":
        return
    console.print(
        "    Code that you trust can be graded without isolation: `--isolation none`. Reports then "
        "say so.",
        markup=False,
        soft_wrap=True,
    )


def _say(console: Console, holds: bool | None, what: str) -> None:
    """One line; None where there is nothing that could hold."""
    mark = "--  " if holds is None else "ok  " if holds else "NO  "
    console.print(mark, what, markup=False, soft_wrap=True)
