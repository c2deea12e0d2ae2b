"""What a forked child does before student code: namespaces, mounts, limits, system-call filter.

Standard library only, because it runs in the template process.  Linux system calls that Python 3.11
does not offer are made through libc.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import platform
import re
import resource
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

NEWNS, NEWUSER, NEWPID = 0x00020000, 0x10000000, 0x20000000
NEWNET, NEWIPC = 0x40000000, 0x08000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_RDONLY, _MS_REMOUNT = 2, 4, 8, 1, 32
_MS_BIND, _MS_MOVE, _MS_REC, _MS_PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 38, 22, 4, 24
SCRATCH = "/tmp"

# In the order in which they are put on.  Each holds by itself (tests/unit/sandbox/test_layers.py):
# what one lets through, because of a mistake here or in the kernel, another stops.
LAYERS = ("namespaces", "mounts", "limits", "privileges", "system calls")

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(what: str, result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def unshare(flags: int) -> None:
    """Leaves the namespaces in `flags` for new ones."""
    _checked("unshare", _libc.unshare(flags))


def enter(namespace: int, kind: int) -> None:
    """Returns to the namespace behind an open descriptor."""
    _checked("setns", _libc.setns(namespace, kind))


def mount_tmpfs(target: str, options: str, flags: int = 0) -> None:
    """Mounts an empty memory file system over `target`."""
    flags |= _MS_NOSUID | _MS_NODEV
    _checked(
        f"mount {target}", _libc.mount(b"none", target.encode(), b"tmpfs", flags, options.encode())
    )


def isolate(
    memory: int | None,
    scratch: int,
    cpu_seconds: int,
    threads: int = 512,
    layers: Collection[str] = LAYERS,
    gpu: str = "",
) -> None:
    """Shuts the calling single-threaded process in; it must be the first of its pid namespace.

    Args:
        memory: bytes of address space beyond what the template has mapped; None where a GPU's
            driver maps more than any machine has, and the watch from outside has to do.
        scratch: bytes of the fresh file system that is all it can write to.
        cpu_seconds: a last limit, behind those that the grader watches.
        threads: a last limit as well; faster than the grader can look, some code starts thousands.
        layers: which to put on; all of them but in tests.
        gpu: the name of the one GPU's file in /dev that stays, "" for none.
    """
    mapped = _mapped_bytes()
    with contextlib.suppress(OSError):
        # Where the machine runs out of memory, this goes before the grader and its neighbours.
        Path("/proc/self/oom_score_adj").write_text("1000")
    if "namespaces" in layers:
        _leave_namespaces()
    if "mounts" in layers:
        mount_tmpfs(SCRATCH, f"size={scratch},nr_inodes=4096,mode=700", _MS_NOEXEC)
        if gpu:
            _keep_one_gpu(gpu)
        _replace_proc(cuda=bool(gpu))
        os.chdir(SCRATCH)
    if "limits" in layers:
        address_space = resource.RLIM_INFINITY if memory is None else mapped + memory
        _limit(address_space, scratch, cpu_seconds, threads)
    if "privileges" in layers:
        _drop_privileges()
    if "system calls" in layers:
        _filter_system_calls(cuda=bool(gpu))


def _leave_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    unshare(NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    unshare(NEWNS | NEWIPC | NEWNET)
    _checked("mount /", _libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None))


@functools.cache
def proc_files() -> dict[str, bytes]:
    """What is kept of /proc: facts about the machine that frameworks read, none about processes.

    TensorFlow's first operation crashes without them.  Called once in the template.
    """
    names = ("cpuinfo", "meminfo", "stat", "filesystems", "version")
    files = {name: Path("/proc", name).read_bytes() for name in names}
    return files | {"self/cmdline": b"python\0", "self/comm": b"python\n"}


@functools.cache
def driver_files() -> dict[str, bytes]:
    """What CUDA reads in /proc: facts about the driver and the machine.

    Called once in the template.
    """
    found = [Path("/proc", name) for name in ("devices", "modules", "sys/vm/mmap_min_addr")]
    for folder in ("driver/nvidia", "driver/nvidia-uvm"):
        found += Path("/proc", folder).rglob("*")
    files = {}
    for path in found:
        with contextlib.suppress(OSError):  # a folder, or nothing for everybody to read
            files[str(path.relative_to("/proc"))] = path.read_bytes()
    return files


def _replace_proc(*, cuda: bool) -> None:
    """Hides /proc, which shows the template and the siblings; a new one can't be mounted here."""
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
    """Makes what stands for /proc/self/task: CUDA names its threads there, or does not start.

    The process is the first one of its namespace, so that its threads have the numbers that follow.
    """
    folder.mkdir()
    mount_tmpfs(str(folder), f"size=2m,nr_inodes={2 * _NAMED + 16},mode=755")
    for number in range(1, _NAMED + 1):
        (folder / str(number)).mkdir()
        (folder / str(number) / "comm").touch()


def _keep_one_gpu(file: str) -> None:
    """Puts another /dev in place, which has no other GPU: a variable could be set otherwise."""
    kept = [path.name for path in Path("/dev").iterdir()]
    with _instead_of("/dev", "size=64k,nr_inodes=64") as other:
        for name in kept:
            if name == file or not re.fullmatch(r"nvidia\d+", name):
                Path(other, name).touch()
                _bind(f"/dev/{name}", f"{other}/{name}")


@contextlib.contextmanager
def _instead_of(folder: str, options: str) -> Iterator[str]:
    """An empty file system to fill, which then takes the folder's place, to be read only."""
    other = f"{SCRATCH}/.other"
    Path(other).mkdir()
    mount_tmpfs(other, f"{options},mode=755")
    yield other
    mount_tmpfs(other, "", _MS_REMOUNT | _MS_RDONLY)
    moved = _libc.mount(other.encode(), folder.encode(), None, _MS_MOVE, None)
    _checked(f"mount {folder}", moved)
    Path(other).rmdir()


def _bind(source: str, target: str) -> None:
    bound = _libc.mount(source.encode(), target.encode(), None, _MS_BIND, None)
    _checked(f"mount {source}", bound)


def _mapped_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


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
    """Whether the kernel counts a user's threads for each user namespace (Linux 5.14).

    Before that, the limit would count what the grader's user runs elsewhere.
    """
    major, minor, *_ = os.uname().release.split(".")
    return (int(major), int(re.match(r"\d*", minor)[0] or 0)) >= (5, 14)  # type: ignore[index]


def _drop_privileges() -> None:
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails past the last one
    header = struct.pack("<Ii", 0x20080522, 0)
    _checked("capset", _libc.capset(header, bytes(24)))
    _checked("no_new_privs", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked("dumpable", _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


# System calls that no exercise needs and that reach out of the process or into rarely used parts
# of the kernel: (x86_64, aarch64) numbers; -1 where an architecture has none.
#
# Why a list of what is denied: what TensorFlow, JAX, NumPy and their allocators call differs with
# versions and machines, and a call missing from a list of what is allowed would fail right answers.
# The list is closed towards the future: calls that are newer than it don't exist (_LAST_KNOWN).
_DENIED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "fsconfig": (431, 431),
    "fspick": (433, 433),
    "socket": (41, 198),
    "memfd_create": (319, 279),  # memory that no limit counts
    "memfd_secret": (447, 447),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_setup": (206, 0),
    "fanotify_init": (300, 262),
    "process_mrelease": (448, 448),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, -1),
    "vfork": (58, -1),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "kexec_file_load": (320, 294),
    "ioperm": (173, -1),
    "iopl": (172, -1),
    "modify_ldt": (154, -1),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "personality": (135, 92),
    "acct": (163, 89),
    # The CPU limit kills like the machine does when memory is short: no child may lower its own.
    "setrlimit": (160, 164),
    "syslog": (103, 116),
    "sync": (162, 81),  # waits for the disks of everybody
    "syncfs": (306, 267),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
}
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_CLONE = {"x86_64": 56, "aarch64": 220}
_FCNTL = {"x86_64": 72, "aarch64": 25}
_CLONE3 = 435
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_CLONE_THREAD = 0x00010000
_LAST_KNOWN = 466  # removexattrat, of Linux 6.13
# What CUDA does when it starts, and gives up where it can't: files in memory, each of them at most
# as large as the scratch, and sockets of the machine, of which a namespace has none but one's own.
_CUDA = ("memfd_create", "socket")
_NAMED = 2048  # threads that are started before the last one of CUDA's, at most
_AF_UNIX = 1
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38


def _filter_system_calls(*, cuda: bool) -> None:
    """Installs the deny list.  Threads may be made, processes not: what can't fork leaves nothing.

    Other architectures' calling conventions (32-bit ones, x32) end the process.
    """
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise OSError(f"No system-call filter for {machine}.")
    program = _bpf(machine, cuda)
    buffer = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    header = struct.pack("HxxxxxxP", count, ctypes.addressof(buffer))
    _checked("seccomp", _libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0))


def _bpf(machine: str, cuda: bool) -> bytes:
    load, equal, at_least, bits, give = 0x20, 0x15, 0x35, 0x45, 0x06
    column, architecture = _ARCHITECTURES[machine]

    def step(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("<HBBI", code, yes, no, k)

    program = [
        step(load, 4),  # seccomp_data.arch
        step(equal, architecture, 1, 0),
        step(give, _KILL),
        step(load, 0),  # seccomp_data.nr
        step(at_least, 0x40000000, 0, 1),  # the x32 calls
        step(give, _KILL),
        step(at_least, _LAST_KNOWN + 1, 0, 1),
        step(give, _ERRNO | _ENOSYS),
        step(equal, _CLONE3, 0, 1),  # its flags are out of a filter's sight; libc then uses clone
        step(give, _ERRNO | _ENOSYS),
        step(equal, _CLONE[machine], 0, 4),
        step(load, 16),  # its first argument: the flags
        step(bits, _CLONE_THREAD, 1, 0),
        step(give, _ERRNO | _EPERM),
        step(give, _ALLOW),
        step(equal, _PRLIMIT[machine], 0, 6),
        step(load, 32),  # its third argument, the new limits: a pointer, null where it only asks
        step(equal, 0, 0, 3),
        step(load, 36),  # the upper half
        step(equal, 0, 0, 1),
        step(give, _ALLOW),
        step(give, _ERRNO | _EPERM),
        # A lease on a file of the environment would stop whoever opens it, on the whole machine.
        step(equal, _FCNTL[machine], 0, 4),
        step(load, 24),  # its second argument: the command
        step(equal, fcntl.F_SETLEASE, 0, 1),
        step(give, _ERRNO | _EPERM),
        step(give, _ALLOW),
    ]
    if cuda:
        program += [
            step(equal, _DENIED["socket"][column], 0, 4),
            step(load, 16),  # its first argument: the family
            step(equal, _AF_UNIX, 0, 1),
            step(give, _ALLOW),
            step(give, _ERRNO | _EPERM),
        ]
    for name, numbers in _DENIED.items():
        if numbers[column] >= 0 and not (cuda and name in _CUDA):
            program += [step(equal, numbers[column], 0, 1), step(give, _ERRNO | _EPERM)]
    return b"".join([*program, step(give, _ALLOW)])
