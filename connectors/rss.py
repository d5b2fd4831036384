"""Feeds over HTTP: RSS, Atom, RDF and JSON Feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from connectors import _pace
from connectors._address import Address, MaxBytes
from connectors._feed import parsing
from connectors._feed.new_items import Memory, Selection, select
from connectors._http import Answer, Client
from connectors._item import site_of
from connectors._pace import Limits
from connectors._page.full_text import with_full_text
from connectors._polled import Polled, about_answer, digest
from connectors._websub import discovery, wanted
from pipeline.article import Source
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Connector, Context, Unreadable

ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"


class Options(Address):
    """A feed."""

    url: str = Field(description="address of the feed, http or https")
    site: str = Field(
        "", description="the publisher's host, within which GUIDs are unique; default: the host of the feed's link, or else of its address"
    )
    max_bytes: MaxBytes = Field(10_000_000, description="largest feed, decompressed")
    full_text: bool = Field(False, description="read each article on its own page, with the pause that its site asks for")
    websub: bool | None = Field(
        None,
        description="let the feed's hub push it, and poll less while it does; default: collector.callback.websub. Needs collector.callback",
    )
    max_items: int = Field(1_000, ge=1, le=10_000, description="items read from one document at most; more are reported")
    min_seconds: float = Field(
        60,
        ge=5,
        le=86_400,
        description="shortest pause between two fetches when the source names no every_seconds: the feed's own rhythm decides",
    )
    max_seconds: float = Field(900, ge=5, le=86_400, description="longest pause, likewise; what the feed itself wishes may not exceed it")


def create(options: Options, context: Context) -> Connector:
    feed = wanted.with_pushes(Rss(options, context), options, context)
    return with_full_text(feed, options, context) if options.full_text else feed


def leave(cursor: Mapping[str, Any], options: Mapping[str, Any], context: Context, *, goes_on: bool) -> Mapping[str, Any] | None:
    """The cursor without its hub, once that was told that the feed is pushed no more; None while it goes on being pushed, or never was."""
    if not wanted.has_hub(cursor):
        return None
    chosen = Options.model_validate({"url": cursor.get("url"), **options})
    return wanted.left(cursor, chosen, context, goes_on=goes_on)


@dataclass(frozen=True)
class _Found:
    """One document that could be read, and what of it is new."""

    feed: parsing.Feed
    news: Selection
    polled: Polled
    over: int
    tells_over: bool


class Rss:
    """One feed. The cursor: where and how it is asked (`Polled`), the items seen (`Memory`), and which complaints were made already."""

    def __init__(self, options: Options, context: Context, client: Client | None = None) -> None:
        self._options = options
        self._context = context
        self._limits = Limits(options.min_seconds, options.max_seconds)
        self._client = client or options.client()
        self.host = options.host

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The items that are new or changed since `cursor`, oldest first; those of the first document are marked as back-fill.

        A document that cannot be read at all is handed over once, as `unreadable`; while it stays as it is, Permanent is raised.
        """
        now = self._context.now()
        answer, polled = Polled.of(cursor, self._options.url).ask(self._client, {"Accept": ACCEPT}, self._options.secrets(), now)
        if answer.status == 304:
            return self._unchanged(polled.within(cursor), polled, about_answer(answer), now)
        if digest(answer.body) == cursor.get("refused"):
            raise Permanent(Rejection.UNREADABLE, str(cursor.get("why", "the feed is still unreadable"))[:500])
        kept = {name: cursor[name] for name in ("seen", "shown", "doubled", "over") if name in cursor}
        if digest(answer.body) == polled.document:
            # The server knows no validators or ignores them: nothing is new all the same.
            broken = {"broken": True} if cursor.get("broken") else {}
            polled = polled.read(answer, keep_validators=not broken)
            return self._unchanged({**kept, **broken, **polled.as_cursor()}, polled, about_answer(answer), now)
        try:
            feed = parsing.parse(answer.body, answer.url, answer.headers.get("content-type", ""))
        except Permanent as error:
            refused = {**kept, **polled.forgotten().as_cursor(), "refused": digest(answer.body), "why": str(error)}
            named = {"feeds": [[each.url, each.title] for each in error.feeds]} if isinstance(error, parsing.WebPage) else {}
            found = self._unreadable(error.reason, str(error), answer.body)
            return Batch(cursor=refused, unreadable=(found,), about=about_answer(answer) | named)
        return self._batch(self._looked(feed, answer, polled, cursor, now), answer, now)

    def _unchanged(self, cursor: Mapping[str, Any], polled: Polled, about: Mapping[str, Any], now: datetime) -> Batch:
        return Batch(
            cursor=cursor, wait_seconds=polled.wait_seconds(self._limits, self._context, now), unchanged=True, note=polled.note, about=about
        )

    def _looked(self, feed: parsing.Feed, answer: Answer, polled: Polled, cursor: Mapping[str, Any], now: datetime) -> _Found:
        source = Source(id=self._context.name, name=feed.title[:200], connector="rss", site=self._site(feed))
        news = select(feed.items[: self._options.max_items], source, feed.encoding, now, Memory.of(cursor))
        wish = max(feed.wished_seconds, _pace.wish_of_headers(answer.headers, now))
        polled = polled.read(answer, keep_validators=not feed.broken)
        polled = polled.looked(now, news.new, news.shown, is_gap=news.is_gap, wished_seconds=wish)
        return _Found(feed, news, polled, max(len(feed.items) - self._options.max_items, 0), not cursor.get("over"))

    def _site(self, feed: parsing.Feed) -> str:
        return self._options.site or site_of(feed.link, self._options.url)

    def _batch(self, found: _Found, answer: Answer, now: datetime) -> Batch:
        feed, news = found.feed, found.news
        unreadable = []
        if feed.broken:
            detail = f"the feed is broken ({feed.broken}); its {len(feed.items)} complete items were read"
            unreadable.append(self._unreadable(Rejection.UNREADABLE, detail, answer.body))
        if found.over and found.tells_over:
            detail = (
                f"the feed holds {len(feed.items):,} items; the first {self._options.max_items:,} are read: raise max_items to read all"
            )
            unreadable.append(self._unreadable(Rejection.TOO_LARGE, detail, b""))
        pushed_by = discovery.named(answer.headers, feed.hubs, feed.own_address, answer.url)
        marks = {name: True for name, is_so in (("over", found.over), ("broken", feed.broken)) if is_so}
        return Batch(
            news.articles,
            {**found.polled.as_cursor(), **news.memory.as_cursor(), **marks},
            found.polled.wait_seconds(self._limits, self._context, now),
            (*unreadable, *news.unreadable),
            possible_losses=int(news.is_gap),
            left_out=found.over,
            about=about_answer(answer)
            | {
                "title": feed.title,
                "language": feed.language,
                "encoding": feed.encoding,
                "items": len(feed.items),
                "site": self._site(feed),
                "hubs": list(pushed_by.hubs),
                "topic": pushed_by.topic,
            },
            note=_LOSS if news.is_gap else found.polled.note,
        )

    def _unreadable(self, reason: str, detail: str, original: bytes) -> Unreadable:
        return Unreadable(self._options.url, reason, detail, original)


_LOSS = "the last document shared no item with the one before: some may have come and gone unseen; ask it more often"
