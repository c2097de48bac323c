"""Run by test_cage: closes the cage and then tries, from Python itself, what a query taken over might try."""

# Paths as plain calls, since one system call a line is meant; the answer goes to standard output.
# ruff: noqa: PTH101, PTH102, PTH104, PTH108, PTH208, PTH211, T201

import ctypes
import json
import os
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.fence import cage

folder, port, unix_path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
secret, new = f"{folder}/secret.txt", f"{folder}/new.txt"
open_file = os.open(secret, os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()


def tcp() -> object:
    with socket.socket() as door:
        return door.connect(("127.0.0.1", port))


def udp() -> object:
    with socket.socket(type=socket.SOCK_DGRAM) as door:
        return door.sendto(b"x", ("127.0.0.1", port))


def unix() -> object:
    with socket.socket(socket.AF_UNIX) as door:
        return door.connect(unix_path)


def raw(number: int, *arguments: int) -> object:
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


tries = {
    "read a file": lambda: os.open(secret, os.O_RDONLY),
    "read /etc/passwd": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "read its environment": lambda: os.open(f"/proc/{parent}/environ", os.O_RDONLY),
    "reopen by descriptor": lambda: os.open(f"/proc/self/fd/{open_file}", os.O_RDONLY),
    "list a folder": lambda: os.listdir(folder),
    "make a file": lambda: os.open(new, os.O_WRONLY | os.O_CREAT),
    "make a folder": lambda: os.mkdir(f"{folder}/d"),
    "make a link": lambda: os.symlink("/etc/passwd", f"{folder}/l"),
    "make a hard link": lambda: os.link(secret, f"{folder}/h"),
    "remove a file": lambda: os.unlink(secret),
    "rename a file": lambda: os.rename(secret, new),
    "truncate a file": lambda: os.truncate(secret, 0),
    "truncate an open file": lambda: os.ftruncate(open_file, 0),
    "grow an open file": lambda: os.pwrite(open_file, b"x" * 100, 1_000),
    "open a file's rights": lambda: os.chmod(secret, 0o777),
    "open an open file's rights": lambda: os.fchmod(open_file, 0o777),
    "touch a file": lambda: os.utime(secret, (0, 0)),
    "mark a file": lambda: os.setxattr(secret, "user.x", b"1"),
    "TCP": tcp,
    "UDP": udp,
    "unix socket": unix,
    "run a program": lambda: os.execv("/bin/true", ["true"]),
    "fork": os.fork,
    "signal the parent": lambda: os.kill(parent, 0),
    "trace the parent": lambda: libc.ptrace(16, parent, 0, 0) and raw(101, 16, parent, 0, 0),
    "memory file": lambda: os.memfd_create("x"),
    "new namespaces": lambda: raw(272 if os.uname().machine == "x86_64" else 97, 0x10000000),
    "io_uring": lambda: raw(425, 8, 0),
    "raise a limit": lambda: cage.resource.setrlimit(cage.resource.RLIMIT_FSIZE, (10, 10)),
    "much memory": lambda: bytearray(512 * 1024 * 1024),
}

closed = cage.close(extra_memory_bytes=128 * 1024 * 1024, cpu_seconds=30)
outcomes: dict[str, str] = {}
for name, attempt in tries.items():
    try:
        outcomes[name] = f"done: {attempt()!r}"
    except (OSError, MemoryError, ValueError) as error:
        outcomes[name] = f"refused: {type(error).__name__}"

started: list[str] = []
thread = threading.Thread(target=lambda: started.append("ran"))
thread.start()
thread.join()
print(
    json.dumps(
        {
            "landlock": closed.landlock,
            "has_call_filter": closed.has_call_filter,
            "outcomes": outcomes,
            "thread": started,
            "open file": os.pread(open_file, 100, 0).decode(),
        }
    )
)
