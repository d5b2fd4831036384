"""Sitemaps: news sitemaps and indexes of them, for publishers without a feed, or with one that shows too little."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from connectors._address import Address, MaxBytes
from connectors._feed.new_items import Memory, select
from connectors._http import Client
from connectors._item import site_of
from connectors._pace import Limits
from connectors._polled import Polled
from connectors._sitemap import entries
from connectors._sitemap.walk import Walk
from pipeline.article import Source
from pipeline.plugins import Batch, Context

# A news sitemap holds two days. Below it so much is remembered, and no more is carried in one batch.
REMEMBERED_ENTRIES = 5_000
LONGEST_WALK_SECONDS = 240.0


class Options(Address):
    """A sitemap or an index of sitemaps."""

    url: str = Field(description="address of the sitemap or of the index, http or https; .gz may be")
    site: str = Field("", description="the publisher's host; default: that of each page's address")
    hosts: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="further hosts, and those below them, whose pages the sitemap may name, such as example.org; those of others are passed over and counted",
    )
    untitled: bool = Field(
        False,
        description="whether pages without a title in the sitemap are articles too, under the words of their address; others are news entries only",
    )
    max_age_days: float = Field(3, gt=0, le=400, description="pages and sitemaps that were changed longer ago are passed over")
    max_sitemaps: int = Field(
        50, ge=1, le=1_000, description="sitemaps of an index that are asked in one look, the newest first; more are reported"
    )
    max_bytes: MaxBytes = Field(52_428_800, description="largest sitemap, unpacked; the protocol allows 50 MB")
    min_seconds: float = Field(120, ge=5, le=86_400, description="shortest pause between two looks when the source names no every_seconds")
    max_seconds: float = Field(1_800, ge=5, le=86_400, description="longest pause, likewise")

    @property
    def own_hosts(self) -> frozenset[str]:
        """The hosts whose pages are taken, without `www.`."""
        named = (each.strip().lower().removeprefix("www.").strip(".") for each in (self.site, *self.hosts))
        return frozenset(each for each in (site_of(self.url), *named) if each)


def create(options: Options, context: Context) -> Sitemaps:
    return Sitemaps(options, context)


class Sitemaps:
    """One sitemap with all that an index names. The cursor: each document's validators and hash, and the entries seen."""

    def __init__(self, options: Options, context: Context, client: Client | None = None) -> None:
        self._options = options
        self._context = context
        self._limits = Limits(options.min_seconds, options.max_seconds)
        self._client = client or options.client()
        self.host = options.host

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The pages that are new or changed since `cursor`, oldest first; those of the first look are marked as back-fill.

        A sitemap of an index that cannot be read is reported and does not stop the others. Raises what the client raises for the first document.
        """
        now, options = self._context.now(), self._options
        walk = Walk(
            self._client,
            options.secrets(),
            now,
            max_age_days=options.max_age_days,
            max_sitemaps=options.max_sitemaps,
            max_bytes=options.max_bytes,
            until=time.monotonic() + LONGEST_WALK_SECONDS,
            hosts=options.own_hosts,
        )
        polled = walk.begin(Polled.of(cursor, options.url), cursor.get("sitemaps"))
        memory = Memory.of(cursor)
        source = Source(id=self._context.name, name=walk.publication, connector="sitemap", site=options.site or site_of(options.url))
        wanted = entries.items(walk.entries, now, max_age_days=options.max_age_days, untitled=options.untitled)
        items = wanted.items[:REMEMBERED_ENTRIES]
        news = select(items, source, walk.encoding or "utf-8", now, memory, remembered=REMEMBERED_ENTRIES)
        if walk.has_read:
            is_gap = news.is_gap and walk.is_single
            polled = polled.looked(now, news.new, news.shown, is_gap=is_gap, wished_seconds=walk.wished_seconds)
        else:
            is_gap = False
        left_out = walk.left_out + walk.strangers + len(wanted.items) - len(items)
        notes = [
            *walk.notes,
            *wanted.notes,
            *_note_on(walk.strangers),
            *(["no entry of the last look is left: some may have come and gone unseen"] if is_gap else []),
        ]
        kept = (
            news.memory.as_cursor()
            if walk.has_read
            else {name: cursor[name] for name in ("seen", "shown", "doubled", "is_first") if name in cursor}
        )
        if walk.more and memory.is_new:
            kept["is_first"] = True
        return Batch(
            news.articles,
            {**polled.as_cursor(), **kept, **walk.as_cursor()},
            None if walk.more else polled.wait_seconds(self._limits, self._context, now),
            (*walk.unreadable, *news.unreadable),
            more=walk.more,
            unchanged=not walk.has_read,
            possible_losses=int(is_gap),
            left_out=left_out,
            about=walk.about | {"title": walk.publication, "encoding": walk.encoding, "items": len(walk.entries)},
            note="; ".join(each for each in (polled.note, *notes) if each),
        )


def _note_on(strangers: int) -> tuple[str, ...]:
    if not strangers:
        return ()
    return (f"{strangers:,} addresses lie on other hosts than the sitemap and are passed over: name those hosts in the option hosts",)
