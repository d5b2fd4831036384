"""Delete whole months of articles. A month goes when its last day is older than the retention, so nothing goes too early.

This works on every distribution and licence; the server's own lifecycle management is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog

from pipeline.index import templates
from pipeline.index.apply import indices
from pipeline.search import Server
from pipeline.settings import Settings

log = structlog.get_logger()

_MONTH = re.compile(r"-(\d{4})\.(0[1-9]|1[0-2])")


def retention(settings: Settings, now: datetime, dry_run: bool = False) -> list[str]:
    """The article indices that were deleted (with `dry_run`: would be), oldest first. Raises Transient, Denied or Refused."""
    name = settings.index(templates.ARTICLES)
    with Server(settings) as server:
        names = expired(indices(server, f"{name}-*"), name, now, settings.elasticsearch.retention_days)
        for each in names if not dry_run else ():
            server.request("DELETE", f"/{each}")
            log.info("deleted a month of articles", index=each, retention_days=settings.elasticsearch.retention_days)
    return names


def expired(names: Iterable[str], prefix: str, now: datetime, retention_days: int) -> list[str]:
    """Those of `names` that are `<prefix>-YYYY.MM` and whose whole month lies more than `retention_days` before `now`; oldest first."""
    limit = now - timedelta(days=retention_days)
    found = []
    for name in names:
        month = _MONTH.fullmatch(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if month and _end(int(month[1]), int(month[2])) <= limit:
            found.append(name)
    return sorted(found)


def _end(year: int, month: int) -> datetime:
    """The first instant after the month."""
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) if year < 9999 else datetime.max.replace(tzinfo=UTC)
