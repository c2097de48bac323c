"""The gate in front of Streamlit: what may be asked, of which host, and under which content policy.

Streamlit by itself takes uploads from anyone, shows statistics of the process, and offers an interface for
programs and components; a dashboard needs none of these. What is let through is listed; the rest is 404.
Pages ask nothing outside this host, and the policy makes the browser hold them to it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_CORE = ("/_stcore/health", "/_stcore/host-config")
STREAM = "/_stcore/stream"
CLOSED_PREFIXES = ("/_stcore/", "/component/", "/app/static/", "/auth/", "/oauth2callback")
COMPRESSED = (".js", ".css")
SMALLEST_COMPRESSED = 2_000
HOME = "window.__streamlit = {BACKEND_BASE_URL: location.origin, MAIN_PAGE_BASE_URL: location.origin};"


def inline_script_hashes(html: str) -> tuple[str, ...]:
    """Content-policy sources of the scripts written into a page, in order."""
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", html, flags=re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def content_policy(html: str) -> str:
    """The content policy of our pages: nothing but this host, no script but what it serves.

    Styles may be inline, since Streamlit writes them as it draws.
    """
    scripts = " ".join(("'self'", *inline_script_hashes(html)))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        )
    )


def branded(html: str, *, title: str) -> str:
    """Streamlit's page with our title, and without the pointers to doors that are closed here.

    It is told where its server is, else a page below the root first asks two addresses that are not there.
    """
    page = html.replace("<title>Streamlit</title>", f"<title>{title}</title>")
    page = re.sub(r'\s*<link rel="service-desc"[^>]*>', "", page)
    page = re.sub(
        r"<noscript>.*?</noscript>",
        "<noscript><p>This page needs JavaScript.</p></noscript>",
        page,
        flags=re.S,
    )
    page = re.sub(r"<!--.*?-->\s*", "", page, flags=re.S)
    page = page.replace("<script>", f"<script>{HOME}", 1)
    return re.sub(
        r'<link rel="shortcut icon"[^>]*>', '<link rel="icon" type="image/svg+xml" href="./mark.svg" />', page
    )


class Guard:
    """ASGI middleware; wraps Streamlit's application.

    Args:
        app: The application behind the gate.
        hosts: Host names that may be asked for, without port.
        static: Folder of Streamlit's own assets.
        title: Title of the page before it is drawn.
        mark: The page's icon, as SVG.
    """

    def __init__(
        self, app: Application, *, hosts: frozenset[str], static: Path, title: str, mark: str
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._static = static
        self._page = branded((static / "index.html").read_text("utf-8"), title=title)
        self._mark = mark.encode()
        self._packed: dict[str, bytes] = {}
        self._headers = [
            (b"content-security-policy", content_policy(self._page).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-frame-options", b"DENY"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, answer, or refuse one request."""
        if scope["type"] == "websocket":
            if self._is_known_host(scope) and self._is_same_origin(scope) and scope["path"] == STREAM:
                await self._app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        if not self._is_known_host(scope):
            await self._answer(send, 400, b"This host is not served here.", "text/plain")
        elif method not in ("GET", "HEAD"):
            await self._answer(send, 405, b"Only GET is answered.", "text/plain")
        elif path not in OPEN_CORE and path.startswith(CLOSED_PREFIXES):
            await self._answer(send, 404, b"Not found.", "text/plain")
        elif path == "/mark.svg":
            await self._answer(send, 200, self._mark, "image/svg+xml")
        elif self._is_page(path):
            await self._answer(send, 200, self._page.encode(), "text/html; charset=utf-8")
        elif (packed := self._pack(scope)) is not None:
            kind = "text/css" if path.endswith(".css") else "text/javascript"
            extra = [
                (b"content-encoding", b"gzip"),
                (b"vary", b"accept-encoding"),
                (b"cache-control", b"public, immutable, max-age=31536000"),
            ]
            await self._answer(send, 200, packed, f"{kind}; charset=utf-8", extra)
        else:
            await self._app(scope, receive, self._adding(send))

    def _is_known_host(self, scope: Scope) -> bool:
        host = _header(scope, b"host")
        return host is not None and urlsplit(f"//{host}").hostname in self._hosts

    def _is_same_origin(self, scope: Scope) -> bool:
        origin = _header(scope, b"origin")
        return origin is None or urlsplit(origin).netloc == _header(scope, b"host")

    def _is_page(self, path: str) -> bool:
        """A page is a path of one part without a file ending; the browser's own router knows the rest."""
        return "." not in path and path.count("/") == 1

    def _pack(self, scope: Scope) -> bytes | None:
        """A script or style sheet of Streamlit's, compressed once and kept; Streamlit serves them plain."""
        path = scope["path"]
        if not path.startswith("/static/") or not path.endswith(COMPRESSED):
            return None
        if b"gzip" not in (_header(scope, b"accept-encoding") or "").encode():
            return None
        if path not in self._packed:
            file = (self._static / path.lstrip("/")).resolve()
            if not file.is_relative_to(self._static.resolve()) or not file.is_file():
                return None
            if file.stat().st_size < SMALLEST_COMPRESSED:
                return None
            self._packed[path] = gzip.compress(file.read_bytes(), compresslevel=6, mtime=0)
        return self._packed[path]

    async def _answer(
        self, send: Send, status: int, body: bytes, kind: str, extra: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            *(extra or [(b"cache-control", b"no-cache")]),
            *self._headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _adding(self, send: Send) -> Send:
        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        return sending


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None
