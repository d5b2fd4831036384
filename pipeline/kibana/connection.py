"""Asking one Kibana. The way there is `pipeline.outgoing`; what an answer means for the command is decided here and in `reading.py`.

Kibana stands inside the team's network, so the host that the configuration names is allowed, and no other: redirects are not followed.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from pipeline import tls
from pipeline.errors import BadConfiguration, LagebildError, Problem, Unreachable
from pipeline.outgoing.address import Guard, url_problem, without_query
from pipeline.outgoing.answer import one_line
from pipeline.outgoing.errors import NotSendable, NotTrusted, OutgoingError, TimeIsOver
from pipeline.outgoing.exchange import Exchange, basic
from pipeline.outgoing.network import certificates_of_system
from pipeline.settings import Settings, given_secret

_ANSWER_BYTES = 20_000_000
_BOUNDARY = "lagebild-b7c1f2a94d0e4f6f9a1d"


class Denied(Unreachable):
    """Kibana answers and does not let us in, or not do this: the user, the password, the key or the rights are wrong."""


class Refused(LagebildError):
    """Kibana refuses a request as wrong, or what answers is no Kibana."""


@dataclass(frozen=True)
class Reply:
    """An answer of Kibana. `content` is the decoded JSON, or None when the body is no JSON; `text` is its beginning, on one line."""

    status: int
    content: Any
    text: str
    body: bytes = b""

    @property
    def reason(self) -> str:
        """What Kibana says went wrong, for people."""
        said = self.content.get("message") if isinstance(self.content, Mapping) else None
        return one_line(str(said).encode("utf-8", "replace"))[:500] if said else self.text


class Kibana:
    """One Kibana and one space of it. Raises BadConfiguration when the configuration cannot lead to one."""

    def __init__(self, settings: Settings) -> None:
        wanted = settings.kibana
        if problem := url_problem(wanted.url):
            raise BadConfiguration([Problem("kibana.url", 1, 1, f"{without_query(wanted.url)} {problem}")])
        self.url = wanted.url.rstrip("/")
        self.shown = without_query(self.url)
        self.space = "" if wanted.space == "default" else wanted.space
        self._headers = {"kbn-xsrf": "lagebild", "Accept": "application/json", "User-Agent": "Lagebild", **_authorization(settings)}
        self._guard = Guard([urlsplit(self.url).hostname or ""])
        self._tls = _certificates(settings) if self.url.lower().startswith("https:") else None
        self._seconds = wanted.timeout_seconds

    def get(self, path: str, *, in_space: bool = True) -> Reply:
        return self.ask("GET", path, None, in_space=in_space)

    def ask(self, method: str, path: str, body: Any, *, in_space: bool = True) -> Reply:
        """The answer to a JSON request, whatever its status below 500 but 401 and 403. Raises Denied, Refused or Unreachable."""
        payload = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return self._sent(method, path, payload, {"Content-Type": "application/json"} if payload is not None else {}, in_space)

    def upload(self, path: str, filename: str, content: bytes) -> Reply:
        """The answer to a file that is sent as the form field `file`. Raises like `ask`."""
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: application/ndjson\r\n\r\n'
        payload = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return self._sent("POST", path, payload, {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}, True)

    def _sent(self, method: str, path: str, payload: bytes | None, headers: Mapping[str, str], in_space: bool) -> Reply:
        space = f"/s/{quote(self.space, safe='')}" if self.space and in_space else ""
        try:
            with (
                Exchange(self._guard, time.monotonic() + self._seconds, tls=self._tls) as exchange,
                exchange.ask(method, f"{self.url}{space}{path}", {**self._headers, **headers}, payload) as answer,
            ):
                body = b"".join(answer.chunks(_ANSWER_BYTES))
                status, location = answer.status, answer.headers.get("location", "")
        except NotSendable as error:
            raise BadConfiguration([Problem("kibana", 1, 1, f"the request to {self.shown} cannot be sent: {error}")]) from error
        except NotTrusted as error:
            raise Unreachable(
                f"Kibana at {self.shown} shows a certificate that cannot be trusted ({error})",
                "set kibana.ca_file to the authority that signed it, or the host in kibana.url to the name in the certificate",
            ) from error
        except TimeIsOver as error:
            raise Unreachable(
                f"Kibana at {self.shown} did not answer {path} within {self._seconds:g} s ({error})",
                "try again, or raise kibana.timeout_seconds",
            ) from error
        except OutgoingError as error:
            if told := tls.other_protocol(error, self.url, "kibana.url"):
                raise Unreachable(f"Kibana does not answer at {self.shown}: {told[0]}", told[1]) from error
            raise Unreachable(f"Kibana does not answer at {self.shown} ({_plain(error)})", "start it, or set kibana.url") from error
        return self._judged(path, Reply(status, _json(body), one_line(body), body), location)

    def _judged(self, path: str, reply: Reply, location: str) -> Reply:
        if reply.status == 401:
            raise Denied(
                f"Kibana at {self.shown} does not accept who we are ({reply.reason})",
                "check kibana.user and kibana.password, or kibana.api_key",
            )
        if reply.status == 403:
            raise Denied(
                f"Kibana at {self.shown} does not allow {path} ({reply.reason})",
                "give the user or key the role lagebild_kibana of deploy/elasticsearch-roles.yml: in this space it needs all rights on Saved Objects "
                "Management, Data Views, Dashboard, Discover, Stack Rules, and Actions and Connectors",
            )
        if reply.status == 503:
            raise Unreachable(f"Kibana at {self.shown} is not ready yet ({reply.reason})", "try again in a minute")
        if 300 <= reply.status < 400:
            raise Refused(
                f"Kibana at {self.shown} sends us on to {without_query(location)!r}; redirects are not followed: set kibana.url to Kibana's "
                "own address, with its base path when it has one"
            )
        if reply.status >= 500:
            raise Refused(f"Kibana at {self.shown} fails at {path} with {reply.status}: {reply.reason}")
        return reply


def _authorization(settings: Settings) -> dict[str, str]:
    wanted = settings.kibana
    if wanted.api_key:
        return {"Authorization": f"ApiKey {given_secret(wanted.api_key, 'kibana.api_key')}"}
    if wanted.user:
        return {"Authorization": basic(wanted.user, given_secret(wanted.password, "kibana.password"))}
    return {}


def _certificates(settings: Settings) -> ssl.SSLContext:
    if not settings.kibana.ca_file:
        return certificates_of_system()
    return tls.trusting(str(settings.folder / settings.kibana.ca_file), "kibana")


def _plain(error: OutgoingError) -> str:
    """Without the numbers that systems give to errors."""
    inner = next((each for each in tls.causes(error) if isinstance(each, OSError) and each.strerror), None)
    return str(inner.strerror).lower() if inner else str(error)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
