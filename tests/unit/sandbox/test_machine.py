"""What `autograder doctor` says of machines that are not this one, from their own files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox.machine import Machine, obstacles, this_machine

GOOD = Machine("Linux", bwrap="/usr/bin/bwrap")
UBUNTU = {"proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"}
HARDENED = {"proc/sys/kernel/unprivileged_userns_clone": "0\n"}
NONE_LEFT = {"proc/sys/user/max_user_namespaces": "0\n"}
WSL1 = {"proc/version": "Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)"}
WSL2 = {"proc/version": "Linux version 5.15.153.1-microsoft-standard-WSL2"}


def machine(folder: Path, files: dict[str, str]) -> Machine:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return replace(this_machine(folder), system="Linux", bwrap="/usr/bin/bwrap")


@pytest.mark.parametrize(
    ("files", "seen", "remedy"),
    [
        (UBUNTU, "AppArmor", "apparmor_restrict_unprivileged_userns=0"),
        (HARDENED, "switched off", "kernel.unprivileged_userns_clone=1"),
        (NONE_LEFT, "switched off", "user.max_user_namespaces=15000"),
        (WSL1, "WSL 1", "wsl --set-version"),
        ({".dockerenv": ""}, "docker container", "--security-opt seccomp=unconfined"),
        ({"run/.containerenv": ""}, "podman container", "apparmor=unconfined"),
        ({"var/run/secrets/kubernetes.io/x": ""}, "kubernetes container", "appArmorProfile"),
        (WSL2, "a reason that its settings do not tell", "bwrap --unshare-all"),
        ({}, "a reason that its settings do not tell", "bwrap --unshare-all"),
    ],
    ids=["ubuntu", "hardened", "none left", "wsl1", "docker", "podman", "pod", "wsl2", "unknown"],
)
def test_what_stands_in_the_way_is_told_with_its_remedy(
    tmp_path: Path, files: dict[str, str], seen: str, remedy: str
) -> None:
    [(what, how)] = obstacles(machine(tmp_path, files))
    assert seen in what
    assert remedy in how


def test_several_obstacles_are_all_told(tmp_path: Path) -> None:
    found = obstacles(replace(machine(tmp_path, UBUNTU | {".dockerenv": ""}), bwrap=""))
    assert [what.split()[0] for what, _ in found] == ["bubblewrap", "this", "AppArmor"]
    assert "apt-get install bubblewrap" in found[0][1]


@pytest.mark.parametrize(("system", "name"), [("Darwin", "macOS"), ("Windows", "Windows")])
def test_other_systems_are_told_what_works_there(system: str, name: str) -> None:
    [(what, how)] = obstacles(replace(GOOD, system=system))
    assert what == f"this is {name}"
    assert "Isolation needs Linux" in how


def test_this_machine_is_read(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:       16384000 kB\nMemFree: 1 kB\n")
    assert this_machine(tmp_path).memory_mib == 16000
    assert this_machine().memory_mib > 500
    assert this_machine(tmp_path / "nothing").memory_mib == 0


@pytest.mark.parametrize(
    ("file", "text", "memory_mib"),
    [
        ("memory.max", "max", 16000),
        ("memory.max", str(3000 * 2**20), 3000),
        ("memory/memory.limit_in_bytes", str(3000 * 2**20), 3000),
        ("memory/memory.limit_in_bytes", str(2**63 - 4096), 16000),
    ],
)
def test_what_a_container_may_use_counts(
    tmp_path: Path, file: str, text: str, memory_mib: int
) -> None:
    files = {"proc/meminfo": "MemTotal:       16384000 kB\n", f"sys/fs/cgroup/{file}": f"{text}\n"}
    assert machine(tmp_path, files).memory_mib == memory_mib


V2, QUOTA, PERIOD = (
    f"sys/fs/cgroup/{name}" for name in ("cpu.max", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")
)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 64),
        ({V2: "max 100000\n"}, 64),
        ({V2: "250000 100000\n"}, 3),
        ({V2: "20000 100000\n"}, 1),
        ({V2: "9000000 100000\n"}, 64),
        ({QUOTA: "-1\n", PERIOD: "100000\n"}, 64),
        ({QUOTA: "400000\n", PERIOD: "100000\n"}, 4),
        ({QUOTA: "400000\n"}, 64),
    ],
)
def test_cores_are_as_many_as_this_process_may_use(
    tmp_path: Path, monkeypatch: Any, files: dict[str, str], cores: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    assert machine(tmp_path, files).cores == cores
