"""What a pushed document brings: read as a polled one is, so that push and poll make one article of one item. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from connectors._feed import parsing
from connectors._feed.new_items import REMEMBERED_ITEMS, Memory, select
from connectors._item import site_of
from connectors._polled import Polled
from pipeline.article import Article, Source
from pipeline.errors import Permanent
from pipeline.plugins import Unreadable

# A hub often sends the new items alone: what the last poll saw must not be forgotten for them.
MOST_REMEMBERED = 10_000 + REMEMBERED_ITEMS
MOST_SHOWN = 5_000


class Limits(Protocol):
    """The options of the feed that matter here."""

    @property
    def url(self) -> str: ...
    @property
    def site(self) -> str: ...
    @property
    def max_items(self) -> int: ...


@dataclass(frozen=True)
class Place:
    """What the last poll knew of the feed and a pushed part of it may not say: where it was, whose site it is, its title and language."""

    address: str = ""
    site: str = ""
    title: str = ""
    language: str = ""


@dataclass(frozen=True)
class Brought:
    """`ids` are those of all items in the document, shortened; `cursor` is that of the polled feed, which has seen them now."""

    cursor: Mapping[str, Any]
    articles: tuple[Article, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    ids: frozenset[str] = frozenset()
    left_out: int = 0


def read(body: bytes, content_type: str, cursor: Mapping[str, Any], place: Place, limits: Limits, source_id: str, now: datetime) -> Brought:
    """The items of `body` that neither a poll nor a push has brought; a document that cannot be read is handed over as `unreadable`."""
    try:
        feed = parsing.parse(body, place.address or limits.url, content_type)
    except Permanent as error:
        return Brought(cursor, unreadable=(Unreadable(limits.url, error.reason, f"pushed: {error}", body),))
    site = limits.site or place.site or site_of(feed.link, limits.url)
    source = Source(id=source_id, name=(feed.title or place.title)[:200], connector="rss", site=site)
    memory = Memory.of(cursor)
    remembered = min(max(len(memory.seen), REMEMBERED_ITEMS), MOST_REMEMBERED)
    items = [replace(each, language=each.language or place.language) for each in feed.items[: limits.max_items]]
    found = select(items, source, feed.encoding, now, memory, remembered)
    polled = Polled.of(cursor, limits.url)
    shown = polled.looks[-1].shown if polled.looks else found.shown
    polled = polled.looked(now, found.new, shown, wished_seconds=polled.wished_seconds)
    shown_ids = memory.shown | found.ids if len(memory.shown) < MOST_SHOWN else memory.shown
    after = polled.within(cursor) | replace(found.memory, shown=shown_ids).as_cursor()
    unreadable = found.unreadable
    if feed.broken:
        detail = f"pushed: the feed is broken ({feed.broken}); its {len(feed.items)} complete items were read"
        unreadable = (Unreadable(limits.url, "unreadable", detail, body), *unreadable)
    return Brought(after, found.articles, unreadable, found.ids, max(len(feed.items) - limits.max_items, 0))
