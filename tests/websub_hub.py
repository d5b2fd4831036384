"""A publisher with a hub (WebSub) on 127.0.0.1: it shows a feed, takes subscriptions, verifies them, pushes, and lies as told."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import http.server
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit


@dataclass
class Hub:
    """`titles` are what the feed shows, the newest first. `verifies`: whether it asks back at once. `answers` the next requests with these statuses."""

    titles: Sequence[str] = ()
    origin: str = ""
    verifies: bool = True
    lease_seconds: int = 864_000
    names_itself: bool = True
    in_headers: bool = False
    feed_status: int = 200
    answers: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    polls: int = 0

    @property
    def feed_url(self) -> str:
        return f"{self.origin}/feed"

    @property
    def hub_url(self) -> str:
        return f"{self.origin}/hub"

    @property
    def last(self) -> dict[str, str]:
        return self.asked[-1]

    def document(self, *titles: str) -> bytes:
        """The feed, or a part of it, as polls and pushes bring it."""
        links = f'<atom:link rel="hub" href="{self.hub_url}"/><atom:link rel="self" href="{self.feed_url}"/>'
        named = links if self.names_itself and not self.in_headers else ""
        items = "".join(f'<item><title>{each}</title><guid isPermaLink="false">{each}</guid></item>' for each in titles or self.titles)
        head = (
            '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Blatt</title><link>https://blatt.example/</link>'
        )
        return f"{head}{named}{items}</channel></rss>".encode()

    def verify(self, mode: str = "subscribe", **changes: str) -> tuple[int, str]:
        """Ask the subscriber whether it meant it; the status and the text of its answer. A name given as "" is left out."""
        query = {
            "hub.mode": mode,
            "hub.topic": self.last["hub.topic"],
            "hub.challenge": "probe-4711",
            "hub.lease_seconds": str(self.lease_seconds),
        }
        query |= {f"hub.{name}": value for name, value in changes.items()}
        return self._send("GET", "?" + urlencode({name: value for name, value in query.items() if value}), b"", {})

    def push(self, body: bytes, *, method: str = "sha256", secret: str | None = None, signature: str | None = None) -> tuple[int, str]:
        """Send a document, signed with the secret that was agreed, or otherwise as told; waits for the answer."""
        key = self.last["hub.secret"] if secret is None else secret
        signed = f"{method}={hmac.new(key.encode(), body, getattr(hashlib, method)).hexdigest()}"
        sent = signed if signature is None else signature
        return self._send("POST", "", body, {"Content-Type": "application/rss+xml"} | ({"X-Hub-Signature": sent} if sent else {}))

    def _send(self, method: str, query: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        callback = urlsplit(self.last["hub.callback"])
        with closing(http.client.HTTPConnection(callback.hostname or "", callback.port, timeout=20)) as connection:
            connection.request(method, callback.path + query, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextmanager
def publishing(*titles: str) -> Iterator[Hub]:
    """A running publisher with its hub."""
    hub = Hub(titles)

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.polls += 1
            named = {"Link": f'<{hub.hub_url}>; rel="hub", <{hub.feed_url}>; rel="self"'} if hub.in_headers else {}
            self._answer(hub.feed_status, hub.document(), {"Content-Type": "application/rss+xml", **named})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            hub.asked.append({name: values[0] for name, values in form.items()})
            status = hub.answers.pop(0) if hub.answers else 202
            if hub.verifies and status == 202:
                hub.verify(hub.last["hub.mode"])
            self._answer(status, b"no such topic" if status >= 400 else b"", {})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.origin = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
