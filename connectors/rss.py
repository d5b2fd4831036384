"""Feeds over HTTP: RSS, Atom, RDF and JSON Feed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pydantic
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors import _feed
from connectors._http import Answer, Client
from connectors._item import site_of
from connectors._new_items import Memory, select
from pipeline.article import Source
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.outgoing.address import Allowance, url_problem, without_query
from pipeline.plugins import Batch, Context, Unreadable
from pipeline.settings import secret

ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"


class Options(BaseModel):
    """A feed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="address of the feed, http or https")
    site: str = Field(
        "", description="the publisher's host, within which GUIDs are unique; default: the host of the feed's link, or else of its address"
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="further request headers, such as Authorization; values may be ${env:NAME} or ${file:/path}"
    )
    contact: str = Field("", description="address or URL in our User-Agent; default: contact of the configuration")
    timeout_seconds: float = Field(30, gt=0, le=300, description="time for the whole request, redirects and body included")
    max_bytes: int = Field(10_000_000, ge=1_000, le=100_000_000, description="largest feed, decompressed")
    max_items: int = Field(1_000, ge=1, le=10_000, description="items read from one document at most; more are reported")
    allow_private: list[Allowance] = Field(
        default_factory=list, description="hosts, addresses or networks that may be private, such as 127.0.0.1 or 10.0.0.0/8"
    )

    @pydantic.field_validator("url")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        if problem := url_problem(value):
            raise ValueError(f"{without_query(value)} {problem}")
        return value


def create(options: Options, context: Context) -> Rss:
    return Rss(options, context)


class Rss:
    """One feed. The cursor: validators, hash of the last document, hashes of items seen, GUIDs known to be used twice."""

    def __init__(self, options: Options, context: Context, client: Client | None = None) -> None:
        self._options = options
        self._context = context
        self._client = client or Client(
            contact=options.contact,
            timeout_seconds=options.timeout_seconds,
            max_bytes=options.max_bytes,
            allow_private=options.allow_private,
        )

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The items that are new or changed since `cursor`, oldest first.

        A document that cannot be read at all is handed over once, as `unreadable`; while it stays as it is, Permanent is raised.
        """
        now = self._context.now()
        same_url = cursor.get("url") == self._options.url
        answer = self._client.get(self._options.url, self._request_headers(cursor if same_url else {}), now)
        if answer.status == 304:
            return Batch(cursor=cursor)
        digest = hashlib.sha256(answer.body).hexdigest()[:32]
        if digest == cursor.get("refused"):
            raise Permanent(Rejection.UNREADABLE, str(cursor.get("why", "the feed is still unreadable"))[:500])
        kept = {name: cursor[name] for name in ("seen", "doubled", "over") if name in cursor}
        if digest == cursor.get("document"):
            # The server knows no validators or ignores them: nothing is new all the same.
            return Batch(
                cursor={
                    **kept,
                    "url": self._options.url,
                    "document": digest,
                    **_validators(answer, cursor.get("broken")),
                    **_damage(cursor),
                }
            )
        try:
            feed = _feed.parse(answer.body, answer.url, answer.headers.get("content-type", ""))
        except Permanent as error:
            refused = {**kept, "url": self._options.url, "refused": digest, "why": str(error)}
            return Batch(cursor=refused, unreadable=(self._unreadable(error.reason, str(error), answer.body),))
        return self._batch(feed, answer, digest, cursor, now)

    def _request_headers(self, cursor: Mapping[str, Any]) -> dict[str, str]:
        headers = {"Accept": ACCEPT} | {name: secret(value) for name, value in self._options.headers.items()}
        if cursor.get("etag"):
            headers["If-None-Match"] = str(cursor["etag"])
        if cursor.get("last_modified"):
            headers["If-Modified-Since"] = str(cursor["last_modified"])
        return headers

    def _batch(self, feed: _feed.Feed, answer: Answer, digest: str, cursor: Mapping[str, Any], now: datetime) -> Batch:
        unreadable = []
        if feed.broken:
            detail = f"the feed is broken ({feed.broken}); its {len(feed.items)} complete items were read"
            unreadable.append(self._unreadable(Rejection.UNREADABLE, detail, answer.body))
        over = len(feed.items) > self._options.max_items
        if over and not cursor.get("over"):
            detail = (
                f"the feed holds {len(feed.items):,} items; the first {self._options.max_items:,} are read: raise max_items to read all"
            )
            unreadable.append(self._unreadable(Rejection.TOO_LARGE, detail, b""))
        items = feed.items[: self._options.max_items]
        site = self._options.site or site_of(feed.link, self._options.url)
        source = Source(id=self._context.name, name=feed.title[:200], connector="rss", site=site)
        news = select(items, source, feed.encoding, now, Memory.of(cursor))
        new_cursor: dict[str, Any] = {"url": self._options.url, "document": digest, **news.memory.as_cursor()}
        new_cursor |= {"over": True} if over else {}
        new_cursor |= {"broken": True} if feed.broken else {}
        return Batch(news.articles, {**new_cursor, **_validators(answer, feed.broken)}, unreadable=(*unreadable, *news.unreadable))

    def _unreadable(self, reason: str, detail: str, original: bytes) -> Unreadable:
        return Unreadable(self._options.url, reason, detail, original)


def _validators(answer: Answer, broken: Any) -> dict[str, str]:
    """What the next request sends back, byte for byte. A broken document has none, so that its repair is seen."""
    if broken:
        return {}
    found = {"etag": answer.headers.get("etag", ""), "last_modified": answer.headers.get("last-modified", "")}
    return {name: value for name, value in found.items() if value and len(value) <= 1_000}


def _damage(cursor: Mapping[str, Any]) -> dict[str, Any]:
    return {"broken": True} if cursor.get("broken") else {}
