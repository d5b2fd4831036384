"""Delete whole months of articles and of rejections. A month goes when its last day is older than the retention, so nothing goes too early.

Rejections go with the records they are about: after that `lagebild rejected show` has nothing to show.

This works on every distribution and licence; the server's own lifecycle management is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog

from pipeline import topology
from pipeline.index import templates
from pipeline.index.apply import indices
from pipeline.search import Server
from pipeline.settings import Settings

log = structlog.get_logger()

_MONTH = re.compile(r"-(\d{4})\.(0[1-9]|1[0-2])")


def retention(settings: Settings, now: datetime, dry_run: bool = False) -> list[str]:
    """The monthly indices that were deleted (with `dry_run`: would be), oldest first of each kind. Raises Transient, Denied or Refused."""
    removed = []
    with Server(settings) as server:
        for each in templates.MONTHLY:
            name, days = settings.index(each), retention_days(settings, each)
            for index in expired(indices(server, f"{name}-*"), name, now, days):
                if not dry_run:
                    server.request("DELETE", f"/{index}")
                    log.info("deleted a month", index=index, retention_days=days)
                removed.append(index)
    return removed


def retention_days(settings: Settings, name: str) -> int:
    """How long documents of the monthly index `name` are kept after their month: articles as configured, rejections as long as their topic."""
    kept_seconds = topology.topic(topology.REJECTED).retention_seconds
    return settings.elasticsearch.retention_days if name != templates.REJECTED or kept_seconds is None else kept_seconds // topology.DAY


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
