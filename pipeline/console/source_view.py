"""What the page shows of one source: a small immutable view, made by a pure function."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.sources import SourceHealth


class SourceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    name: str
    state: str
    last_article_at: datetime | None = None
    last_success_at: datetime | None = None
    next_fetch_at: datetime | None = None
    failures: int = 0
    articles: int = 0
    error: str = ""
    canary_seconds: float | None = None
    canary_heard_at: datetime | None = None
    canary_missed_since: datetime | None = None


def source_view(health: SourceHealth) -> SourceView:
    """What the page shows of a source."""
    return SourceView(
        id=health.source_id,
        name=health.name or health.source_id,
        state=health.state,
        last_article_at=health.last_article_at,
        last_success_at=health.last_success_at,
        next_fetch_at=health.next_fetch_at,
        failures=health.consecutive_failures,
        articles=health.articles,
        error=health.last_error[:300],
        canary_seconds=health.canary_seconds,
        canary_heard_at=health.canary_heard_at,
        canary_missed_since=health.canary_waiting_since if health.canary_told_at else None,
    )
