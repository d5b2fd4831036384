"""A webhook on 127.0.0.1 that remembers every alert it took, and answers as a test wants."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What `answer` may return instead of a status: never answer, or cut the connection.
HANG, RESET = -1, -2


class Hook:
    """`answer` decides the status before an alert counts as taken; `closing` ends answers that hang."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.refused = 0
        self.answer: Callable[[dict[str, Any]], int] = lambda alert: 204
        self.headers: dict[str, str] = {}
        self.closing = threading.Event()
        self.url = ""

    def headlines(self) -> Counter[str]:
        return Counter(each["headline"] for each in self.taken)


@contextmanager
def listening(port: int = 0) -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            alert = json.loads(self.rfile.read(int(self.headers["content-length"])))["data"]
            status = hook.answer(alert)
            if 0 <= status < 300:
                hook.taken.append(alert)
            else:
                hook.refused += 1
            if status in (HANG, RESET):
                self._leave_unanswered(status)
                return
            try:
                self.send_response(status)
                for name, value in hook.headers.items() if status >= 300 else ():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()
            except OSError:
                self.close_connection = True  # the alerter was killed

        def _leave_unanswered(self, status: int) -> None:
            self.close_connection = True
            if status == HANG:
                hook.closing.wait(20)
            else:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield hook
    finally:
        hook.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
