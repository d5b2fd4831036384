"""Sitemaps: news sitemaps and indexes of them, for publishers without a feed, or with one that shows too little."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pydantic
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors import _pace
from connectors._feed.new_items import Memory, select
from connectors._http import Client
from connectors._item import site_of
from connectors._pace import Limits
from connectors._polled import Polled
from connectors._sitemap import entries
from connectors._sitemap.walk import Walk
from pipeline.article import Source
from pipeline.outgoing.address import Allowance, url_problem, without_query
from pipeline.plugins import Batch, Context
from pipeline.settings import secret

# A news sitemap holds two days. Below it so much is remembered, and no more is carried in one batch.
REMEMBERED_ENTRIES = 5_000
LONGEST_WALK_SECONDS = 240.0


class Options(BaseModel):
    """A sitemap or an index of sitemaps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="address of the sitemap or of the index, http or https; .gz may be")
    site: str = Field("", description="the publisher's host; default: that of each page's address")
    untitled: bool = Field(
        False,
        description="whether pages without a title in the sitemap are articles too, under the words of their address; others are news entries only",
    )
    max_age_days: float = Field(3, gt=0, le=400, description="pages and sitemaps that were changed longer ago are passed over")
    max_sitemaps: int = Field(
        50, ge=1, le=1_000, description="sitemaps of an index that are asked in one look, the newest first; more are reported"
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="further request headers, such as Authorization; values may be ${env:NAME} or ${file:/path}"
    )
    contact: str = Field("", description="address or URL in our User-Agent; default: contact of the configuration")
    timeout_seconds: float = Field(30, gt=0, le=300, description="time for each request, redirects and body included")
    max_bytes: int = Field(52_428_800, ge=1_000, le=100_000_000, description="largest sitemap, unpacked; the protocol allows 50 MB")
    min_seconds: float = Field(120, ge=5, le=86_400, description="shortest pause between two looks when the source names no every_seconds")
    max_seconds: float = Field(1_800, ge=5, le=86_400, description="longest pause, likewise")
    allow_private: list[Allowance] = Field(
        default_factory=list, description="hosts, addresses or networks that may be private, such as 127.0.0.1 or 10.0.0.0/8"
    )

    @pydantic.field_validator("url")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        if problem := url_problem(value):
            raise ValueError(f"{without_query(value)} {problem}")
        return value


def create(options: Options, context: Context) -> Sitemaps:
    return Sitemaps(options, context)


class Sitemaps:
    """One sitemap with all that an index names. The cursor: each document's validators and hash, and the entries seen."""

    def __init__(self, options: Options, context: Context, client: Client | None = None) -> None:
        self._options = options
        self._context = context
        self._client = client or Client(
            contact=options.contact,
            timeout_seconds=options.timeout_seconds,
            max_bytes=options.max_bytes,
            allow_private=options.allow_private,
        )
        self.host = "" if options.allow_private else (urlsplit(options.url).hostname or "")

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The pages that are new or changed since `cursor`, oldest first; those of the first look are marked as back-fill.

        A sitemap of an index that cannot be read is reported and does not stop the others. Raises what the client raises for the first document.
        """
        now, options = self._context.now(), self._options
        walk = Walk(
            self._client,
            {name: secret(value) for name, value in options.headers.items()},
            now,
            max_age_days=options.max_age_days,
            max_sitemaps=options.max_sitemaps,
            max_bytes=options.max_bytes,
            until=time.monotonic() + LONGEST_WALK_SECONDS,
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
        left_out = walk.left_out + len(wanted.items) - len(items)
        notes = [*walk.notes, *wanted.notes, *(["no entry of the last look is left: some may have come and gone unseen"] if is_gap else [])]
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
            None if walk.more else self._wait_seconds(polled, now),
            (*walk.unreadable, *news.unreadable),
            more=walk.more,
            unchanged=not walk.has_read,
            possible_losses=int(is_gap),
            left_out=left_out,
            about=walk.about | {"title": walk.publication, "encoding": walk.encoding, "items": len(walk.entries)},
            note="; ".join(each for each in (polled.note, *notes) if each),
        )

    def _wait_seconds(self, polled: Polled, now: datetime) -> float | None:
        if self._context.every_seconds is not None:
            return None
        limits = Limits(self._options.min_seconds, self._options.max_seconds)
        return _pace.spread(_pace.pause_seconds(polled.looks, now, limits, polled.wished_seconds), self._context.name, now)
