"""What a forked child does before student code: namespaces, mounts, limits, system-call filter.

Standard library only: the template process imports this.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import resource
from collections.abc import Collection, Iterator
from pathlib import Path

from autograder.guest import libc
from autograder.guest.seccomp import filter_system_calls

SCRATCH = "/tmp"
_THREADS = 2048  # at most so many start before CUDA's last one does

# In the order in which they are put on.  Each holds by itself (tests/unit/sandbox/test_layers.py):
# what one lets through, because of a mistake here or in the kernel, another stops.
LAYERS = ("namespaces", "mounts", "limits", "privileges", "system calls")


def isolate(
    memory: int | None,
    scratch: int,
    cpu_seconds: int,
    threads: int = 512,
    layers: Collection[str] = LAYERS,
    gpu: str = "",
) -> None:
    """Isolate the calling process: single-threaded, and the first of its pid namespace.

    Args:
        memory: Bytes of address space beyond what the template has mapped.  None where a GPU's
            driver maps more than any machine has; then only the watch from outside limits memory.
        scratch: Bytes of the fresh file system, the only place that it can write to.
        cpu_seconds: The kernel's own limit, behind those that the grader watches.
        threads: The kernel's own limit likewise: code can start thousands between two looks.
        layers: Those to put on; all of them except in tests.
        gpu: The name of the one GPU's file that stays in /dev, "" for none.

    Raises:
        OSError: The kernel refuses a layer.
        ValueError: A limit exceeds the inherited one.
    """
    mapped = _mapped_bytes()
    with contextlib.suppress(OSError):
        # If the machine runs out of memory, this process goes before the grader and its siblings.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")
    if "namespaces" in layers:
        _leave_namespaces()
    if "mounts" in layers:
        options = f"size={scratch},nr_inodes=4096,mode=700"
        libc.mount_tmpfs(SCRATCH, options, executable=False)
        if gpu:
            _keep_one_gpu(gpu)
        _replace_proc(cuda=bool(gpu))
        os.chdir(SCRATCH)
    if "limits" in layers:
        address_space = resource.RLIM_INFINITY if memory is None else mapped + memory
        _limit(address_space, scratch, cpu_seconds, threads)
    if "privileges" in layers:
        libc.drop_privileges()
    if "system calls" in layers:
        filter_system_calls(cuda=bool(gpu))


def _leave_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    libc.unshare(libc.NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="utf-8")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="utf-8")
    libc.unshare(libc.NEWNS | libc.NEWIPC | libc.NEWNET)
    libc.mount_privately()


@functools.cache
def proc_files() -> dict[str, bytes]:
    """Return what stays of /proc, by path: facts about the machine, none about processes.

    TensorFlow's first operation crashes without them.  The template calls this once, so that its
    children find it in the cache.
    """
    names = ("cpuinfo", "meminfo", "stat", "filesystems", "version")
    files = {name: Path("/proc", name).read_bytes() for name in names}
    return files | {"self/cmdline": b"python\0", "self/comm": b"python\n"}


@functools.cache
def driver_files() -> dict[str, bytes]:
    """Return what CUDA reads in /proc, by path: facts about the driver and the machine.

    The template calls this once, so that its children find it in the cache.
    """
    found = [Path("/proc", name) for name in ("devices", "modules", "sys/vm/mmap_min_addr")]
    for folder in ("driver/nvidia", "driver/nvidia-uvm"):
        found += Path("/proc", folder).rglob("*")
    files = {}
    for path in found:
        with contextlib.suppress(OSError):  # a folder, or not readable by everyone
            files[str(path.relative_to("/proc"))] = path.read_bytes()
    return files


def _replace_proc(*, cuda: bool) -> None:
    """Cover /proc, which shows the template and the siblings; a new one can't be mounted here."""
    files, executable = proc_files(), Path("/proc/self/exe").readlink()
    if cuda:
        own = {f"self/{name}": Path("/proc/self", name).read_bytes() for name in ("maps", "status")}
        files = files | driver_files() | own
    with _instead_of("/proc", "size=4m,nr_inodes=1024") as other:
        for name, content in files.items():
            Path(other, name).parent.mkdir(parents=True, exist_ok=True)
            Path(other, name).write_bytes(content)
        Path(other, "self/exe").symlink_to(executable)
        if cuda:
            Path(other, "1").symlink_to("self")
            _let_threads_be_named(Path(other, "self/task"))


def _let_threads_be_named(folder: Path) -> None:
    """Make a stand-in for /proc/self/task: CUDA names its threads there, or does not start.

    The process is the first one of its namespace, so its threads have the numbers that follow.
    """
    folder.mkdir()
    libc.mount_tmpfs(str(folder), f"size=2m,nr_inodes={2 * _THREADS + 16},mode=755")
    for number in range(1, _THREADS + 1):
        (folder / str(number)).mkdir()
        (folder / str(number) / "comm").touch()


def _keep_one_gpu(file: str) -> None:
    """Replace /dev by one without the other GPUs: student code could change a variable."""
    kept = [path.name for path in Path("/dev").iterdir()]
    with _instead_of("/dev", "size=64k,nr_inodes=64") as other:
        for name in kept:
            if name == file or not re.fullmatch(r"nvidia\d+", name):
                Path(other, name).touch()
                libc.bind(f"/dev/{name}", f"{other}/{name}")


@contextlib.contextmanager
def _instead_of(folder: str, options: str) -> Iterator[str]:
    """Yield an empty file system to fill, which then takes the folder's place, read-only."""
    other = f"{SCRATCH}/.other"
    Path(other).mkdir()
    libc.mount_tmpfs(other, f"{options},mode=755")
    yield other
    libc.remount_read_only(other)
    libc.move_mount(other, folder)
    Path(other).rmdir()


def _mapped_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _limit(address_space: int, file_size: int, cpu_seconds: int, threads: int) -> None:
    if _counts_by_namespace():
        resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))
    for what, value in (
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(what, (value, value))


def _counts_by_namespace() -> bool:
    """Return whether the kernel counts a user's threads for each user namespace (Linux 5.14).

    Before that, the limit would count what the grader's user runs elsewhere.
    """
    major, minor, *_ = os.uname().release.split(".")
    return (int(major), int(re.match(r"\d*", minor)[0] or 0)) >= (5, 14)  # type: ignore[index]
