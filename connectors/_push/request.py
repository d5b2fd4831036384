"""One pushed request: let in, read, handed over, and answered once Kafka has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from connectors._push.access import Access, Replays, mark_of
from connectors._push.waiting import Delivery, Full, Waiting
from connectors._wire import documents
from connectors._wire.articles import article_from
from connectors._wire.documents import Kind
from pipeline.article import Article
from pipeline.plugins import Context, Unreadable

RETRY_AFTER_SECONDS = 5
_KINDS: dict[str, Kind] = {
    "application/json": "json",
    "application/ld+json": "json",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/xml": "xml",
    "application/xml": "xml",
    "text/plain": "text",
}


class Limits(Protocol):
    """The options of the source that matter to a request."""

    @property
    def max_bytes(self) -> int: ...
    @property
    def max_articles(self) -> int: ...
    @property
    def confirm_seconds(self) -> float: ...
    @property
    def site(self) -> str: ...


@dataclass(frozen=True)
class Reply:
    """`body` as JSON, or a text as it is."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(status: int, why: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, {"error": why}, headers or {})


def not_confirmed() -> Reply:
    return refused(503, "Kafka has not confirmed it: send it again, it is recognised", {"Retry-After": str(RETRY_AFTER_SECONDS)})


class Endpoint(Protocol):
    """What the server needs of whoever takes requests."""

    @property
    def max_bytes(self) -> int: ...
    def refusal(self, headers: Mapping[str, str], body: bytes | None) -> Reply | None:
        """The answer to a request that is not let in; without its `body`: whether that is worth taking."""
        ...

    async def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer to a request that is let in."""
        ...

    def asked(self, query: Mapping[str, str]) -> Reply:
        """The answer to a question without a body."""
        ...


class Intake:
    """What the endpoint of one source does with a request."""

    def __init__(self, limits: Limits, context: Context, access: Access, waiting: Waiting[Delivery], replays: Replays) -> None:
        self.max_bytes = limits.max_bytes
        self._limits = limits
        self._context = context
        self._access = access
        self._waiting = waiting
        self._replays = replays

    def refusal(self, headers: Mapping[str, str], body: bytes | None) -> Reply | None:
        """The answer to a request that is not let in; None for one that is, or, without its body, for one whose body is worth taking."""
        why = self._access.refusal(headers, body, self._context.now().timestamp())
        return refused(401, why, {"WWW-Authenticate": "Bearer"}) if why else None

    def asked(self, query: Mapping[str, str]) -> Reply:
        """Nothing is told here."""
        return refused(405, "articles are sent with POST", {"Allow": "POST"})

    async def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """202 with the article ids once Kafka has them, 200 for a copy of a request that it has, 503 when it does not confirm in time,
        422 when no article could be read (what it was is kept in `articles.rejected`), 413 for too many."""
        kind = _KINDS.get(headers.get("content-type", "").partition(";")[0].strip().lower(), "")
        # Pages take their time, and the server must go on answering.
        articles, unreadable = await asyncio.to_thread(self._read, body, kind)
        if len(articles) + len(unreadable) > self._limits.max_articles:
            return refused(
                413,
                f"{len(articles) + len(unreadable):,} articles in one request; {self._limits.max_articles:,} are taken at most: split it",
            )
        mark = mark_of(headers, body)
        if mark in self._replays:
            return Reply(200, {**_shown(articles, unreadable), "repeat": True})
        delivery = Delivery(mark, articles, unreadable, len(body))
        try:
            self._waiting.put(delivery)
            is_safe = await self._waiting.confirmed(delivery, self._limits.confirm_seconds)
        except Full:
            is_safe = False
        if not is_safe:
            return not_confirmed()
        return Reply(202 if articles else 422, {**_shown(articles, unreadable), "repeat": False})

    def _read(self, body: bytes, kind: Kind) -> tuple[tuple[Article, ...], tuple[Unreadable, ...]]:
        articles, unreadable = [], []
        for entry in documents.entries("request", body, kind):
            if isinstance(entry.found, Unreadable):
                unreadable.append(entry.found)
            else:
                articles.append(article_from(entry, "push", self._context.name, self._context.now(), site=self._limits.site))
        return tuple(articles), tuple(unreadable)


def _shown(articles: tuple[Article, ...], unreadable: tuple[Unreadable, ...]) -> dict[str, Any]:
    return {
        "articles": [{"id": each.id, "guid": each.guid, **_held(each)} for each in articles],
        "rejected": [{"subject": each.subject, "reason": str(each.reason), "detail": each.detail} for each in unreadable],
    }


def _held(each: Article) -> dict[str, str]:
    held = {"embargoed": each.embargoed_at.isoformat()} if each.embargoed_at else {}
    return held | ({"pubstatus": each.pubstatus} if each.pubstatus == "withheld" else {})
