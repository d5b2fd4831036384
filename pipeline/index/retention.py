"""Delete whole months of articles and of rejections. A month goes when its last day is older than the retention, so nothing goes too early.

Rejections go with the records they are about: after that `lagebild rejected show` has nothing to show. This works on every distribution and
licence; a server with lifecycle management does the same by itself (`lifecycle.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from pipeline.index import templates
from pipeline.index.apply import indices
from pipeline.index.months import end_of_month, retention_days
from pipeline.search import Server
from pipeline.settings import Settings

log = structlog.get_logger()


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


def expired(names: Iterable[str], prefix: str, now: datetime, retention_days: int) -> list[str]:
    """Those of `names` that are `<prefix>-YYYY.MM` and whose whole month lies more than `retention_days` before `now`; oldest first."""
    limit = now - timedelta(days=retention_days)
    return sorted(name for name in names if (end := end_of_month(name, prefix)) is not None and end <= limit)
