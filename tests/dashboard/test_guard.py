"""The gate in front of Streamlit, door by door."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from streamlit import file_util

from dashboard import brand
from dashboard.guard import Guard, content_policy, inline_script_hashes

STATIC = Path(file_util.get_static_dir())


async def behind(scope: Any, receive: Any, send: Any) -> None:
    """What stands for Streamlit: says that it was reached."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"reached"})


GATE = Guard(
    behind,
    hosts=frozenset({"127.0.0.1", "localhost"}),
    static=STATIC,
    title=brand.NAME,
    mark=brand.MARK,
)


class Answer:
    """What the gate sent."""

    def __init__(self, sent: list[MutableMapping[str, Any]]) -> None:
        self.kinds = [message["type"] for message in sent]
        start = next((message for message in sent if message["type"] == "http.response.start"), {})
        self.status = start.get("status")
        self.headers = {key.decode(): value.decode() for key, value in start.get("headers", [])}
        self.body = b"".join(message.get("body", b"") for message in sent)


def ask(path: str, *, method: str = "GET", kind: str = "http", **headers: str) -> Answer:
    sent: list[MutableMapping[str, Any]] = []
    given = {"host": "127.0.0.1:8501", **headers}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(key.replace("_", "-").encode(), value.encode()) for key, value in given.items()],
    }

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(GATE(scope, receive, send))
    return Answer(sent)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_sent_to_the_dashboard(method):
    assert ask("/_stcore/upload_file/session/file", method=method).status == 405
    assert ask("/", method=method).status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/upload_file/a/b",
        "/_stcore/agent/openapi.json",
        "/_stcore/agent/mcp",
        "/_stcore/script-health-check",
        "/_stcore/bidi-components/x",
        "/component/x/index.html",
        "/app/static/x",
        "/auth/login",
    ],
)
def test_doors_that_a_dashboard_does_not_need_are_closed(path):
    assert ask(path).status == 404


@pytest.mark.parametrize(
    "path", ["/_stcore/health", "/_stcore/host-config", "/media/abc.csv", "/static/x.woff2"]
)
def test_doors_that_it_needs_are_open_and_carry_the_policy(path):
    answer = ask(path)
    assert (answer.status, answer.body) == (200, b"reached")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8501"]
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(host):
    assert ask("/", host=host).status == 400
    assert ask("/_stcore/health", host=host).status == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9000", "localhost:8501", "LOCALHOST"])
def test_this_machine_is_served_by_its_names(host):
    assert ask("/", host=host).status == 200


def test_the_stream_opens_for_its_own_pages_only():
    own = ask("/_stcore/stream", kind="websocket", origin="http://127.0.0.1:8501")
    assert own.kinds == ["websocket.accept"]
    for headers in (
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ):
        assert ask("/_stcore/stream", kind="websocket", **headers).kinds == ["websocket.close"]
    assert ask("/elsewhere", kind="websocket").kinds == ["websocket.close"]


@pytest.mark.parametrize("path", ["/", "/programs", "/data-health"])
def test_a_page_is_ours_by_name_and_allows_only_its_own_script(path):
    answer = ask(path)
    page = answer.body.decode()
    assert "<title>Plumbline</title>" in page
    assert "_stcore/agent" not in page
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "http" not in policy


def test_a_policy_names_every_inline_script_and_no_other():
    html = "<script>a()</script><script src='x.js'></script><script type='module'>b()</script>"
    assert len(inline_script_hashes(html)) == 2
    assert content_policy("<p>none</p>").count("sha256") == 0


def test_scripts_are_sent_compressed_to_those_who_can_read_it():
    script = max((STATIC / "static" / "js").glob("*.js"), key=lambda path: path.stat().st_size)
    path = f"/static/js/{script.name}"
    answer = ask(path, accept_encoding="gzip, deflate")
    assert gzip.decompress(answer.body) == script.read_bytes()
    assert len(answer.body) < script.stat().st_size / 2
    assert answer.headers["content-encoding"] == "gzip"
    assert ask(path).body == b"reached"


@pytest.mark.parametrize(
    "path", ["/static/../../../etc/passwd.js", "/static/js/../../../server.js", "/static/none.js"]
)
def test_no_file_outside_the_assets_is_packed(path):
    assert ask(path, accept_encoding="gzip").body == b"reached"
