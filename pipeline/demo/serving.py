"""The HTTP server of the demonstration: GET and HEAD on this machine only, with validators and 304."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

HOST = "127.0.0.1"
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Document(NamedTuple):
    """One answer of the server."""

    body: bytes
    content_type: str
    etag: str = ""
    modified_at: datetime | None = None


def listen(port: int, document: Callable[[str], Document | None]) -> ThreadingHTTPServer:
    """A server on `HOST` that answers with `document(path)`, not yet running. It takes `port` when that is free, else any free one."""

    class Answer(_Answer):
        find = staticmethod(document)

    try:
        return _Server((HOST, port), Answer)
    except OSError:
        if not port:
            raise
        return _Server((HOST, 0), Answer)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # With it, a second demonstration could listen on the port of the first and get half of its requests.
    allow_reuse_port = False


class _Answer(BaseHTTPRequestHandler):
    server_version = "lagebild-demo"
    sys_version = ""
    timeout = 10
    find: Callable[[str], Document | None]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        document = self.find(self.path.partition("?")[0])
        if document is None:
            self.send_error(404)
            return
        unchanged = self._unchanged(document)
        self.send_response(304 if unchanged else 200)
        if document.etag and document.modified_at:
            self.send_header("ETag", document.etag)
            self.send_header("Last-Modified", format_datetime(document.modified_at.astimezone(UTC), usegmt=True))
            self.send_header("Cache-Control", "no-cache")
        if not unchanged:
            self.send_header("Content-Type", document.content_type)
            self.send_header("Content-Length", str(len(document.body)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Security-Policy", _PAGE_POLICY)
        self.end_headers()
        if with_body and not unchanged:
            self.wfile.write(document.body)

    def _unchanged(self, document: Document) -> bool:
        """As RFC 9110 section 13.2.2 orders them: the date counts only when no tag was sent."""
        if not document.etag or document.modified_at is None:
            return False
        if tags := self.headers.get("If-None-Match"):
            return document.etag in {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        try:
            since = parsedate_to_datetime(self.headers.get("If-Modified-Since", ""))
        except ValueError:
            return False
        return since.tzinfo is not None and document.modified_at <= since

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the demonstration prints what happens to articles, not requests."""
