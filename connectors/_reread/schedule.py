"""When a page that matched is read again: 5, 15 and 60 minutes and 24 hours after the match. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from pipeline.article import Article, Language

AFTER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60), timedelta(hours=24))
# A page that cannot be read now is read at its next time; after the last one it gets this many more, an hour apart.
LATE_TRIES = 3
LATE_PAUSE = timedelta(hours=1)
# Servers that are being updated answer 404 for moments; what was withdrawn stays away.
MISSING_PAUSE = timedelta(seconds=60)


class Reread(msgspec.Struct, frozen=True, kw_only=True):
    """A page that is read again. `article` is what it said last, `step` counts the readings that are over, `missing_at` is set while a 404 awaits a second one."""

    article: Article
    matched_at: datetime
    step: int = 0
    missing_at: datetime | None = None

    @property
    def due_at(self) -> datetime:
        """When it is read next. Meaningless once all readings are over."""
        if self.missing_at is not None:
            return self.missing_at + MISSING_PAUSE
        over = self.step - len(AFTER) + 1
        return self.matched_at + (AFTER[self.step] if over <= 0 else AFTER[-1] + over * LATE_PAUSE)


def noted(article: Article, known: Reread | None, now: datetime) -> Reread | None:
    """What becomes of the page's readings with one more revision in the evidence; None when there is nothing to read again.

    A later revision does not begin them anew: only what is said last changes. Articles without an address, of which nobody was told (shadow rules,
    replays, back-fills), withdrawn ones, those that matched more than a day ago, and those first seen more than a day before they matched are left
    alone: the readings of a live blog would never end.
    """
    if article.pubstatus == "canceled":
        return None
    if known is not None:
        return msgspec.structs.replace(known, article=lean(article)) if article.revision >= known.article.revision else known
    if not article.url.startswith(("http://", "https://")) or article.backfill or article.replay:
        return None
    if not any(not each.shadow for each in article.matches):
        return None
    matched_at = article.clock.enriched_at or now
    begun_at = article.first_seen_at or matched_at
    is_recent = matched_at - begun_at < AFTER[-1] and now - matched_at < AFTER[-1]
    return Reread(article=lean(article), matched_at=matched_at) if is_recent else None


def lean(article: Article) -> Article:
    """The article as a source delivers it: without what later stages found."""
    return Article(
        id=article.id,
        source=article.source,
        guid=article.guid,
        url=article.url,
        canonical_url=article.canonical_url,
        title=article.title,
        summary=article.summary,
        body=article.body,
        authors=article.authors,
        section=article.section,
        keywords=article.keywords,
        dates=msgspec.structs.replace(article.dates, published_at=None, updated_at=None, precision="", confidence=""),
        language=Language(declared=article.language.declared),
        revision=article.revision,
        flags=article.flags,
    )


def after_reading(reread: Reread, said: Article | None, now: datetime) -> Reread | None:
    """The readings after one that is over; None when it was the last. `said` is what the page says now, if it says something new.

    Readings that were missed meanwhile are made up for by this one.
    """
    step = reread.step + 1
    while step < len(AFTER) and reread.matched_at + AFTER[step] <= now:
        step += 1
    if step >= len(AFTER):
        return None
    return msgspec.structs.replace(reread, step=step, article=said or reread.article, missing_at=None)


def after_failure(reread: Reread, now: datetime) -> Reread | None:
    """The readings after one that told nothing because the page could not be had; None when that has been tried often enough."""
    reread = msgspec.structs.replace(reread, missing_at=None)
    step = reread.step + 1
    while step < len(AFTER) + LATE_TRIES and msgspec.structs.replace(reread, step=step).due_at <= now:
        step += 1
    return msgspec.structs.replace(reread, step=step) if step < len(AFTER) + LATE_TRIES else None


def after_missing(reread: Reread, now: datetime) -> Reread | None:
    """The readings after the server said that it has no such page; None when it said so before: then the page is gone."""
    return msgspec.structs.replace(reread, missing_at=now) if reread.missing_at is None else None


def due(rereads: Mapping[str, Reread], now: datetime) -> list[Reread]:
    """The pages to read now, the longest due first."""
    return sorted((each for each in rereads.values() if each.due_at <= now), key=lambda each: each.due_at)
