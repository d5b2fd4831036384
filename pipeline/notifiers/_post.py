"""Posting to a receiver: what an answer, or none, means for a notification. Redirects are refused; the way there is `pipeline.outgoing`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import BadConfiguration, GiveUp, Problem, TryAgain
from pipeline.outgoing.address import Allowance, Guard, url_problem
from pipeline.outgoing.answer import one_line, retry_after_seconds
from pipeline.outgoing.errors import NotAllowed, NotResolved, NotSendable, NotTrusted, OutgoingError
from pipeline.outgoing.exchange import Exchange
from pipeline.outgoing.network import certificates_of_environment
from pipeline.plugins import Context

_LATER = frozenset({408, 425, 429})
_ANSWER_BYTES = 2_000


class PostOptions(BaseModel):
    """What every notifier that posts may be told."""

    # Validation errors would quote what was written, which may be a secret.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    timeout_seconds: float = Field(10, gt=0, le=60, description="for one attempt as a whole")
    allow_private: list[Allowance] = Field(
        default_factory=list, description="hosts, addresses or networks that may be private, such as 127.0.0.1 or 10.0.0.0/8"
    )


@dataclass(frozen=True)
class Taken:
    """The receiver's 2xx. `headers` have lower-case names; `body` is its beginning, for channels that say there whether they took it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """The answer for people: its status and its first words."""
        return f"{self.status} {one_line(self.body)}".strip()


class Poster:
    """Posts to one URL. May be used by several threads."""

    def __init__(self, url: str, timeout_seconds: float, allow_private: Sequence[str] = (), answer_bytes: int = _ANSWER_BYTES) -> None:
        """`answer_bytes` of an answer are read at most. Raises ValueError when `url` is no http or https address, or an entry of
        `allow_private` is no network; its message never holds the URL, whose path is a secret with many channels."""
        if problem := url_problem(url):
            raise ValueError(f"the receiver's url {problem}")
        if not url.isascii():
            raise ValueError("the receiver's url must be written in ASCII: percent-encode its path, and use the punycode form of its host")
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self._url = url
        self._guard = Guard(allow_private)
        self._timeout_seconds = timeout_seconds
        self._answer_bytes = answer_bytes
        self._tls = certificates_of_environment() if parts.scheme.lower() == "https" else None

    def post(
        self,
        body: bytes,
        headers: Mapping[str, str],
        now: datetime,
        *,
        method: Literal["POST", "PUT"] = "POST",
        below: str = "",
        asked: Callable[[bytes], float | None] = lambda _: None,
    ) -> Taken:
        """The receiver's answer when it is a 2xx. Raises TryAgain or GiveUp.

        `below` is put after the URL as it is: a path, percent-encoded by the caller, that begins with a slash (ValueError otherwise).
        `asked` reads from a body how many seconds the receiver asks for, where the channel says it there; a Retry-After comes first.
        """
        if below and not below.startswith("/"):
            raise ValueError("what is put after a receiver's url begins with a slash: anything else could name another host")
        deadline = time.monotonic() + self._timeout_seconds
        try:
            with (
                Exchange(self._guard, deadline, tls=self._tls) as exchange,
                exchange.ask(method, self._url + below, {"User-Agent": "Lagebild", **headers}, body) as answer,
            ):
                return self._judge(Taken(answer.status, answer.headers, answer.beginning(self._answer_bytes)), now, asked)
        except NotAllowed as error:
            raise GiveUp(f"{error}; if that is meant, add {self.host} to the receiver's allow_private") from error
        except NotSendable as error:
            raise GiveUp(f"the message to {self.host} cannot be sent: {error}") from error
        except NotResolved as error:
            raise TryAgain(str(error)) from error
        except NotTrusted as error:
            raise TryAgain(f"{self.host} shows a certificate that cannot be trusted: {error}") from error
        except OutgoingError as error:
            raise TryAgain(f"{self.host} does not answer: {error}") from error

    def _judge(self, answer: Taken, now: datetime, asked: Callable[[bytes], float | None]) -> Taken:
        if 200 <= answer.status < 300:
            return answer
        beginning = one_line(answer.body)
        said = f"{self.host} answered {answer.status}{': ' + beginning if beginning else ''}"
        if answer.status in _LATER or answer.status >= 500:
            raise TryAgain(said, retry_after_seconds(answer.headers.get("retry-after", ""), now) or asked(answer.body))
        if 300 <= answer.status < 400:
            raise GiveUp(f"{said}; redirects are not followed: put the new address into the configuration")
        raise GiveUp(said)


def poster_for(url: str, options: PostOptions, context: Context, answer_bytes: int = _ANSWER_BYTES) -> Poster:
    """A Poster for a receiver's options. Raises BadConfiguration when `url` cannot be posted to; it is not shown."""
    try:
        return Poster(url, options.timeout_seconds, options.allow_private, answer_bytes)
    except ValueError as error:
        raise BadConfiguration([Problem(f"receiver {context.name}", 1, 1, str(error))]) from None


def said(answer: Taken) -> dict[str, Any] | None:
    """The JSON object in an answer's body, or None when it is none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def checked_json(poster: Poster, answer: Taken) -> dict[str, Any]:
    """The JSON object that a channel promises with every answer. Raises TryAgain when it is something else: that was not the channel."""
    found = said(answer)
    if found is None:
        raise TryAgain(f"{poster.host} answered {answer.status} without the JSON it promises: {one_line(answer.body)[:80]}")
    return found


# What `json_body` is sent with.
JSON_HEADERS: Final[Mapping[str, str]] = {"content-type": "application/json; charset=utf-8"}


def json_body(value: Any) -> bytes:
    """`value` as JSON in UTF-8, without blanks between its parts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
