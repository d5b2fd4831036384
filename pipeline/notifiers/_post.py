"""One guarded POST: to checked addresses only, within one deadline, never redirected. The home of outgoing HTTP after the broker."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from pipeline.errors import GiveUp, TryAgain

_LATER = frozenset({408, 425, 429})
_ANSWER_BYTES = 2_000
# NAT64 (RFC 6052, RFC 8215) hides an IPv4 address that cannot be told for every prefix length: not public unless allowed.
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class Poster:
    """Posts to one URL. May be used by several threads."""

    def __init__(self, url: str, timeout_seconds: float, allow_private: Sequence[str] = ()) -> None:
        """Raises ValueError when `url` is no http or https address, or an entry of `allow_private` is no network."""
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise ValueError(f"the receiver's url is no address: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the receiver's url is no http or https address")
        if parts.username is not None or parts.password is not None:
            raise ValueError("the receiver's url holds a user name or password: give them as a header")
        self.host = parts.hostname
        if not url.isascii():
            raise ValueError("the receiver's url must be written in ASCII: percent-encode its path, and use the punycode form of its host")
        self._url = httpcore2.URL(url)
        self._host_header = self.host if parts.port is None else f"{self.host}:{port}"
        self._guard = _Guard(allow_private)
        self._timeout_seconds = timeout_seconds
        self._tls = httpcore2.default_ssl_context() if parts.scheme == "https" else None

    def post(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Return when the receiver answered with 2xx. Raises TryAgain or GiveUp."""
        network = _Network(self._guard, time.monotonic() + self._timeout_seconds)
        sent = [("host", self._host_header), ("content-length", str(len(body))), ("user-agent", "Lagebild"), *headers.items()]
        try:
            with (
                httpcore2.ConnectionPool(ssl_context=self._tls, network_backend=network) as pool,
                pool.stream("POST", self._url, headers=[(name.encode(), value.encode()) for name, value in sent], content=body) as answer,
            ):
                self._judge(answer.status, dict(answer.headers), _beginning(answer), now)
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as error:
            raise TryAgain(f"{self.host} does not answer: {error or type(error).__name__}") from error

    def _judge(self, status: int, headers: Mapping[bytes, bytes], beginning: str, now: datetime) -> None:
        if 200 <= status < 300:
            return
        said = f"{self.host} answered {status}{': ' + beginning if beginning else ''}"
        if status in _LATER or status >= 500:
            asked = {name.lower(): value for name, value in headers.items()}.get(b"retry-after", b"")
            raise TryAgain(said, retry_after_seconds(asked.decode("latin-1"), now))
        if 300 <= status < 400:
            raise GiveUp(f"{said}; redirects are not followed: put the new address into the configuration")
        raise GiveUp(said)


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """What a Retry-After header asks for; None when it is missing, unreadable or past."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return seconds if seconds > 0 else None


def _beginning(answer: httpcore2.Response) -> str:
    """The first words of the answer, for the log: nothing of it is trusted."""
    read = b""
    for chunk in answer.iter_stream():
        read += chunk
        if len(read) >= _ANSWER_BYTES:
            break
    return " ".join("".join(each if each.isprintable() else " " for each in read[:_ANSWER_BYTES].decode("utf-8", "replace")).split())[:200]


class _Guard:
    def __init__(self, allowed: Sequence[str]) -> None:
        self._hosts = {each.lower().rstrip(".") for each in allowed if "/" not in each}
        self._networks = [ipaddress.ip_network(each) for each in allowed if "/" in each]

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of `host`, resolved once. Raises GiveUp when one is private and not allowed."""
        try:
            found = list(dict.fromkeys(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            raise TryAgain(f"the name {host} cannot be resolved: {error}") from error
        for each in found:
            if not self._may_connect(host, ipaddress.ip_address(each.split("%", 1)[0])):
                raise GiveUp(f"{host} leads to {each}, a private address; if that is meant, add {host} to the receiver's allow_private")
        return found

    def _may_connect(self, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        if isinstance(address, ipaddress.IPv6Address):
            # An IPv4 address in IPv6 clothes (mapped, 6to4, Teredo) is judged as what it is.
            inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
            if inner is not None:
                return self._may_connect(host, inner)
        public = address.is_global and not (address.is_multicast or address.is_reserved or any(address in each for each in _NAT64))
        named = host.lower().rstrip(".") in self._hosts or str(address) in self._hosts
        return public or named or any(address in network for network in self._networks)


class _Network(httpcore2.NetworkBackend):
    """Connects to checked addresses only, and lets nothing take longer than the deadline."""

    def __init__(self, guard: _Guard, deadline: float) -> None:
        self._guard = guard
        self._deadline = deadline
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failed: Exception | None = None
        for address in self._guard.addresses(host, port)[:3]:
            try:
                left = _left(self._deadline)
                return _Stream(self._plain.connect_tcp(address, port, left, local_address, socket_options), self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore2.ConnectError(f"no address of {host} answers")


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time for the whole request is over")
    return left
