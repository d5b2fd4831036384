"""Requests over the guarded network. Nothing comes from the environment (no proxy, no .netrc), and no redirect is followed here."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import httpcore2
import httpx2

from pipeline.outgoing.address import Guard
from pipeline.outgoing.answer import Answer
from pipeline.outgoing.errors import NoAnswer, NotSendable, NotTrusted, TimeIsOver
from pipeline.outgoing.network import Network, Resolve, resolve


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Exchange:
    """Requests that belong together: one deadline over all of them, and cookies that only they share. For one thread."""

    def __init__(
        self,
        guard: Guard,
        deadline: float,
        *,
        tls: ssl.SSLContext | None = None,
        connect_seconds: float | None = None,
        resolver: Resolve = resolve,
    ) -> None:
        """`deadline` counts on the monotonic clock. `connect_seconds` bounds a single connection more tightly. `tls` None: the environment's."""
        self._pool = httpcore2.ConnectionPool(
            # Connections are not kept: the next request to the same server is minutes away.
            ssl_context=tls,
            max_connections=2,
            max_keepalive_connections=0,
            network_backend=Network(guard, deadline, resolver),
        )
        self._timeouts = {"connect": connect_seconds}
        self._cookies = httpx2.Cookies()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.close()

    @contextmanager
    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Iterator[Answer]:
        """The answer, while the block lasts. `headers` are sent as they are; Host, Content-Length and cookies are added.

        Raises an OutgoingError, also while the body is read. `url_problem` is the caller's to ask: an address is checked there first.
        """
        with in_our_words():
            request = self._request(method, url, headers, body)
            found = self._pool.handle_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(
                        scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions={"timeout": self._timeouts},
                )
            )
        try:
            told = httpx2.Response(found.status, headers=found.headers, stream=httpx2.SyncByteStream(), request=request)
            self._cookies.extract_cookies(told)
            yield Answer(found.status, {name.lower(): value for name, value in told.headers.items()}, _body(found))
        finally:
            found.close()

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> httpx2.Request:
        request = httpx2.Request(method, url, headers=[(name.encode(), value.encode()) for name, value in headers.items()], content=body)
        self._cookies.set_cookie_header(request)
        return request


def _body(answer: httpcore2.Response) -> Iterator[bytes]:
    with in_our_words():
        yield from answer.iter_stream()


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turns the errors of the libraries below into ours."""
    try:
        yield
    except (httpx2.InvalidURL, httpcore2.UnsupportedProtocol, UnicodeError) as error:
        raise NotSendable(f"its address or a header cannot be written: {error}") from error
    except httpcore2.LocalProtocolError:
        # The exception quotes the header, which may be a secret; so does its trace.
        raise NotSendable("a header holds what HTTP does not allow, such as a line break") from None
    except (httpcore2.TimeoutException, TimeoutError) as error:
        raise TimeIsOver(str(error) or "the time for the whole request is over") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        if reason := _mistrust(error):
            raise NotTrusted(reason) from error
        raise NoAnswer(_why(error)) from error


def _why(error: Exception) -> str:
    said, quoted, _ = (str(error) or type(error).__name__).partition(": bytearray(")
    # The library quotes the bytes as Python writes them.
    return f"what answers there does not speak HTTP ({said})" if quoted else said


def _mistrust(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return str(cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    return ""
