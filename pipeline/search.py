"""The connection to Elasticsearch: the only file that imports its client.

Everything that is asked of the server goes through `Server`. What the index holds and how it is written stands in `pipeline/index/`.

The client's own retries are off, because they cannot tell "try again" from "never": `index/writer.py` decides that per document. `GET /`
is never asked: small distributions do not have it, so readiness is the cluster's health.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit, urlunsplit

import structlog
from elastic_transport import ApiError, TlsError, TransportError
from elasticsearch import Elasticsearch, ElasticsearchWarning, UnsupportedProductError
from pydantic import SecretStr

from pipeline import tls
from pipeline.errors import LagebildError, Transient, Unreachable
from pipeline.index.bulk import Answer, explain
from pipeline.outgoing.answer import one_line
from pipeline.settings import Settings, given_secret, secret

log = structlog.get_logger()

REQUEST_SECONDS = 30.0
_JSON = {"accept": "application/json", "content-type": "application/json"}
_BULK = {"accept": "application/json", "content-type": "application/x-ndjson"}
# Only what `index/bulk.py` reads: the full answer names every document again.
_BULK_PATH = "/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by"


class Denied(Unreachable):
    """Something answers but does not let us in: the user, the password, the rights or the address are wrong."""


class Busy(Transient):
    """Elasticsearch answers that it cannot do it now."""


class Refused(LagebildError):
    """Elasticsearch refuses a request as wrong. `status` is its HTTP status, `kind` the type of its error."""

    def __init__(self, message: str, status: int, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def shown(url: str) -> str:
    """The address without a user and a password, as messages may show it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Server:
    """One Elasticsearch. The address may hold `${env:NAME}` or `${file:/path}` where a user and a password stand."""

    def __init__(self, settings: Settings, request_seconds: float = REQUEST_SECONDS) -> None:
        self.url = shown(settings.elasticsearch.url)
        self._fingerprinted = bool(settings.elasticsearch.certificate_fingerprint)
        self._client = Elasticsearch(
            secret(SecretStr(settings.elasticsearch.url)),
            request_timeout=request_seconds,
            max_retries=0,
            retry_on_timeout=False,
            **_sign_in(settings),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None, parameters: Mapping[str, str] | None = None) -> Any:
        """The decoded answer. Raises Denied (401, 403, no Elasticsearch), Refused (other 4xx) or Transient (anything that may work in a moment)."""
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        try:
            content = self._perform(method, target, _JSON, body).body
        except ApiError as error:
            raise self._translated(error) from error
        except TransportError as error:
            raise self._unanswered(error) from error
        if isinstance(content, str | list):
            raise Denied(f"what answers at {self.url} is no Elasticsearch ({_said(content)[:200]})", "set elasticsearch.url to one")
        return content

    def found(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Like `request("GET", …)`, but None where the server has no such thing."""
        try:
            return self.request("GET", path, None, parameters)
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def bulk(self, body: bytes) -> Answer:
        """What the server says to a bulk request; never raises for an answer or for the lack of one."""
        try:
            answer = self._perform("POST", _BULK_PATH, _BULK, body)
        except UnsupportedProductError:
            return Answer(451, f"what answers at {self.url} is no Elasticsearch: set elasticsearch.url to one")
        except ApiError as error:
            return Answer(error.meta.status, _said(error.body) or f"status {error.meta.status}")
        except TransportError as error:
            return Answer(0, str(self._unanswered(error)))
        content = answer.body if isinstance(answer.body, Mapping) else {}
        return Answer(200, items=content.get("items"), clean=content.get("errors") is False)

    def _perform(self, method: str, target: str, headers: Mapping[str, str], body: Any) -> Any:
        with warnings.catch_warnings():
            # Servers remark on being unsecured or on old features with every answer; neither is a message of ours.
            warnings.simplefilter("ignore", ElasticsearchWarning)
            return self._client.perform_request(method, target, headers=headers, body=body)

    def _unanswered(self, error: TransportError) -> LagebildError:
        """Denied when it is known that waiting does not help, else Transient."""
        if told := self._distrust(error):
            return Denied(f"Elasticsearch at {self.url} is not trusted: {told[0]}", told[1])
        if told := tls.other_protocol(error, self.url, "elasticsearch.url"):
            return Denied(f"Elasticsearch does not answer at {self.url}: {told[0]}", told[1])
        return Transient(f"Elasticsearch does not answer at {self.url}: {_plain(error)}")

    def _distrust(self, error: TransportError) -> tuple[str, str] | None:
        """Why the server's certificate was not accepted, and what to do; None when the error is another one."""
        if self._fingerprinted and "ingerprints did not match" in str(error.message):
            return (
                "no certificate that it shows has the fingerprint in elasticsearch.certificate_fingerprint",
                "ask who runs it for the right one, do not take it from the connection itself",
            )
        return tls.distrust(error, "elasticsearch", "elasticsearch.url") if isinstance(error, TlsError) else None

    def _translated(self, error: ApiError) -> LagebildError:
        status = error.meta.status
        reason = _said(error.body) or str(error)
        if isinstance(error, UnsupportedProductError):
            return Denied(f"what answers at {self.url} is no Elasticsearch ({reason})", "set elasticsearch.url to one")
        if status == 401:
            return Denied(
                f"Elasticsearch at {self.url} does not accept who we are ({reason})",
                "check elasticsearch.user and elasticsearch.password, or elasticsearch.api_key",
            )
        if status == 403:
            return Denied(
                f"Elasticsearch at {self.url} does not allow this ({reason})", "give the user its role of deploy/elasticsearch-roles.yml"
            )
        if status in (408, 429) or status >= 500:
            return Busy(f"Elasticsearch at {self.url} cannot do it now: {reason}")
        if not isinstance(error.body, Mapping):
            return Denied(f"what answers at {self.url} with {status} is no Elasticsearch ({reason})", "set elasticsearch.url to one")
        content = error.body.get("error")
        kind = str(content.get("type", "")) if isinstance(content, Mapping) else ""
        return Refused(f"Elasticsearch at {self.url} refuses {error.meta.status}: {reason}", status, kind)


def signs_in(settings: Settings) -> bool:
    """Whether Elasticsearch learns who we are."""
    wanted = settings.elasticsearch
    return bool(wanted.user or wanted.api_key or "@" in urlsplit(wanted.url).netloc)


def certificate_ends_at(settings: Settings) -> datetime | None:
    """When the server's certificate ends; None without TLS, when only a fingerprint is known, or when it cannot be had."""
    wanted = settings.elasticsearch
    parts = urlsplit(shown(wanted.url))
    if parts.scheme != "https" or wanted.certificate_fingerprint:
        return None
    return tls.certificate_ends_at(parts.hostname or "", parts.port or 443, tls.trusting(wanted.ca_file, "elasticsearch"))


def _sign_in(settings: Settings) -> dict[str, Any]:
    """The client's options for TLS and for who we are. Raises BadConfiguration when a file or a secret is not there."""
    wanted = settings.elasticsearch
    options: dict[str, Any] = {}
    if wanted.url.startswith("https:"):
        options["ssl_context"] = tls.trusting(wanted.ca_file, "elasticsearch")
    if wanted.certificate_fingerprint:
        options["ssl_assert_fingerprint"] = wanted.certificate_fingerprint.replace(":", "").lower()
    if wanted.api_key:
        options["api_key"] = given_secret(wanted.api_key, "elasticsearch.api_key")
    if wanted.user:
        options["basic_auth"] = (
            given_secret(wanted.user, "elasticsearch.user"),
            given_secret(wanted.password, "elasticsearch.password"),
        )
    return options


def _said(body: Any) -> str:
    """What an answer says went wrong, on one line: an error of Elasticsearch, or what else stands there."""
    content = body.get("error") if isinstance(body, Mapping) else body
    if isinstance(content, Mapping):
        return explain(content)
    return one_line(content if isinstance(content, bytes) else str(content or "").encode())


def _plain(error: TransportError) -> str:
    """What went wrong at the bottom: libraries wrap it in words of their own."""
    inner = [each for each in tls.causes(error) if isinstance(each, OSError) and not isinstance(each, TransportError)]
    if inner and (reason := inner[-1].strerror):
        return reason.lower()
    if inner and isinstance(inner[-1], ConnectionError):
        return "it closed the connection without an answer"
    return (str(error.message) or type(error).__name__)[:300]


def ready(server: Server) -> bool:
    """Whether the cluster answers and has its primary shards. Raises Denied or Refused when it answers something else."""
    try:
        health = server.request("GET", "/_cluster/health")
    except Transient:
        return False
    return isinstance(health, Mapping) and health.get("status") in ("green", "yellow")


def wait_until_ready(settings: Settings, seconds: float) -> None:
    """Return once Elasticsearch answers and is not red. Raises Unreachable, with the address and what to do, after `seconds`."""
    deadline = time.monotonic() + seconds
    with Server(settings, request_seconds=5.0) as server:
        while not ready(server):
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"Elasticsearch is not ready at {server.url} after {seconds:.0f} s. Start it, or set elasticsearch.url in the "
                    "configuration; `lagebild demo` starts one of its own."
                )
            time.sleep(0.2)
