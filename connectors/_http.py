"""One polite, guarded HTTP client for every connector.

Polite: an honest User-Agent, conditional requests, compression, Retry-After. Guarded: every hop goes through `pipeline.outgoing`, all of them
under one deadline. What an answer, or none, means for a source is decided here.
"""

from __future__ import annotations

import functools
import importlib.metadata
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urljoin, urlsplit

from connectors import _decompress
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection
from pipeline.outgoing.address import Guard, url_problem, without_query
from pipeline.outgoing.answer import one_line, retry_after_seconds
from pipeline.outgoing.errors import NotAllowed, NotResolved, NotSendable, NotTrusted, OutgoingError, TimeIsOver, TooLarge
from pipeline.outgoing.exchange import Exchange
from pipeline.outgoing.network import Resolve, certificates_of_system, resolve

MAX_REDIRECTS = 5
MAX_RETRY_AFTER_SECONDS = 86_400.0
_CONNECT_SECONDS = 10.0
_READ_OF_REFUSAL = 2_000
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_ADVICE = {
    401: "it wants a login: add the header it expects",
    403: "it refuses us: ask the publisher, or set a contact address so that they know who asks",
    404: "the address does not exist any more: look for the new one",
    410: "the publisher has removed it for good: remove the source",
    451: "it may not be shown for legal reasons",
}
# What may follow a redirect to another host: without its validators a feed that has moved would never answer 304.
_HARMLESS = frozenset(("accept", "if-none-match", "if-modified-since"))
_KINDS = {404: "not_found", 410: "gone"}


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
        self._guard = Guard(allow_private)
        self._resolver = resolver
        self._headers = {
            "Accept": "*/*",
            "Accept-Encoding": _decompress.ENCODINGS,
            "Connection": "keep-alive",
            "User-Agent": user_agent(contact),
        }
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes

    def get(self, url: str, headers: Mapping[str, str], now: datetime) -> Answer:
        """The answer after at most five redirects. `headers` go only to the host (and port) of `url`, but for Accept and the validators.

        Raises Transient for what may work later (`after_seconds` where the server says when) and Permanent for what will not.
        """
        deadline = time.monotonic() + self._timeout_seconds
        first, permanent = _origin(url), True
        with self._exchange(deadline) as exchange:
            for hop in range(MAX_REDIRECTS + 1):
                check_url(url)
                sent = headers if _origin(url) == first else {name: headers[name] for name in headers if name.lower() in _HARMLESS}
                answer, location = self._one(exchange, url, sent, now)
                if answer:
                    return _moved(answer, url) if hop and permanent else answer
                permanent = permanent and location.permanent
                url = urljoin(url, location.url)
        raise Permanent(Rejection.INVALID, f"more than {MAX_REDIRECTS} redirects, the last to {without_query(url)}")

    def post(self, url: str, form: Mapping[str, str], now: datetime) -> None:
        """Return once the form was taken (2xx); 307 and 308 are followed, at most five times. Raises as `get` does."""
        deadline, body = time.monotonic() + self._timeout_seconds, urlencode(form).encode()
        with self._exchange(deadline) as exchange:
            for _ in range(MAX_REDIRECTS + 1):
                check_url(url)
                location = self._sent(exchange, url, body, now)
                if not location:
                    return
                url = urljoin(url, location)
        raise Permanent(Rejection.INVALID, f"more than {MAX_REDIRECTS} redirects, the last to {without_query(url)}")

    def _sent(self, exchange: Exchange, url: str, body: bytes, now: datetime) -> str:
        headers = self._headers | {"Accept-Encoding": "identity", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            with exchange.ask("POST", url, headers, body) as found:
                if found.status in (307, 308):
                    return found.headers.get("location", "")
                if 200 <= found.status < 300:
                    return ""
                said = one_line(found.beginning(_READ_OF_REFUSAL))
        except OutgoingError as error:
            raise _no_answer(url, error, self._timeout_seconds) from error
        _refuse_later(found.status, url, found.headers, now)
        raise Permanent(Rejection.UNREADABLE, f"{without_query(url)} answers {found.status}" + (f": {said}" if said else ""), "refused")

    def _exchange(self, deadline: float) -> Exchange:
        return Exchange(
            self._guard,
            deadline,
            tls=certificates_of_system(),
            connect_seconds=min(_CONNECT_SECONDS, self._timeout_seconds),
            resolver=self._resolver,
        )

    def _one(self, exchange: Exchange, url: str, headers: Mapping[str, str], now: datetime) -> tuple[Answer | None, _Location]:
        try:
            with exchange.ask("GET", url, _merged(self._headers, headers)) as found:
                names = found.headers
                if found.status in _REDIRECTS and names.get("location"):
                    return None, _Location(names["location"], found.status in (301, 308))
                _refuse_status(found.status, url, names, now)
                body = b""
                if found.status != 304:
                    body = _decompress.read_body(found.chunks(self._max_bytes), names.get("content-encoding", ""), self._max_bytes)
                return Answer(found.status, url, names, body), _Location("", False)
        except OutgoingError as error:
            raise _no_answer(url, error, self._timeout_seconds) from error


@dataclass(frozen=True)
class _Location:
    url: str
    permanent: bool


@functools.cache
def user_agent(contact: str = "") -> str:
    """`Lagebild/<version> (+<contact>)`, in the form publishers look for."""
    try:
        version = importlib.metadata.version("lagebild")
    except importlib.metadata.PackageNotFoundError:
        version = "0"
    about = "".join(each for each in contact if each.isascii() and each.isprintable() and each not in "()").strip()
    return f"Lagebild/{version} (+{about})" if about else f"Lagebild/{version} (news monitor)"


def check_url(url: str) -> None:
    """Return when `url` may be requested at all. Raises Permanent for another scheme, credentials in it, or no host."""
    if problem := url_problem(url):
        raise Permanent(Rejection.INVALID, f"{without_query(url)} {problem}")


def _refuse_status(status: int, url: str, headers: Mapping[str, str], now: datetime) -> None:
    if status in (200, 304):
        return
    _refuse_later(status, url, headers, now)
    advice = _ADVICE.get(status, "that is no feed; check the address")
    raise Permanent(Rejection.UNREADABLE, f"{without_query(url)} answers {status}: {advice}", _KINDS.get(status, "refused"))


def _refuse_later(status: int, url: str, headers: Mapping[str, str], now: datetime) -> None:
    if status not in (408, 425, 429) and status < 500:
        return
    asked = retry_after_seconds(headers.get("retry-after", ""), now)
    after_seconds = min(asked, MAX_RETRY_AFTER_SECONDS) if asked else None
    asks = f" and asks to wait {after_seconds:.0f} s" if after_seconds else ""
    raise Transient(f"{without_query(url)} answers {status}{asks}", after_seconds, "throttled" if status == 429 else "server")


def _no_answer(url: str, error: OutgoingError, timeout_seconds: float) -> Transient | Permanent:
    place = without_query(url)
    match error:
        case NotAllowed():
            return Permanent(Rejection.INVALID, f"{error}; if that is meant, add {error.host} to the source's allow_private", "address")
        case NotSendable():
            return Permanent(Rejection.INVALID, f"{place} cannot be asked: {error}", "address")
        case NotTrusted():
            return Permanent(Rejection.INVALID, f"{place} shows a certificate that cannot be trusted: {error}", "certificate")
        case TooLarge():
            return Permanent(Rejection.TOO_LARGE, f"{error}; raise max_bytes if that is meant")
        case NotResolved():
            return Transient(str(error), kind="name")
        case TimeIsOver():
            return Transient(f"{place} did not answer in full within {timeout_seconds:g} s", kind="timeout")
        case _:
            return Transient(f"{place} cannot be fetched: {error}"[:400], kind="connection")


def _merged(headers: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """`others` replace those of `headers` with the same name, whatever its case."""
    replaced = {name.lower() for name in others}
    return {name: value for name, value in headers.items() if name.lower() not in replaced} | dict(others)


def same_origin(one: str, other: str) -> bool:
    """Whether both addresses have the same scheme, host and port, or differ only in that the first is https: that is no stranger."""
    first, second = _origin(one), _origin(other)
    return first == second or (first[0] == "https" and first[1] == second[1] and first[2] is None and second[2] is None)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        return url, None, None


def _moved(answer: Answer, url: str) -> Answer:
    return Answer(answer.status, answer.url, answer.headers, answer.body, moved_to=url)
