"""A webhook and a mail server on this machine, as small as they can be; both stop with their `with`."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hook(ThreadingHTTPServer):
    """Remembers what is posted; answers with `answers` in turn, then with 204."""

    daemon_threads = True

    def __init__(self, answers: list[int], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Posted)
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.answers = answers
        self.posted: list[dict[str, Any]] = []
        self.asked = 0

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/hook?token=secret"


class _Posted(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        answer = self.server.answers.pop(0) if self.server.answers else 204
        if answer < 300:
            assert self.headers["Content-Type"] == "application/json"
            self.server.posted.append(json.loads(body))
        self.send_response(answer)
        if answer == 302:
            self.send_header("Location", "http://example.invalid/")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def quiet(server: Any) -> Any:
    """A server that does not print when a client hangs up in the middle, as one that trusts it not does."""
    server.handle_error = lambda *_: None
    return server


class Post(socketserver.ThreadingTCPServer):
    """A mail server: remembers letters and commands; may offer STARTTLS (and fail it) or refuse people."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, *, offers: tuple[str, ...] = (), refuses: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.offers, self.refuses, self.tls = offers, refuses, tls
        self.letters: list[str] = []
        self.commands: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: Post

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 post")
        while raw := self.rfile.readline():
            line = raw.decode().rstrip("\r\n")
            verb = line.split(" ")[0].upper()
            self.server.commands.append(line)
            if verb == "EHLO":
                said = ["post", *self.server.offers]
                for place, word in enumerate(said):
                    self.say(f"250{' ' if place == len(said) - 1 else '-'}{word}")
            elif verb == "DATA":
                self.say("354 go on")
                letter = []
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    letter.append(part.decode())
                self.server.letters.append("".join(letter))
                self.say("250 taken")
            elif verb == "STARTTLS" and self.server.tls:
                self.say("220 go on")
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
                self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
                self.server.commands.append("(encrypted)")
            elif verb == "STARTTLS":
                self.say("454 not now")
            elif verb == "RCPT" and self.server.refuses:
                self.say("550 nobody of that name")
            elif verb == "AUTH":
                self.say("235 welcome")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Babble(socketserver.ThreadingTCPServer):
    """Answers with what is no HTTP."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Babbled)


class _Babbled(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"what?\r\n")


@contextmanager
def running(server: Any) -> Iterator[Any]:
    """The server, listening in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def closed_port() -> int:
    """A port on which nobody listens."""
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        return int(server.server_address[1])
