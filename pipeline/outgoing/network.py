"""The connection beneath HTTP: checked addresses only, one deadline over everything.

A name is resolved once, all its addresses are checked, and the connection goes to one of those: a name service that answers differently a
moment later (rebinding) changes nothing. A server that takes or gives a byte now and then ends at the deadline too.
"""

from __future__ import annotations

import functools
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore2

from pipeline.outgoing.address import Guard
from pipeline.outgoing.errors import NotAllowed, NotResolved

Resolve = Callable[[str, int], Sequence[str]]

_TRIED_ADDRESSES = 3
# The library below repeats a partial send with the same timeout for each part: pieces of one TLS record bring the deadline in between.
_PIECE_BYTES = 16_384


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of `host`, by the system's resolver."""
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def certificates_of_environment() -> ssl.SSLContext:
    """The authorities we trust: those of SSL_CERT_FILE or SSL_CERT_DIR where they are set, else the system's."""
    return httpcore2.default_ssl_context()


@functools.cache
def certificates_of_system() -> ssl.SSLContext:
    """The system's authorities, whatever the environment says. One context for all: reading it takes tens of milliseconds."""
    return httpcore2.default_ssl_context(_trust_env=False)


class Network(httpcore2.NetworkBackend):
    """Connects to checked addresses only, and lets nothing take longer than `deadline` (on the monotonic clock)."""

    def __init__(self, guard: Guard, deadline: float, resolver: Resolve = resolve) -> None:
        self._guard = guard
        self._deadline = deadline
        self._resolver = resolver
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to `host`. Raises NotResolved, or NotAllowed when even one of its addresses is not allowed."""
        failed: Exception | None = None
        for address in self._checked(host, port)[:_TRIED_ADDRESSES]:
            try:
                stream = self._plain.connect_tcp(address, port, _left(self._deadline, timeout), local_address, socket_options)
                return _Stream(stream, self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore2.ConnectError(f"no address of {host} answers")

    def _checked(self, host: str, port: int) -> list[str]:
        try:
            found = list(dict.fromkeys(_within(self._deadline, lambda: self._resolver(host, port), f"resolve {host}")))
        except (OSError, UnicodeError) as error:
            raise NotResolved(f"the name {host} cannot be resolved ({error}): check the address and the name service") from error
        if not found:
            raise NotResolved(f"the name {host} has no address: check the address and the name service")
        if refused := self._guard.first_refused(host, found):
            raise NotAllowed(host, refused)
        return found


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._stream.write(buffer[start : start + _PIECE_BYTES], _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None = None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time for the whole request is over")
    return left if timeout is None else min(left, timeout)


def _within(deadline: float, work: Callable[[], Sequence[str]], name: str) -> Sequence[str]:
    """What `work` returns or raises. It cannot be stopped (the system's resolver is such work), so past the deadline its thread is left behind."""
    ended: queue.SimpleQueue[Sequence[str] | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put(work())
        except BaseException as error:
            ended.put(error)

    left = _left(deadline)
    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        outcome = ended.get(timeout=left)
    except queue.Empty:
        raise httpcore2.ConnectTimeout("the name service did not answer in time") from None
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
