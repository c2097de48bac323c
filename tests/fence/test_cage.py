"""What a process cannot do any more once the cage is closed, whatever code runs in it."""

import json
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.fence import cage, process

SCRIPT = Path(__file__).with_name("caged_python.py")


@pytest.mark.usefixtures("untouched")
def test_nothing_outside_can_be_reached(house: Path, tmp_path: Path) -> None:
    unix_path = str(tmp_path / "door")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(unix_path)
        unix.listen()
        tcp.settimeout(0.2)
        unix.settimeout(0.2)
        done = subprocess.run(
            [sys.executable, "-I", str(SCRIPT), str(house), str(tcp.getsockname()[1]), unix_path],
            env=process.ENVIRONMENT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        for door in (tcp, unix):
            with pytest.raises(TimeoutError):
                door.accept()
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["landlock"] >= 1
    lets_pass = {name: outcome for name, outcome in said["outcomes"].items() if outcome.startswith("done")}
    assert not lets_pass
    assert said["thread"] == ["ran"]  # a thread may start, inside
    assert said["open file"] == "TOPSECRET\n"  # what was open before stays readable, and whole


def test_a_process_with_a_second_thread_is_not_caged(tmp_path: Path) -> None:
    code = (
        f"import sys, threading; sys.path.insert(0, {str(SCRIPT.parents[2])!r})\n"
        "from pipelines.fence import cage\n"
        "done = threading.Event(); threading.Thread(target=done.wait).start()\n"
        "try:\n    cage.close(extra_memory_bytes=1 << 28, cpu_seconds=9)\n"
        "except cage.NoCageError as error:\n    print(error)\n"
        "finally:\n    done.set()\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        env=process.ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "2 threads run where one must be" in done.stdout, done.stderr


def test_without_landlock_only_an_operator_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "landlock_version", lambda: 0)
    monkeypatch.setattr(cage, "_limits", lambda *_: None)
    monkeypatch.setattr(cage.Path, "iterdir", lambda _: iter([Path("1")]))
    with pytest.raises(cage.NoCageError, match="no Landlock"):
        cage.close(extra_memory_bytes=0, cpu_seconds=1)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_refuses_by_number(machine: str) -> None:
    assert _run(machine, "socket") == cage._SECCOMP_RET_ERRNO | 1
    assert _run(machine, "execve") == cage._SECCOMP_RET_ERRNO | 1
    assert _run(machine, "setrlimit") == cage._SECCOMP_RET_ERRNO | 1
    column, audit, clone, clone3, _ = cage._MACHINES[machine]
    assert _steps(machine, audit, clone, 0x11) == cage._SECCOMP_RET_ERRNO | 1  # a process
    assert _steps(machine, audit, clone, 0x10F00) == cage._SECCOMP_RET_ALLOW  # a thread
    assert _steps(machine, audit, clone3, 0) == cage._SECCOMP_RET_ERRNO | 38
    assert _steps(machine, audit, {0: 0, 1: 63}[column], 0) == cage._SECCOMP_RET_ALLOW  # read
    assert _steps(machine, audit ^ 1, 0, 0) == cage._SECCOMP_RET_KILL_PROCESS
    assert _steps(machine, audit, 0x40000000, 0) == cage._SECCOMP_RET_ERRNO | 1  # the x32 doors


def test_this_machine_filters_calls() -> None:
    if platform.machine() not in cage._MACHINES:
        pytest.skip(f"no table of system calls for {platform.machine()}")
    assert cage._filter(platform.machine())


def _run(machine: str, call: str) -> int:
    column, audit, *_ = cage._MACHINES[machine]
    number = cage._REFUSED_CALLS[call][column]
    assert number is not None
    return _steps(machine, audit, number, 0)


def _steps(machine: str, audit: int, number: int, first: int) -> int:
    """A classic BPF machine, as small as the filter needs."""
    import struct

    program = cage._filter(machine)
    words = {0: number, 4: audit, 16: first}
    at, held = 0, 0
    while True:
        code, when_true, when_false, value = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x20:
            held = words[value]
        elif code == 0x06:
            return int(value)
        else:
            is_true = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += when_true if is_true else when_false
