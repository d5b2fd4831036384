"""One polite, guarded HTTP client for every connector.

Polite: an honest User-Agent, conditional requests, compression, Retry-After. Guarded: every hop is checked, the connection goes to the
address that was checked (the name is resolved once, so it cannot change in between), proxies of the environment are ignored, and the
whole request has one deadline: a server that sends a byte now and then ends there too.
"""

from __future__ import annotations

import importlib.metadata
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpcore2
import httpx2

from connectors import _decompress
from connectors._address import Guard, Resolve, check_url, resolve, without_query
from connectors._network import Transport
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection

MAX_REDIRECTS = 5
MAX_RETRY_AFTER_SECONDS = 86_400.0
_CONNECT_SECONDS = 10.0
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_ADVICE = {
    401: "it wants a login: add the header it expects",
    403: "it refuses us: ask the publisher, or set a contact address so that they know who asks",
    404: "the address does not exist any more: look for the new one",
    410: "the publisher has removed it for good: remove the source",
    451: "it may not be shown for legal reasons",
}


@dataclass(frozen=True)
class Answer:
    """The end of the redirects: status 200 or 304. `headers` have lower-case names; `moved_to` is set when every redirect was permanent."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    moved_to: str = ""


class Client:
    """Fetches one URL at a time; may be used by several threads."""

    def __init__(
        self,
        *,
        contact: str = "",
        timeout_seconds: float = 30,
        max_bytes: int = 10_000_000,
        allow_private: Sequence[str] = (),
        resolver: Resolve = resolve,
    ) -> None:
        self._guard = Guard(allow_private, resolver)
        self._agent = user_agent(contact)
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes

    def get(self, url: str, headers: Mapping[str, str], now: datetime) -> Answer:
        """The answer after at most five redirects. `headers` go only to the host (and port) of `url`.

        Raises Transient for what may work later (`after_seconds` where the server says when) and Permanent for what will not.
        """
        deadline = time.monotonic() + self._timeout_seconds
        first, permanent = _origin(url), True
        with self._client(deadline) as client:
            for hop in range(MAX_REDIRECTS + 1):
                check_url(url)
                sent = headers if _origin(url) == first else {}
                answer, location = self._one(client, url, sent, now)
                if answer:
                    return _moved(answer, url) if hop and permanent else answer
                permanent = permanent and location.permanent
                url = urljoin(url, location.url)
        raise Permanent(Rejection.INVALID, f"more than {MAX_REDIRECTS} redirects, the last to {without_query(url)}")

    @contextmanager
    def _client(self, deadline: float) -> Iterator[httpx2.Client]:
        transport = Transport(self._guard, deadline)
        timeout = httpx2.Timeout(self._timeout_seconds, connect=min(_CONNECT_SECONDS, self._timeout_seconds))
        with httpx2.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=timeout) as client:
            client.headers = httpx2.Headers({"User-Agent": self._agent, "Accept-Encoding": _decompress.ENCODINGS})
            yield client

    def _one(self, client: httpx2.Client, url: str, headers: Mapping[str, str], now: datetime) -> tuple[Answer | None, _Location]:
        try:
            with client.stream("GET", url, headers=dict(headers)) as response:
                names = {name.lower(): value for name, value in response.headers.items()}
                if response.status_code in _REDIRECTS and names.get("location"):
                    return None, _Location(names["location"], response.status_code in (301, 308))
                _refuse_status(response.status_code, url, names, now)
                body = b""
                if response.status_code != 304:
                    body = _decompress.read_body(response.iter_raw(), names.get("content-encoding", ""), self._max_bytes)
                return Answer(response.status_code, url, names, body), _Location("", False)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpcore2.UnsupportedProtocol) as error:
            raise Permanent(Rejection.INVALID, f"{without_query(url)} is no address: {error}") from error
        except (httpx2.HTTPError, httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as error:
            raise _network_error(url, error, self._timeout_seconds) from error


@dataclass(frozen=True)
class _Location:
    url: str
    permanent: bool


def user_agent(contact: str = "") -> str:
    """`Lagebild/<version> (+<contact>)`, in the form publishers look for."""
    try:
        version = importlib.metadata.version("lagebild")
    except importlib.metadata.PackageNotFoundError:
        version = "0"
    about = "".join(each for each in contact if each.isascii() and each.isprintable() and each not in "()").strip()
    return f"Lagebild/{version} (+{about})" if about else f"Lagebild/{version} (news monitor)"


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds or as an HTTP date; None when it is missing, unreadable or past. At most a day."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(seconds, MAX_RETRY_AFTER_SECONDS) if seconds > 0 else None


def _refuse_status(status: int, url: str, headers: Mapping[str, str], now: datetime) -> None:
    if status in (200, 304):
        return
    place = without_query(url)
    after_seconds = retry_after_seconds(headers.get("retry-after", ""), now)
    if status in (408, 425, 429) or status >= 500:
        raise Transient(f"{place} answers {status}" + (f" and asks to wait {after_seconds:.0f} s" if after_seconds else ""), after_seconds)
    raise Permanent(Rejection.UNREADABLE, f"{place} answers {status}: {_ADVICE.get(status, 'that is no feed; check the address')}")


def _network_error(url: str, error: Exception, timeout_seconds: float) -> Transient | Permanent:
    place = without_query(url)
    if isinstance(error, (httpx2.TimeoutException, httpcore2.TimeoutException, TimeoutError)):
        return Transient(f"{place} did not answer in full within {timeout_seconds:g} s")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Permanent(Rejection.INVALID, f"{place} shows a certificate that cannot be trusted: {cause.verify_message}")
        cause = cause.__cause__ or cause.__context__
    return Transient(f"{place} cannot be fetched: {str(error) or type(error).__name__}"[:400])


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        return url, None, None


def _moved(answer: Answer, url: str) -> Answer:
    return Answer(answer.status, answer.url, answer.headers, answer.body, moved_to=url)
