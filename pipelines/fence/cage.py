"""The cage: what the Linux kernel takes away from a process, for good; imports nothing of ours.

Called by the worker when everything it needs is open and imported. Landlock (kernel 5.13; TCP 6.7) refuses
every path and every TCP port, a system-call filter refuses sockets, programs, other processes and the changes
of files that Landlock does not know (modes, owners, times), limits refuse memory, files and endless work.
Landlock binds the calling thread and those it starts, so the process must have one thread when it is closed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
from dataclasses import dataclass
from pathlib import Path

PR_SET_NO_NEW_PRIVS = 38
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_RESTRICT_SELF = 446
LANDLOCK_CREATE_RULESET_VERSION = 1

# Access rights by the Landlock version that introduced them: number of the first bits of the file rights.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP_RIGHTS = 0b11  # bind, connect: version 4
_SCOPES = 0b11  # abstract unix sockets, signals: version 6

_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1
_SECCOMP_RET_KILL_PROCESS = 0x80000000
_SECCOMP_RET_ALLOW = 0x7FFF0000
_SECCOMP_RET_ERRNO = 0x00050000
_CLONE_THREAD = 0x00010000
_X32_BIT = 0x40000000

# What a query never needs, as numbers of x86_64 and aarch64 (None: the machine has no such call).
_REFUSED_CALLS: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "shmget": (29, 194),
    "mq_open": (240, 180),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "utimensat": (280, 88),
    "futimesat": (261, None),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "prlimit64": (302, 261),
    "setrlimit": (160, 164),
}
# Column of the table above, audit architecture, numbers of clone, clone3, seccomp.
_MACHINES = {
    "x86_64": (0, 0xC000003E, 56, 435, 317),
    "aarch64": (1, 0xC00000B7, 220, 435, 277),
}


@dataclass(frozen=True)
class Cage:
    """What was closed: the kernel's Landlock version (0: none) and whether system calls are filtered."""

    landlock: int
    has_call_filter: bool


class NoCageError(Exception):
    """The kernel cannot close the cage; the message says what is missing."""


def landlock_version() -> int:
    """Version of Landlock that the kernel offers, 0 where there is none."""
    if platform.system() != "Linux":
        return 0
    version = _libc().syscall(
        LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION
    )
    return max(0, int(version))


def close(*, extra_memory_bytes: int, cpu_seconds: int, may_lack_landlock: bool = False) -> Cage:
    """Give up, for this process and all it starts, everything that reading open files does not need.

    Args:
        extra_memory_bytes: Address space that may be added to what the process has now.
        cpu_seconds: Work after which the kernel ends the process, should its parent have died.
        may_lack_landlock: An operator has said to go on on a kernel without Landlock.

    Raises:
        NoCageError: If the kernel lacks Landlock, or another thread runs, which would stay outside.
    """
    tasks = Path("/proc/self/task")
    threads = len(list(tasks.iterdir())) if tasks.is_dir() else 1
    if threads != 1:
        raise NoCageError(f"{threads} threads run where one must be, so the others would stay outside.")
    _limits(extra_memory_bytes, cpu_seconds)
    version = landlock_version()
    if version == 0 and not may_lack_landlock:
        raise NoCageError("this kernel has no Landlock (Linux 5.13 or newer, 'landlock' among its LSMs).")
    if platform.system() == "Linux":
        _check(_libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    if version:
        _refuse_paths_and_ports(version)
    return Cage(landlock=version, has_call_filter=_refuse_calls())


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        raise NoCageError(f"the kernel refused {what}: {os.strerror(ctypes.get_errno())}.")
    return result


def _limits(extra_memory_bytes: int, cpu_seconds: int) -> None:
    total = extra_memory_bytes + _address_space()
    resource.setrlimit(resource.RLIMIT_AS, (total, total))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))


def _address_space() -> int:
    """Bytes of address space that the process has now."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # not Linux: the maximum resident size is the nearest figure there
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def _refuse_paths_and_ports(version: int) -> None:
    """A ruleset that handles every right of this kernel and has no rule: nothing is allowed."""
    files = (1 << _FILE_RIGHTS[min(version, max(_FILE_RIGHTS))]) - 1
    parts = [files]
    if version >= 4:
        parts.append(_TCP_RIGHTS)
    if version >= 6:
        parts.append(_SCOPES)
    attributes = struct.pack(f"={len(parts)}Q", *parts)
    libc = _libc()
    ruleset = _check(
        libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0), "a ruleset"
    )
    _check(libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0), "Landlock")
    os.close(ruleset)


def _refuse_calls() -> bool:
    """Filter system calls; False on a machine or kernel where that cannot be done."""
    if platform.system() != "Linux" or platform.machine() not in _MACHINES:
        return False
    *_, seccomp = _MACHINES[platform.machine()]
    program = _filter(platform.machine())
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    done = _libc().syscall(seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, header)
    return bool(done == 0)


def _filter(machine: str) -> bytes:
    """The filter, a classic BPF program over `seccomp_data`: call at 0, machine at 4, first word at 16."""
    column, audit, clone, clone3, _ = _MACHINES[machine]
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    refuse = _SECCOMP_RET_ERRNO | errno.EPERM
    numbers = [pair[column] for pair in _REFUSED_CALLS.values() if pair[column] is not None]
    steps = [
        (load, 0, 0, 4),
        (equal, 1, 0, audit),
        (give, 0, 0, _SECCOMP_RET_KILL_PROCESS),
        (load, 0, 0, 0),
        (at_least, 0, 1, _X32_BIT),
        (give, 0, 0, refuse),
        # The C library asks clone3 first and, told that there is none, clone, whose flags can be looked at.
        (equal, 0, 1, clone3),
        (give, 0, 0, _SECCOMP_RET_ERRNO | errno.ENOSYS),
        (equal, 0, 4, clone),
        (load, 0, 0, 16),
        (any_bit, 1, 0, _CLONE_THREAD),
        (give, 0, 0, refuse),
        (give, 0, 0, _SECCOMP_RET_ALLOW),
    ]
    for left, number in enumerate(numbers):
        steps.append((equal, len(numbers) - left, 0, int(number or 0)))
    steps += [(give, 0, 0, _SECCOMP_RET_ALLOW), (give, 0, 0, refuse)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
