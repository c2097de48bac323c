"""`plumbline dashboard` as a person runs it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from dashboard import server


def command(workspace: Path, port: int) -> list[str]:
    words = ["--workspace", str(workspace), "--port", str(port)]
    return [sys.executable, "-m", "pipelines", "dashboard", *words]


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_it_says_where_it_is_answers_and_ends_quietly_on_interrupt(tmp_path):
    port = free_port()
    with subprocess.Popen(
        command(tmp_path, port), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == f"Plumbline is at http://127.0.0.1:{port}\n"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=10) as answer:
                assert answer.read() == b"ok"
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=20)
        finally:
            running.kill()
    assert running.returncode == 0
    assert "Traceback" not in said
    assert "the page says how to begin" in said


def test_a_port_that_is_taken_is_one_clear_sentence(tmp_path):
    with closing(server.listen("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(command(tmp_path, port), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path):
    done = subprocess.run(command(tmp_path / "none", 8501), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "no folder" in done.stderr


@pytest.mark.parametrize("port", ["0", "70000", "http", "-1"])
def test_a_port_is_a_number_that_a_port_can_be(tmp_path, port):
    words = [sys.executable, "-m", "pipelines", "dashboard", f"--port={port}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "is no port" in done.stderr


def test_a_foreign_address_is_said_to_be_one():
    with pytest.raises(OSError) as refused:
        server.listen("192.0.2.7", 8501)
    assert "not an address of this machine" in server.taken("192.0.2.7", 8501, refused.value)
