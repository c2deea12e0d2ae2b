"""The system-call filter: a deny list, and the BPF program that enforces it.

Standard library only: the template process imports this.
"""

from __future__ import annotations

import fcntl
import platform
import struct

from autograder.guest import libc

# System calls that no exercise needs and that reach out of the process or into rarely used parts
# of the kernel: (x86_64, aarch64) numbers; -1 where an architecture has none.
#
# Why a deny list: what TensorFlow, JAX, NumPy and their allocators call differs with versions and
# machines, and a call missing from an allow list would fail right answers.  The list is closed
# towards the future: newer calls look as if the kernel did not have them (_LAST_KNOWN).
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
    # The CPU limit kills as the kernel does when memory is short: no child may lower its own.
    "setrlimit": (160, 164),
    "syslog": (103, 116),
    "sync": (162, 81),  # waits for every disk of the machine
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
_X32_CALLS = 0x40000000  # from here on: x32, the ABI of x86_64 with 32-bit pointers
_LAST_KNOWN = 466  # removexattrat, of Linux 6.13
# CUDA calls these when it starts, and gives up without them.  Files in memory are at most as large
# as the scratch each, and the namespace holds no socket but the process's own.
_CUDA = ("memfd_create", "socket")
_AF_UNIX = 1

# Where `struct seccomp_data` has what a filter looks at; arguments are 8 bytes, little-endian.
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38


def filter_system_calls(*, cuda: bool) -> None:
    """Install the deny list; threads may be made, processes not.

    Other architectures' calling conventions (32-bit ones, x32) end the process.

    Args:
        cuda: Allow what CUDA needs.

    Raises:
        OSError: There is no filter for this machine, or the kernel refuses it.
    """
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise OSError(f"No system-call filter for {machine}.")
    libc.install_filter(_bpf(machine, cuda))


def _step(code: int, operand: int, yes: int = 0, no: int = 0) -> bytes:
    """Return one BPF instruction; a test skips `yes` or `no` instructions after itself."""
    return struct.pack("<HBBI", code, yes, no, operand)


def _bpf(machine: str, cuda: bool) -> bytes:
    """Return the filter, which tests the call's number step by step.

    A block that loads something else in the number's place ends in a verdict.
    """
    column, architecture = _ARCHITECTURES[machine]
    refuse = _step(_RETURN, _ERRNO | _EPERM)
    allow = _step(_RETURN, _ALLOW)
    unknown = _step(_RETURN, _ERRNO | _ENOSYS)
    program = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _X32_CALLS, 0, 1),
        _step(_RETURN, _KILL),
        _step(_AT_LEAST, _LAST_KNOWN + 1, 0, 1),
        unknown,
        # A filter can't see its flags, which are in memory; libc then uses clone.
        _step(_EQUAL, _CLONE3, 0, 1),
        unknown,
        _step(_EQUAL, _CLONE[machine], 0, 4),
        _step(_LOAD, _FIRST),  # the flags
        _step(_HAS_BITS, _CLONE_THREAD, 1, 0),
        refuse,
        allow,
        _step(_EQUAL, _PRLIMIT[machine], 0, 6),
        _step(_LOAD, _THIRD),  # the new limits: a pointer, null where the call only asks
        _step(_EQUAL, 0, 0, 3),
        _step(_LOAD, _THIRD + 4),  # its upper half
        _step(_EQUAL, 0, 0, 1),
        allow,
        refuse,
        # A lease on a file of the environment would block everyone who opens it, machine-wide.
        _step(_EQUAL, _FCNTL[machine], 0, 4),
        _step(_LOAD, _SECOND),  # the command
        _step(_EQUAL, fcntl.F_SETLEASE, 0, 1),
        refuse,
        allow,
    ]
    if cuda:
        program += [
            _step(_EQUAL, _DENIED["socket"][column], 0, 4),
            _step(_LOAD, _FIRST),  # the family
            _step(_EQUAL, _AF_UNIX, 0, 1),
            allow,
            refuse,
        ]
    for name, numbers in _DENIED.items():
        if numbers[column] >= 0 and not (cuda and name in _CUDA):
            program += [_step(_EQUAL, numbers[column], 0, 1), refuse]
    return b"".join([*program, allow])
