"""Limits by cgroups, on files that look like the kernel's: few machines delegate them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.sandbox import child as child_module
from autograder.sandbox.cgroups import Groups, delegated
from autograder.sandbox.limits import MIB, Limits
from autograder.sandbox.pool import Pool
from autograder.sandbox.watch import Stopped

LIMITS = Limits(memory_mib=100, scratch_mib=10, threads=50)


def machine_with(
    root: Path, own: str = "0::/user.slice/run-1.scope\n", has: str = "cpu memory pids"
) -> Path:
    """A machine whose cgroup may be divided; returns the cgroup."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(own)
    top = root / "sys/fs/cgroup"
    group = top / own.strip().rpartition("::/")[2]
    group.mkdir(parents=True)
    for folder in {top, group}:
        (folder / "cgroup.controllers").write_text(f"{has}\n")
    (group / "cgroup.subtree_control").write_text("")
    return group


def test_a_delegated_cgroup_is_divided_from_a_leaf(tmp_path: Path) -> None:
    group = machine_with(tmp_path)
    assert delegated(tmp_path) is not None
    leaf = group / f"grader-{os.getpid()}"
    assert (leaf / "cgroup.procs").read_text() == str(os.getpid())
    assert (group / "cgroup.subtree_control").read_text() == "+memory +pids"


@pytest.mark.parametrize(
    "broken",
    ["version 1", "no controllers", "another version's line", "not empty"],
)
def test_elsewhere_there_is_none_and_nothing_is_left(tmp_path: Path, broken: str) -> None:
    group = machine_with(
        tmp_path,
        own="4:memory:/process\n" if broken == "another version's line" else "0::/a.scope\n",
        has="cpu" if broken == "no controllers" else "memory pids",
    )
    if broken == "version 1":
        (tmp_path / "sys/fs/cgroup/cgroup.controllers").unlink()
    if broken == "not empty":  # the kernel says EBUSY
        (group / "cgroup.subtree_control").unlink()
        (group / "cgroup.subtree_control").mkdir()
    assert delegated(tmp_path) is None
    if broken == "not empty":  # it went back
        assert (group / "cgroup.procs").read_text() == str(os.getpid())


def test_a_process_gets_limits_before_it_enters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    real = Path.write_text

    def write_text(path: Path, text: str, **how: str) -> int:
        written.append(path.name)
        return real(path, text, **how)

    monkeypatch.setattr(Path, "write_text", write_text)
    group = Groups(tmp_path).take(4321, LIMITS, 7 * MIB)
    assert group is not None
    (folder,) = tmp_path.iterdir()
    assert (folder / "memory.max").read_text() == str((7 + 100 + 10 + 64) * MIB)
    assert (folder / "pids.max").read_text() == "100"
    assert (folder / "cgroup.procs").read_text() == "4321"
    assert written[-1] == "cgroup.procs"
    assert "memory.swap.max" not in written  # this kernel has no such file


def test_kills_for_memory_are_counted(tmp_path: Path) -> None:
    group = Groups(tmp_path).take(1, LIMITS, 0)
    assert group is not None
    assert group.oom_kills == 0
    (folder,) = tmp_path.iterdir()
    (folder / "memory.events").write_text("low 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 0\n")
    assert group.oom_kills == 2


def test_what_has_ended_is_removed(tmp_path: Path) -> None:
    for name in (f"child-{os.getpid()}-1", f"child-{os.getpid() + 1}-1"):
        (tmp_path / name).mkdir()
    Groups(tmp_path).sweep()
    assert [path.name for path in tmp_path.iterdir()] == [f"child-{os.getpid() + 1}-1"]


def test_a_refusal_of_the_kernel_leaves_the_watch(tmp_path: Path) -> None:
    (tmp_path / f"child-{os.getpid()}-1").write_text("in the way")
    assert Groups(tmp_path).take(1, LIMITS, 0) is None


def test_a_child_that_the_kernel_killed_for_memory_used_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "delegated", lambda: Groups(tmp_path))
    with Pool() as pool:
        child = pool.fork("numpy")
        (folder,) = tmp_path.iterdir()
        assert (folder / "cgroup.procs").read_text() == str(child.pid)
        (folder / "memory.events").write_text("oom_kill 1\n")
        with pytest.raises(Stopped) as stopped:
            child.request("cell", 5.0, number=1, source="import os; os.abort()")
        assert stopped.value.status == "memory"
        assert "2048 MiB" in stopped.value.detail
        child.close()
