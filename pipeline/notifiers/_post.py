"""Posting to a receiver: what an answer, or none, means for a notification. Redirects are refused; the way there is `pipeline.outgoing`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pipeline.errors import GiveUp, TryAgain
from pipeline.outgoing.address import Guard, url_problem
from pipeline.outgoing.answer import retry_after_seconds
from pipeline.outgoing.errors import NotAllowed, NotResolved, NotSendable, NotTrusted, OutgoingError
from pipeline.outgoing.exchange import Exchange
from pipeline.outgoing.network import certificates_of_environment

_LATER = frozenset({408, 425, 429})
_ANSWER_BYTES = 2_000


@dataclass(frozen=True)
class Taken:
    """The receiver's 2xx. `headers` have lower-case names; `body` is its beginning, for channels that say there whether they took it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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
        self, body: bytes, headers: Mapping[str, str], now: datetime, *, method: Literal["POST", "PUT"] = "POST", below: str = ""
    ) -> Taken:
        """The receiver's answer when it is a 2xx. Raises TryAgain or GiveUp.

        `below` is put after the URL as it is: a path, percent-encoded by the caller, that begins with a slash (ValueError otherwise).
        """
        if below and not below.startswith("/"):
            raise ValueError("what is put after a receiver's url begins with a slash: anything else could name another host")
        deadline = time.monotonic() + self._timeout_seconds
        try:
            with (
                Exchange(self._guard, deadline, tls=self._tls) as exchange,
                exchange.ask(method, self._url + below, {"User-Agent": "Lagebild", **headers}, body) as answer,
            ):
                return self._judge(Taken(answer.status, answer.headers, answer.beginning(self._answer_bytes)), now)
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

    def _judge(self, answer: Taken, now: datetime) -> Taken:
        if 200 <= answer.status < 300:
            return answer
        beginning = one_line(answer.body)
        said = f"{self.host} answered {answer.status}{': ' + beginning if beginning else ''}"
        if answer.status in _LATER or answer.status >= 500:
            raise TryAgain(said, retry_after_seconds(answer.headers.get("retry-after", ""), now))
        if 300 <= answer.status < 400:
            raise GiveUp(f"{said}; redirects are not followed: put the new address into the configuration")
        raise GiveUp(said)


def json_body(value: Mapping[str, Any]) -> bytes:
    """`value` as JSON in UTF-8, without blanks between its parts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def one_line(body: bytes) -> str:
    """The first words of an answer for messages, at most 200 characters on one line: nothing of it is trusted."""
    text = body.decode("utf-8", "replace")
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:200]
