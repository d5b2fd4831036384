"""`lagebild run console`: the live page as a process."""

from __future__ import annotations

import signal
import socket
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from pipeline.console.app import make_app
from pipeline.console.feed import kafka_feed
from pipeline.console.hub import Hub
from pipeline.errors import Unreachable
from pipeline.settings import Settings
from pipeline.stopping import EXIT_INTERRUPTED

log = structlog.get_logger()


class Server(uvicorn.Server):
    """A uvicorn that ends at once on SIGTERM and Ctrl-C: open streams are told to end instead of being waited for."""

    def __init__(self, app: FastAPI, hub: Hub) -> None:
        # Requests are not logged: they say who reads what. Streams that do not end in a second are cut.
        super().__init__(
            uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1, lifespan="on")
        )
        self._hub = hub
        self.signals: list[int] = []

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.signals.append(sig)
        self.force_exit = len(self.signals) > 1
        self.end()

    def end(self) -> None:
        """Stop serving; may be called from any thread."""
        self._hub.close_soon()
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Unreachable, with what to do, when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise Unreachable(
            f"the live page cannot listen on {host}:{port}: {error}. Name another console.port, or end what uses it"
        ) from error


def address_of(listener: socket.socket) -> str:
    """Where people open the page."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"


def main(settings: Settings) -> int:
    """Serve the page until a signal comes: exit code 0 after SIGTERM, 130 after Ctrl-C. Raises Unreachable when the port is taken."""
    listener = listen(settings.console.host, settings.console.port)
    feed = kafka_feed(settings)
    hub = Hub(feed.status)
    server = Server(make_app(settings, feed, hub), hub)
    log.info("the live page is open", address=address_of(listener))
    if settings.console.host not in ("127.0.0.1", "::1", "localhost"):
        log.warning("the live page has no login and is visible to others", host=settings.console.host)
    server.run(sockets=[listener])
    return EXIT_INTERRUPTED if server.signals[:1] == [signal.SIGINT] else 0
