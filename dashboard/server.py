"""`python -m dashboard.server`: serves the pages on this machine, behind the gate of `dashboard.guard`.

Settings that keep doors closed are set here over whatever a file or the environment says; the look comes from
`.streamlit/config.toml` beside the source.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = ("127.0.0.1", "localhost", "::1")

CLOSED: dict[str, Any] = {
    "server.headless": True,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 1,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
    "runner.magicEnabled": False,
    "runner.postScriptGC": False,
    "global.developmentMode": False,
}


def main() -> int:
    """Serve until stopped; 1 where the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.server", description="Serve the dashboard.")
    parser.add_argument("--workspace", type=Path, default=Path())
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    args = parser.parse_args()
    try:
        serve(args.workspace.resolve(), listen(args.host, args.port), host=args.host)
    except OSError as error:
        print(f"plumbline dashboard: {taken(args.host, args.port, error)}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        # the way in which a person ends it
        return 0
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A socket on that address, listening.

    Raises:
        OSError: If the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(128)
    except OSError:
        opened.close()
        raise
    return opened


def taken(host: str, port: int, error: OSError) -> str:
    """Why the address cannot be had, and what to do."""
    if isinstance(error, PermissionError):
        return f"port {port} needs more rights than this user has; choose one above 1023 with --port."
    if isinstance(error, socket.gaierror) or error.errno == 99:
        return f"{host} is not an address of this machine; leave --host out to serve this machine only."
    return f"port {port} on {host} is taken by another program; stop it or choose another port with --port."


def serve(workspace: Path, listening: socket.socket, *, host: str) -> None:
    """Serve the pages on an open socket until stopped."""
    os.environ["PLUMBLINE_WORKSPACE"] = str(workspace)
    os.chdir(ROOT)
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT / "dashboard"]

    import uvicorn

    bound = listening.getsockname()
    server = Server(
        uvicorn.Config(
            application(host, bound[1]),
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=8 * 1024 * 1024,
            timeout_graceful_shutdown=2,
        ),
        address=f"http://{f'[{host}]' if ':' in host else host}:{bound[1]}",
    )
    server.run(sockets=[listening])


def application(host: str, port: int) -> Any:
    """The ASGI application: Streamlit behind the gate."""
    from starlette.middleware import Middleware
    from streamlit import file_util
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import bootstrap
    from streamlit.web.server.starlette import App

    from dashboard import brand
    from dashboard.guard import Guard

    # our pages/ is listed by app.py; Streamlit would run its files by themselves on a visit that starts there
    PagesManager.uses_pages_directory = False
    bootstrap.load_config_options({**CLOSED, "server.address": host, "server.port": port})
    hosts = frozenset({host, *LOOPBACK} if host in (*LOOPBACK, "0.0.0.0", "::") else {host})
    gate = Middleware(
        Guard,
        hosts=hosts,
        static=Path(file_util.get_static_dir()),
        title=brand.NAME,
        mark=brand.MARK,
    )
    return App(ROOT / "dashboard" / "app.py", middleware=[gate], on_script_error=unexpected)


def unexpected(error: Exception) -> bool:
    """Show an unforeseen failure as a page of ours; its trace goes to the terminal."""
    from dashboard.components import states

    logging.getLogger(__name__).error("a page broke", exc_info=error)
    states.unexpected()
    return True


def _server_class() -> Any:
    import uvicorn

    class AnnouncingServer(uvicorn.Server):
        """Says where it is once it answers."""

        def __init__(self, config: uvicorn.Config, *, address: str) -> None:
            super().__init__(config)
            self._address = address

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                print(f"Plumbline is at {self._address}", flush=True)  # noqa: T201

    return AnnouncingServer


def Server(config: Any, *, address: str) -> Any:
    """A server that says where it is once it answers."""
    return _server_class()(config, address=address)


if __name__ == "__main__":
    sys.exit(main())
